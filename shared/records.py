"""The job record, `job.json`: claimed by a lease, written under it, ended once and announced once."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from shared.errors import Busy, Deferred, Permanent, Superseded
from shared.leases import held as kept
from shared.messages import JobEvent, JobRecord, Problem, Source, Status
from shared.names import JOB_EVENTS, OCR_RESULTS, RESULTS, record_of
from shared.storage import Lease, LeaseHeldError, Storage

log = logging.getLogger("darkroom.jobs")

_JSON = "application/json"


@dataclass(frozen=True)
class JobIdentity:
    """What makes a job this job: the same id and fingerprint again is the same job."""

    kind: Literal["ocr"]
    job_id: str
    fingerprint: str
    folder: str
    source: Source | None
    message: str


def read_record(storage: Storage, folder: str) -> JobRecord | None:
    """The record in a result folder, or None when there is none yet."""
    written = storage.read(record_of(folder))
    return JobRecord.model_validate_json(written) if written else None


class HeldRecord:
    """A record while this worker holds its claim; nobody else writes it or its results meanwhile."""

    def __init__(self, storage: Storage, now: Callable[[], datetime], folder: str, lease: Lease) -> None:
        self._storage = storage
        self._now = now
        self._lease = lease
        self.folder = folder
        self.current = read_record(storage, folder)

    @property
    def job(self) -> JobRecord:
        """The record of the job in work."""
        if self.current is None:
            raise LookupError(f"No job has begun in {self.folder}.")
        return self.current

    def is_of(self, identity: JobIdentity) -> bool:
        """Whether the record is of this very job."""
        current = self.current
        return current is not None and (current.job_id, current.fingerprint) == (identity.job_id, identity.fingerprint)

    def unfinished(self, job_id: str) -> bool:
        """Whether the record is of this job and has not ended."""
        return self.current is not None and self.current.job_id == job_id and not self.current.final

    def begin(self, identity: JobIdentity) -> None:
        """Start a job, or count another attempt at it; a job in its place that has not ended is superseded."""
        if self.current is not None and self.is_of(identity) and not self.current.final:
            self.update(status=Status.RUNNING, attempts=self.current.attempts + 1)
            return
        before = self.current
        if before is not None and not before.final:
            self._send_event(before, Status.FAILED, Superseded.code)
        now = self._now()
        self._write(
            JobRecord(
                job_id=identity.job_id,
                kind=identity.kind,
                status=Status.RUNNING,
                fingerprint=identity.fingerprint,
                source=identity.source,
                created_at=now,
                message=identity.message,
            )
        )

    def update(self, **changes: Any) -> None:
        """Change fields of the record and write it."""
        self._write(self.job.model_copy(update=changes))

    def wait(self, why: Deferred) -> None:
        """Note that the job is back in its queue, and for what it waits."""
        problem = Problem(code=why.code, message=why.message, remedy=why.remedy, retryable=True)
        self.update(status=Status.WAITING, problem=problem, deferrals=self.job.deferrals + 1)

    def succeed(self, **changes: Any) -> None:
        """End the job well; its results are written already."""
        self._end(Status.SUCCEEDED, problem=None, **changes)

    def fail(self, error: Permanent) -> None:
        """End the job with what was wrong, in words."""
        problem = Problem(code=error.code, message=error.message, remedy=error.remedy, retryable=error.retryable)
        self._end(Status.FAILED, problem=problem)

    def announce(self) -> None:
        """Post the job's event, unless it is posted; a crash in between may post it twice, never not at all."""
        job = self.job
        if job.announced:
            return
        self._send_event(job, job.status, job.problem.code if job.problem else None)
        self.update(announced=True)

    def _end(self, status: Status, **changes: Any) -> None:
        outputs = changes.pop("outputs", ())
        self._remove_stale(outputs)
        self.update(status=status, outputs=outputs, finished_at=self._now(), **changes)
        log.info("job ended job=%s status=%s attempts=%d", self.job.job_id, status, self.job.attempts)
        self.announce()

    def _remove_stale(self, outputs: tuple[str, ...]) -> None:
        """Files of an earlier version or attempt, by their shapes: other documents' folders may lie below."""
        for shape in OCR_RESULTS:
            for blob in self._storage.list(RESULTS, f"{self.folder}/{shape}"):
                path = blob.ref.name.removeprefix(f"{self.folder}/")
                if path not in outputs and "/" not in path.removeprefix(shape):
                    self._storage.delete(blob.ref)

    def _send_event(self, job: JobRecord, status: Status, code: str | None) -> None:
        event = JobEvent(
            job_id=job.job_id,
            kind=job.kind,
            status=status,
            record=str(record_of(self.folder)),
            source=job.source.name if job.source else None,
            code=code,
            finished_at=job.finished_at or self._now(),
        )
        self._storage.send(JOB_EVENTS, event.model_dump_json())

    def _write(self, record: JobRecord) -> None:
        etag = record.source.etag if record.source else None
        self._storage.write(
            record_of(self.folder),
            record.model_dump_json(indent=2).encode(),
            _JSON,
            lease=self._lease,
            metadata={"status": record.status, "source_etag": (etag or "").strip('"')},
        )
        self.current = record


@contextmanager
def claim(
    storage: Storage, now: Callable[[], datetime], folder: str, *, busy_seconds: float = 15.0
) -> Iterator[HeldRecord]:
    """Hold the record of a result folder while the block runs.

    Raises:
        Busy: another worker holds it; with `busy_seconds` to wait.
    """
    ref = record_of(folder)
    storage.create(ref, b"", _JSON)
    try:
        lease = storage.lease(ref)
    except LeaseHeldError:
        raise Busy("Another worker is at this job.", after=busy_seconds) from None
    with kept(lease):
        yield HeldRecord(storage, now, folder, lease)
