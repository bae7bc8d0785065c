"""A canary: a document of one page that is dropped, awaited and removed, to prove the way from event to result."""

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from infra.hooks.azure_cli import AGAIN, AzError, AzureCli, FailedError

NAMES = json.loads(Path(__file__).parents[1].joinpath("names.json").read_text(encoding="utf-8"))
FOLDER = "darkroom-canary"

_UPLOAD_TRIES, _UPLOAD_PAUSE = 20, 30.0  # ten minutes: so long may a role that was just given take to arrive
# The first events of a new subscription can be lost, so a canary may have followers. Each is given up long before the
# sweep would post it, which does so after ten minutes and would prove nothing.
_CANARIES, _RECORD_TRIES = 3, 30
_END_TRIES, _PAUSE = 120, 5.0  # ten minutes: a job that met a role that had not arrived waits for five
_BEGUN, _ENDED = ("running", "waiting", "succeeded", "failed"), ("succeeded", "failed")


@dataclass(frozen=True)
class Canary:
    """One canary; `name` is that of its document."""

    az: AzureCli
    account: str
    name: str
    sleep: Callable[[float], None]

    @property
    def record(self) -> str:
        """Its record in the container of the results."""
        return f"ocr/{self.name}/job.json"

    def upload(self) -> None:
        """Drop it.

        Raises:
            FailedError: it cannot be dropped, not after minutes either.
        """
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "canary.pdf")
            file.write_bytes(one_page(self.name))
            for attempt in range(_UPLOAD_TRIES):
                if attempt:
                    self.sleep(_UPLOAD_PAUSE)
                try:
                    self._blob("upload", "documents", self.name, "--file", str(file), "--overwrite", "--no-progress")
                except AzError as error:
                    reason = str(error)
                else:
                    return
        raise FailedError(
            f"The canary cannot be uploaded: {reason} You need the role Storage Blob Data Contributor on "
            f"{self.account}, and a network that it lets in. {AGAIN}"
        )

    def begun(self) -> bool:
        """Wait until its job has begun, which proves its event; False when it does not."""
        return bool(self._status(_BEGUN, _RECORD_TRIES))

    def ended(self) -> str:
        """Wait until its job has ended; its status, empty when it waits still."""
        return self._status(_ENDED, _END_TRIES)

    def problem(self) -> str:
        """What its record says is wrong, as the end of a sentence."""
        with tempfile.TemporaryDirectory() as folder, suppress(AzError, OSError, ValueError, KeyError, TypeError):
            file = Path(folder, "job.json")
            self._blob("download", "results", self.record, "--file", str(file), "--no-progress", "--output", "none")
            problem = json.loads(file.read_text(encoding="utf-8"))["problem"]
            return f": {problem['message']} {problem['remedy']}".rstrip()
        return "."

    def remove(self) -> None:
        """Remove it and its results.

        Raises:
            AzError: it cannot be removed.
        """
        self._blob("delete", "documents", self.name)
        self.az(
            "storage", "blob", "delete-batch", "--auth-mode", "login", "--account-name", self.account,
            "--source", NAMES["results"], "--pattern", f"ocr/{self.name}/*",
        )  # fmt: skip

    def _status(self, wanted: tuple[str, ...], tries: int) -> str:
        for attempt in range(tries):
            if attempt:
                self.sleep(_PAUSE)
            with suppress(AzError):  # there is no record yet
                asked = ("--query", "metadata.status", "--output", "tsv")
                status = self._blob("show", "results", self.record, *asked)
                if status in wanted:
                    return status
        return ""

    def _blob(self, command: str, container: str, name: str, *more: str) -> str:
        where = ("--account-name", self.account, "--container-name", NAMES[container], "--name", name)
        return self.az("storage", "blob", command, "--auth-mode", "login", *where, *more)


@dataclass(frozen=True)
class Proof:
    """Sends canaries until one is noticed, and judges that one."""

    az: AzureCli
    account: str
    stamp: str
    sleep: Callable[[float], None]
    say: Callable[[str], None]

    def give(self) -> None:
        """Prove that what is dropped is read.

        Raises:
            FailedError: no canary was noticed, or the one that was noticed was not read.
        """
        for number in range(1, _CANARIES + 1):
            canary = Canary(self.az, self.account, f"{FOLDER}/{self.stamp}-{number}.pdf", self.sleep)
            canary.upload()
            self.say(f"The canary {canary.name} is dropped.")
            if canary.begun():
                self._judge(canary)
                return
            self._remove(canary)
        raise FailedError(
            f"{_CANARIES} canaries were dropped and none was noticed: the app does not run, or the subscription names "
            f"another function than {NAMES['blobFunction']}. See what `darkroom doctor` says of this account and app. "
            f"{AGAIN}"
        )

    def _judge(self, canary: Canary) -> None:
        self.say("Its event arrived.")
        status = canary.ended()
        problem = "" if status == "succeeded" else canary.problem()
        if not status:
            raise FailedError(
                f"Events arrive, but the canary still waits{problem} It is left in {NAMES['documents']}/{canary.name} "
                f"and goes on by itself when that is mended. {AGAIN}"
            )
        self._remove(canary)
        if status == "failed":
            raise FailedError(f"Events arrive, but the canary was not read{problem} {AGAIN}")
        self.say("It was read, and is removed: what is dropped is read.")

    def _remove(self, canary: Canary) -> None:
        try:
            canary.remove()
        except AzError as error:
            self.say(f"The canary {canary.name} could not be removed: {error}")


def one_page(text: str) -> bytes:
    """A PDF of one page with a line of plain text on it."""
    content = f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode("ascii")
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    pdf, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(pdf))
        pdf += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(pdf))
    return pdf + head + table + end
