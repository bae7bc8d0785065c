"""Posting image jobs and following them until their pictures are there."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from cli.errors import WrongUseError
from cli.follow import Clock, Follower
from cli.image_jobs import Asked
from cli.outcome import QUEUED, ImageOutcome, counted, out_of_time
from cli.posted import PostedJob
from cli.results import MissingResultError, copy, fetch, safe_path
from shared.image_messages import ImageJob
from shared.messages import JobRecord, Problem
from shared.names import IMAGE_JOBS, RESULTS, image_folder, record_of
from shared.storage import Storage

_FORMATS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}


class Pictures:
    """Posts image jobs and follows them; `show` is told of every change, from the calling thread."""

    def __init__(
        self,
        storage: Storage,
        *,
        out: Path | None,
        show: Callable[[ImageOutcome], None],
        timeout: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._storage = storage
        self._out = out
        self._follower = Follower(show, _goes_on, timeout=timeout, clock=clock)

    def run(self, jobs: Sequence[Asked]) -> list[ImageOutcome]:
        """Upload what the jobs need, post them, wait for each and fetch its pictures; the outcomes in their order.

        Raises:
            UnreachableError: the storage account cannot be worked with.
            InterruptedByUserError: Ctrl-C; what was posted goes on being made.
        """
        return self._follower.run([_Posted(self._storage, asked, self._out) for asked in jobs])


def names_a_file(out: Path | None) -> bool:
    """Whether `--out` names the file of a picture, not a folder."""
    return out is not None and out.suffix.lower() in _FORMATS and not out.is_dir()


def check_out(out: Path | None, job: ImageJob | None) -> None:
    """Let a job pass whose pictures can go where `--out` says; None stands for the many jobs of a batch.

    Raises:
        WrongUseError: they cannot.
    """
    if out is None or not names_a_file(out):
        if out is not None and out.exists() and not out.is_dir():
            raise WrongUseError(f"{out} is neither a folder nor a PNG or JPEG file; name another --out.")
        return
    if job is None or job.n > 1:
        raise WrongUseError(f"Several pictures cannot go into the one file {out}; name a folder as --out.")
    made = job.output_format or "png"
    if _FORMATS[out.suffix.lower()] != made:
        raise WrongUseError(f"The picture is made as {made}, which {out} is not; change --out or --output-format.")


class _Posted(PostedJob[ImageOutcome]):
    def __init__(self, storage: Storage, asked: Asked, out: Path | None) -> None:
        folder = image_folder(asked.job_id)
        name = asked.job_id if asked.line is None else f"line {asked.line}, {asked.job_id}"
        outcome = ImageOutcome(name, line=asked.line, job_id=asked.job_id, record=str(record_of(folder)))
        super().__init__(storage, asked, outcome, queue=IMAGE_JOBS, folder=folder)
        self._streams = asked.job.stream
        self._file = out if names_a_file(out) else None
        self._to = out / safe_path(asked.job_id) if out is not None and not self._file else None
        self._partials: set[str] = set()

    def look(self) -> ImageOutcome:
        record = self._own_record()
        if record is None:
            return replace(self.outcome, status=QUEUED)
        if not record.final:
            if self._streams:
                self._notice_partials()
            return replace(self.outcome, status=record.status, partial=len(self._partials), problem=record.problem)
        return replace(
            self.outcome,
            status=record.status,
            files=self._fetched(record),
            usage=record.usage.model_dump() if record.usage else None,
            estimated_usd=record.estimated_usd,
            revised_prompts=record.revised_prompts,
            notes=record.notes,
            problem=record.problem,
        )

    def remedy(self) -> str:
        return f"Look into results/{self._folder}/ before you ask again: the pictures may be there and paid."

    def late(self, timeout: float, *, begun: bool) -> Problem:
        if not begun:
            return out_of_time(f"Not posted after {timeout:g} s.", "Ask again.", waits_for=None, retryable=True)
        message, remedy = f"Not made after {timeout:g} s; the job goes on.", f"Look into results/{self._folder}/ later."
        return out_of_time(message, remedy, waits_for=self.outcome.problem, retryable=False)

    def _notice_partials(self) -> None:
        for blob in self._storage.list(RESULTS, f"{self._folder}/partial/"):
            name = blob.ref.name.removeprefix(f"{self._folder}/")
            if self._to is not None and name not in self._partials:
                with suppress(MissingResultError):  # the job ended meanwhile and has tidied up
                    copy(self._storage, self._folder, name, self._to / safe_path(name))
            self._partials.add(name)

    def _fetched(self, record: JobRecord) -> tuple[str, ...]:
        """The finished pictures, where they are now; those of a failed job are paid too."""
        pictures = [path for path in record.outputs if "/" not in path]
        if self._file is not None:
            for picture in pictures:
                copy(self._storage, self._folder, picture, self._file)
            return tuple(str(self._file) for _ in pictures)
        if self._to is not None and record.outputs:
            fetch(self._storage, self._folder, record, self._to)
            return tuple(str(self._to / safe_path(picture)) for picture in pictures)
        return tuple(f"{RESULTS}/{self._folder}/{picture}" for picture in pictures)


def _goes_on(going: Sequence[ImageOutcome]) -> str:
    if not going:
        return "Interrupted; nothing that was posted is still being made."
    records = ", ".join(str(outcome.record) for outcome in going)
    return f"Interrupted; {counted(len(going), 'job')} {'goes' if len(going) == 1 else 'go'} on: look at {records}."
