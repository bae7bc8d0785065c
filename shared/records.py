"""The job record, `job.json`: claimed by a lease, written under it, ended once and announced once."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from shared.errors import Busy, Deferred, Permanent, Spent, Superseded
from shared.leases import held as kept
from shared.messages import JobEvent, JobRecord, Kind, OcrPart, Problem, Source, Status
from shared.names import JOB_EVENTS, RESULT_SHAPES, RESULTS, record_of
from shared.services import Services
from shared.storage import Blob, Lease, LeaseHeldError, Storage

log = logging.getLogger("darkroom.jobs")

_JSON = "application/json"
_OTHER_JOB_SECONDS = 30.0
SILENT = timedelta(hours=1)  # a message that is not told when to come back is seen more often than this


_OF_DOCUMENTS = ("parts", "dispatched", "figures", "embedding_job")
_OF_EMBEDDINGS = ("vectors", "dimensions", "failed_inputs")
_OF_OTHER_KINDS: Mapping[Kind, set[str]] = {
    "ocr": {"inputs", "revised_prompts", "unsure_calls", *_OF_EMBEDDINGS},
    "image": {"source", *_OF_DOCUMENTS, *_OF_EMBEDDINGS},
    "embedding": {*_OF_DOCUMENTS, "revised_prompts", "unsure_calls"},
}


@dataclass(frozen=True)
class JobIdentity:
    """What makes a job this job: the same id and fingerprint again is the same job."""

    kind: Kind
    job_id: str
    fingerprint: str
    folder: str
    source: Source | None
    message: str
    replays: int = 0


def read_record(storage: Storage, folder: str) -> JobRecord | None:
    """The record in a result folder, or None when there is none yet."""
    written = storage.read(record_of(folder))
    try:
        return JobRecord.model_validate_json(written) if written else None
    except ValidationError:
        log.error("record that cannot be read counts as none bytes=%d", len(written or b""))
        return None


def heard_of(record: Blob) -> datetime:
    """When a job was heard of last, or is to be heard of again, by the properties of its record."""
    with suppress(KeyError, TypeError, ValueError):  # metadata can be written by others, too
        return max(record.modified, datetime.fromisoformat(record.metadata["waits_until"]))
    return record.modified


def last_heard(job: JobRecord) -> datetime:
    """The same, by what the record says."""
    return max(job.updated_at or job.created_at, job.waits_until or job.created_at)


class HeldRecord:
    """A record while this worker holds its claim; nobody else writes it or its results meanwhile."""

    def __init__(self, services: Services, folder: str, lease: Lease) -> None:
        self._storage = services.storage
        self._now = services.now
        self._telemetry = services.telemetry
        self._lease = lease
        self.folder = folder
        self.current = read_record(services.storage, folder)

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

    def is_over(self, identity: JobIdentity) -> bool:
        """Whether this very job has ended; not when it failed and the message is a newer replay of it."""
        if not self.is_of(identity) or not self.job.final:
            return False
        return self.job.status is not Status.FAILED or identity.replays <= self.job.replays

    def is_replayed_since(self, identity: JobIdentity) -> bool:
        """Whether this very job was begun anew after the message was posted."""
        return self.is_of(identity) and identity.replays < self.job.replays

    def unfinished(self, job: JobRecord | OcrPart) -> bool:
        """Whether the record is of this job, not begun anew since, and has not ended."""
        current = self.current
        same = current is not None and (current.job_id, current.replays) == (job.job_id, job.replays)
        return same and not self.job.final

    def confirm(self) -> None:
        """Make sure that the claim is still held, before anything is changed that another holder may have written.

        Raises:
            LeaseHeldError: it was lost.
        """
        self._lease.renew()

    def begin(self, identity: JobIdentity) -> None:
        """Start a job, start a failed one anew, or count another attempt at one that has not ended.

        A job for an older version that has not ended is superseded.

        Raises:
            Busy: another job for the same version is not over.
        """
        self._telemetry.tell(job=identity.job_id)
        if self.current is not None and self.is_of(identity) and not self.current.final:
            self.update(status=Status.RUNNING, attempts=self.current.attempts + 1)
            return
        before = self.current
        if before is not None:
            self._take_leave(before, identity)
        again = before is not None and self.is_of(identity)
        if again:
            log.info("replayed job=%s replays=%d", identity.job_id, identity.replays)
        self._write(
            JobRecord(
                job_id=identity.job_id,
                kind=identity.kind,
                status=Status.RUNNING,
                fingerprint=identity.fingerprint,
                source=identity.source,
                problem=before.problem if before is not None and again else None,
                outputs=before.outputs if before is not None and (again or _same_version(before, identity)) else (),
                replays=identity.replays,
                created_at=self._now(),
                message=identity.message,
            )
        )

    def _take_leave(self, other: JobRecord, identity: JobIdentity) -> None:
        """Tell how the job ended that this record was of, if nobody has; one that is not over is superseded."""
        if other.final:
            self.announce()
            return
        if _same_version(other, identity) and not self.is_silent():
            raise Busy("Another job for the same document is not over.", after=_OTHER_JOB_SECONDS)
        self._send_event(other, Status.FAILED, Superseded.code)

    def is_silent(self) -> bool:
        """Whether nothing has been heard of an unfinished job for so long that its message must be lost."""
        return not self.job.final and self._now() - last_heard(self.job) > SILENT

    def update(self, **changes: Any) -> None:
        """Change fields of the record and write it."""
        self._write(self.job.model_copy(update=changes))

    def wait(self, why: Deferred) -> None:
        """Note that the job is back in its queue, and for what it waits."""
        problem = Problem(code=why.code, message=why.message, remedy=why.remedy, retryable=True)
        until = None if why.after is None else self._now() + timedelta(seconds=why.after)
        held = until if isinstance(why, Spent) else self.job.held_until
        deferrals = self.job.deferrals + 1
        self.update(status=Status.WAITING, problem=problem, waits_until=until, held_until=held, deferrals=deferrals)

    def succeed(self, **changes: Any) -> None:
        """End the job well; its results are written already."""
        self._end(Status.SUCCEEDED, problem=None, **changes)

    def fail(self, error: Permanent, **changes: Any) -> None:
        """End the job with what was wrong, in words; `outputs` are results that are kept all the same."""
        problem = Problem(code=error.code, message=error.message, remedy=error.remedy, retryable=error.retryable)
        self._end(Status.FAILED, problem=problem, **changes)

    def announce(self) -> None:
        """Post the job's event, unless it is posted; a crash in between may post it twice, never not at all."""
        job = self.job
        if job.announced:
            return
        self._send_event(job, job.status, job.problem.code if job.problem else None)
        self.update(announced=True)

    def _end(self, status: Status, **changes: Any) -> None:
        with self._telemetry.span("record", job=self.job.job_id):
            self.confirm()
            outputs = changes.pop("outputs", self.job.outputs)
            self._remove_stale(outputs)
            self.update(status=status, outputs=outputs, finished_at=self._now(), **changes)
            log.info("job ended job=%s status=%s attempts=%d", self.job.job_id, status, self.job.attempts)
            self.announce()
        self._telemetry.tell(outcome=str(status), code=self.job.problem.code if self.job.problem else "")

    def _remove_stale(self, outputs: tuple[str, ...]) -> None:
        """Files of an earlier version or attempt, by their shapes: other documents' folders may lie below."""
        kept = set(outputs)
        for shape in RESULT_SHAPES[self.job.kind]:
            for blob in self._storage.list(RESULTS, f"{self.folder}/{shape}"):
                path = blob.ref.name.removeprefix(f"{self.folder}/")
                if path not in kept and "/" not in path.removeprefix(shape):
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
        self._telemetry.count("darkroom.jobs", kind=job.kind, outcome=str(status), code=code or "")

    def _write(self, changed: JobRecord) -> None:
        record = changed.model_copy(update={"updated_at": self._now()})
        etag = record.source.etag if record.source else None
        self._storage.write(
            record_of(self.folder),
            record.model_dump_json(indent=2, exclude=_OF_OTHER_KINDS[record.kind]).encode(),
            _JSON,
            lease=self._lease,
            metadata={
                "status": record.status,
                "source_etag": (etag or "").strip('"'),
                "job": record.job_id,
                "kind": record.kind,
                "code": record.problem.code if record.problem else "",
                "waits_until": record.waits_until.isoformat() if record.waits_until else "",
            },
        )
        self.current = record


def _same_version(other: JobRecord, identity: JobIdentity) -> bool:
    """Whether both are about the same version of the same input: then good results outlive a job that fails."""
    return bool(other.source and identity.source and other.source.etag == identity.source.etag)


@contextmanager
def claim(services: Services, folder: str, *, busy_seconds: float = 15.0) -> Iterator[HeldRecord]:
    """Hold the record of a result folder while the block runs.

    Raises:
        Busy: another worker holds it; with `busy_seconds` to wait.
    """
    ref = record_of(folder)
    services.storage.create(ref, b"", _JSON)
    try:
        lease = services.storage.lease(ref)
    except LeaseHeldError:
        raise Busy("Another worker is at this job.", after=busy_seconds) from None
    with kept(lease):
        yield HeldRecord(services, folder, lease)
