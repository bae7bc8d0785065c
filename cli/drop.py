"""Dropping files and following them until each is read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cli.follow import Clock, Follower, Job
from cli.inputs import Input
from cli.outcome import QUEUED, DocumentOutcome, counted, out_of_time
from cli.results import fetch, safe_path
from shared import pages
from shared.messages import JobRecord, Problem, Status
from shared.names import BlobRef, ocr_folder, record_of
from shared.records import read_record
from shared.storage import Storage

_ANY_MEDIA_TYPE = "application/octet-stream"  # Darkroom tells the type from the bytes
_AGAIN = "Drop it again."


class Drop:
    """Drops files with the same options and follows them; `show` is told of every change, from the calling thread."""

    def __init__(
        self,
        storage: Storage,
        metadata: Mapping[str, str],
        *,
        out: Path | None,
        show: Callable[[DocumentOutcome], None],
        timeout: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._storage = storage
        self._metadata = metadata
        self._out = out
        self._follower = Follower(show, _goes_on, timeout=timeout, clock=clock)

    def run(self, inputs: Sequence[Input]) -> list[DocumentOutcome]:
        """Upload the files, wait for each and fetch its results; the outcomes in the order of the files.

        Raises:
            UnreachableError: the storage account cannot be worked with.
            InterruptedByUserError: Ctrl-C; what was uploaded goes on being read.
        """
        return self._follower.run([_Dropped(self._storage, item, self._metadata, self._out) for item in inputs])


class _Dropped(Job[DocumentOutcome]):
    def __init__(self, storage: Storage, item: Input, metadata: Mapping[str, str], out: Path | None) -> None:
        super().__init__(DocumentOutcome(item.name))
        self._storage = storage
        self._item = item
        self._metadata = metadata
        self._out = out
        self._etag = ""

    def begin(self) -> None:
        self._etag = self._storage.write(self._item.ref(), self._item.path, _ANY_MEDIA_TYPE, metadata=self._metadata)

    def look(self) -> DocumentOutcome:
        ref = self._item.ref()
        folder = ocr_folder(ref)
        record = read_record(self._storage, folder)
        if record is not None and self._is_of(record):
            return self._fetched(record, folder)
        if record is not None and self._is_replaced(ref):
            return replace(self.outcome, status=Status.FAILED, problem=_replaced())
        return replace(self.outcome, status=QUEUED, record=str(record_of(folder)))

    def remedy(self) -> str:
        return _AGAIN

    def late(self, timeout: float, *, begun: bool) -> Problem:
        message = f"Not read after {timeout:g} s; the job goes on." if begun else f"Not uploaded after {timeout:g} s."
        remedy = "Drop it again to fetch the results later: what is read already is not paid twice."
        return out_of_time(message, remedy, waits_for=self.outcome.problem, retryable=True)

    def _is_of(self, record: JobRecord) -> bool:
        return record.source is not None and _bare(record.source.etag or "") == _bare(self._etag)

    def _is_replaced(self, ref: BlobRef) -> bool:
        """Whether the document is not the one that was uploaded any more, so that no record of it will ever come."""
        found = self._storage.find(ref)
        return found is None or _bare(found.etag) != _bare(self._etag)

    def _fetched(self, record: JobRecord, folder: str) -> DocumentOutcome:
        to = None
        if record.status is Status.SUCCEEDED and self._out is not None:
            to = self._out / safe_path(self._item.name)
            fetch(self._storage, folder, record, to)
        return DocumentOutcome(
            self._item.name,
            record.status,
            pages=sum(len(pages.parse(part.pages)) for part in record.parts) or None,
            figures=record.figures,
            embedding_job=record.embedding_job,
            job_id=record.job_id,
            record=str(record_of(folder)),
            out=str(to) if to else None,
            problem=record.problem,
        )


def _bare(etag: str) -> str:
    return etag.strip('"')  # some answers of storage leave the quotes out


def _replaced() -> Problem:
    """Somebody dropped another version of the document, or removed it, before this one was read."""
    message = "The document was replaced or removed before it was read."
    return Problem(code="replaced", message=message, remedy=_AGAIN, retryable=True)


def _goes_on(going: Sequence[DocumentOutcome]) -> str:
    if not going:
        return "Interrupted; nothing that was dropped is still being read."
    return (
        f"Interrupted; {counted(len(going), 'dropped file')} {'goes' if len(going) == 1 else 'go'} on being read: look "
        "at results/ocr/<document>/job.json, or give the same command again, for what is read already is not paid "
        "twice."
    )
