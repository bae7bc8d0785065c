"""One paid image call: its answer goes into the ledger before anything else, and pictures are written from there."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure.core.exceptions import AzureError

from shared.clients.image_answer import ImageAnswer, Picture
from shared.clients.images import ImageRequest
from shared.errors import DarkroomError, Incomplete, Misconfigured, Unavailable, Uncertain
from shared.image_catalog import ImageModel, used_usd
from shared.image_messages import ImageJob
from shared.ledger import Claim
from shared.messages import ImageUsage, total
from shared.names import LEDGER, RESULTS, BlobRef
from shared.provenance import ending, marked
from shared.records import HeldRecord
from shared.services import Services

log = logging.getLogger("darkroom.images")

_MEDIA = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


@dataclass
class Call:
    """One call of a job; `path` is where its answer may lie, `number` counts the job's calls from 1."""

    services: Services
    folder: str
    job_id: str
    request: ImageRequest
    key: str
    path: Path
    number: int
    replays: int
    keeps_partials: bool
    known: ImageAnswer | None = None
    unsure: int = 0
    paid_now: bool = False

    def pay(self) -> DarkroomError | None:
        """Have the call answered, unless it is paid already; what went wrong, if anything did."""
        try:
            with self.services.ledger.claim(self.key) as claim:
                if not claim.paid:
                    self._ask(claim)
                    claim.store(self.path, {"job": self.job_id})
                    self.paid_now = True
                    log.info("pictures paid job=%s call=%d", self.job_id, self.number)
            self._fetch()
            self._check()
        except DarkroomError as error:
            return error
        return None

    def answer(self) -> ImageAnswer | None:
        """The paid answer, or None when the call is not paid."""
        if self.known or not self.services.ledger.find(self.key):
            return self.known
        with self.path.open("wb") as to:
            self.services.ledger.copy(self.key, to)
        try:
            self.known = ImageAnswer.read(self.path)
        except Unavailable as error:
            raise Incomplete(f"The answer that was paid cannot be used: {error.message}") from None
        return self.known

    def pictures(self, answer: ImageAnswer) -> Iterator[tuple[Path, Picture]]:
        """The pictures of the answer that are there, each with its file."""
        for at, picture in enumerate(answer.pictures):
            path = picture.path or self._file(at)
            if picture.path or path.exists():
                yield path, picture

    def _ask(self, claim: Claim) -> None:
        """Make the call; one that ends without an answer may have been billed, so it is counted, and bounded.

        Each replay allows as many of them as the first run did.

        Raises:
            Uncertain: it has ended so more often than the settings let it be made again.
        """
        self.unsure = int(claim.notes.get("unsure", "0"))
        self._bounded("")
        try:
            self._make()
        except Unavailable as error:
            if error.reached:
                self.unsure += 1
                claim.note({"unsure": str(self.unsure)})
                self._bounded(f" The last: {error.message}")
            raise

    def _bounded(self, last: str) -> None:
        allowed = (self.services.settings.image_unsure_retries + 1) * (self.replays + 1)
        if self.unsure >= allowed:
            times = "time" if self.unsure == 1 else "times"
            raise Uncertain(
                f"The call ended {self.unsure} {times} without an answer, and may have been billed each time.{last}"
            )

    def _check(self) -> None:
        answer = self.answer()
        if answer and any(ending(path) == "bin" for path, _ in self.pictures(answer)):
            raise Incomplete("The service returned something that is no picture.")

    def _make(self) -> None:
        if not self.services.settings.image_endpoint:
            raise Misconfigured("The setting DARKROOM_IMAGE_ENDPOINT is missing; set it to where pictures are made.")

        def keep(index: int, picture: Path) -> None:
            if self.keeps_partials:
                kind = ending(picture)
                ref = BlobRef(RESULTS, f"{self.folder}/partial/{self.number}-{index}.{kind}")
                with suppress(AzureError):  # the finished picture is worth more than an unfinished one
                    self.services.storage.write(ref, picture, _media(kind))

        with self.services.budget.spending("images", int(self.request.fields.get("n", 1))):
            self.known = self.services.images.make(self.request, self.path, keep)

    def _fetch(self) -> None:
        """Fetch pictures that the answer only names, at once: their addresses die after a day."""
        answer = self.answer()
        for at, picture in enumerate(answer.pictures if answer else ()):
            if picture.url and not self._copied(at):
                self.services.downloads.fetch(picture.url, self._file(at))
                self.services.storage.write(self._kept(at), self._file(at), "application/octet-stream")

    def _copied(self, at: int) -> bool:
        """Copy a picture that was fetched before; whether it was."""
        with self._file(at).open("wb") as to:
            found = self.services.storage.download(self._kept(at), to) is not None
        if not found:
            self._file(at).unlink()
        return found

    def _file(self, at: int) -> Path:
        return self.path.with_suffix(f".fetched-{at}")

    def _kept(self, at: int) -> BlobRef:
        return BlobRef(LEDGER, f"{self.key.removesuffix('.json')}-{at}.picture")


def write(
    services: Services, record: HeldRecord, job: ImageJob, model: ImageModel, calls: list[Call]
) -> dict[str, Any]:
    """Write every picture that is paid, with where it came from; what is to be noted of them in the record."""
    outputs: list[str] = []
    usage: list[ImageUsage] = []
    revised: list[str] = []
    for call in calls:
        answer = _usable(call)
        if answer is None:
            continue
        usage.append(answer.usage)
        for at, (path, picture) in enumerate(call.pictures(answer)):
            kind = ending(path)
            if kind == "bin":
                continue
            name = f"{call.number + at}.{kind}"
            marked(path, call.path.with_suffix(".marked"), _told(services, record, job))
            target = BlobRef(RESULTS, f"{record.folder}/{name}")
            services.storage.write(target, call.path.with_suffix(".marked"), _media(kind))
            outputs.append(name)
            revised += [picture.revised_prompt] if picture.revised_prompt else []
    if job.stream:
        partials = services.storage.list(RESULTS, f"{record.folder}/partial/")
        outputs += [blob.ref.name.removeprefix(f"{record.folder}/") for blob in partials]
    counted = _sum(usage)
    price = used_usd(model, job, len(usage), counted) if usage else None
    return {
        "outputs": tuple(outputs),
        "usage": counted if usage else None,
        "revised_prompts": tuple(revised),
        "estimated_usd": price,
        "unsure_calls": sum(call.unsure for call in calls),
    }


def _usable(call: Call) -> ImageAnswer | None:
    try:
        return call.answer()
    except Incomplete:
        return None


def _told(services: Services, record: HeldRecord, job: ImageJob) -> dict[str, str]:
    told = {
        "Software": "Darkroom",
        "Model": record.job.model or "",
        "Job": record.job.job_id,
        "Date": record.job.created_at.isoformat(timespec="seconds"),
    }
    return told | ({"Prompt": job.prompt} if services.settings.prompt_in_files else {})


def _media(kind: str) -> str:
    return _MEDIA.get(kind, "application/octet-stream")


def _sum(counted: list[ImageUsage]) -> ImageUsage:
    return ImageUsage(
        text_in=total([usage.text_in for usage in counted]),
        image_in=total([usage.image_in for usage in counted]),
        out=total([usage.out for usage in counted]),
    )
