"""Dropping files and following them until each is read: several at once, each ending in one outcome."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from cli.account import reached
from cli.errors import InterruptedByUserError
from cli.inputs import Input
from cli.outcome import FAULTS, PENDING, QUEUED, UNFINISHED, UPLOADING, Outcome, out_of_time, problem_of, replaced
from cli.results import fetch, safe_path
from shared import pages
from shared.messages import JobRecord, Problem, Status
from shared.names import BlobRef, ocr_folder, record_of
from shared.records import read_record
from shared.storage import Storage

_AT_ONCE = 8
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.25, 3.0
_ANY_MEDIA_TYPE = "application/octet-stream"  # Darkroom tells the type from the bytes


@dataclass(frozen=True)
class Clock:
    """Time in seconds, and letting it pass."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(eq=False)
class _Job:
    item: Input
    outcome: Outcome
    upload: Future[str] = field(default_factory=Future)
    began: float | None = None


class Drop:
    """Drops files with the same options and follows them; `show` is told of every change, from the calling thread."""

    def __init__(
        self,
        storage: Storage,
        metadata: Mapping[str, str],
        *,
        out: Path | None,
        show: Callable[[Outcome], None],
        timeout: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._storage = storage
        self._metadata = metadata
        self._out = out
        self._show = show
        self._timeout = timeout
        self._clock = clock or Clock()

    def run(self, inputs: Sequence[Input]) -> list[Outcome]:
        """Upload the files, wait for each and fetch its results; the outcomes in the order of the files.

        Raises:
            UnreachableError: the storage account cannot be worked with.
            InterruptedByUserError: Ctrl-C; what was uploaded goes on being read.
        """
        jobs = [_Job(item, Outcome(item.name)) for item in inputs]
        with ThreadPoolExecutor(_AT_ONCE) as uploads, ThreadPoolExecutor(_AT_ONCE) as looks:
            try:
                for job in jobs:
                    job.upload = uploads.submit(self._upload, job)
                self._follow(jobs, looks)
            except BaseException as error:
                uploads.shutdown(wait=False, cancel_futures=True)
                if isinstance(error, KeyboardInterrupt):
                    raise InterruptedByUserError(_goes_on(jobs)) from None
                raise
        return [job.outcome for job in jobs]

    def _follow(self, jobs: Sequence[_Job], looks: ThreadPoolExecutor) -> None:
        """Look at all jobs that have not ended, again and again, less often while nothing changes."""
        end = None if self._timeout is None else self._clock.now() + self._timeout
        pause, going = _SHORTEST_PAUSE, list(jobs)
        while going:
            changed = [self._note(job, now) for job, now in zip(going, looks.map(self._look, going), strict=True)]
            going = [job for job in going if not job.outcome.ended]
            if end is not None and self._clock.now() >= end:
                self._give_up(going)
                return
            pause = _SHORTEST_PAUSE if any(changed) else min(pause * 1.5, _LONGEST_PAUSE)
            if going:
                self._clock.sleep(pause)

    def _note(self, job: _Job, outcome: Outcome) -> bool:
        """Keep and show how a job stands; whether anything but the time has changed."""
        changed = replace(outcome, seconds=None) != replace(job.outcome, seconds=None)
        if changed:
            job.outcome = outcome
            self._show(outcome)
        return changed

    def _give_up(self, jobs: Sequence[_Job]) -> None:
        for job in jobs:
            uploaded = not job.upload.cancel()
            problem = out_of_time(self._timeout or 0, uploaded=uploaded, waits_for=job.outcome.problem)
            self._note(job, self._ended(job, UNFINISHED, problem))

    def _upload(self, job: _Job) -> str:
        job.began = self._clock.now()
        with reached():
            return self._storage.write(job.item.ref(), job.item.path, _ANY_MEDIA_TYPE, metadata=self._metadata)

    def _look(self, job: _Job) -> Outcome:
        """How a job stands now; a fault of this one file is its outcome, one of the account is raised."""
        if not job.upload.done():
            return replace(job.outcome, status=UPLOADING if job.upload.running() else PENDING)
        try:
            with reached():
                return self._recorded(job, job.upload.result())
        except FAULTS as error:
            return self._ended(job, Status.FAILED, problem_of(error))

    def _recorded(self, job: _Job, etag: str) -> Outcome:
        ref = job.item.ref()
        folder = ocr_folder(ref)
        record = read_record(self._storage, folder)
        if record is not None and _is_of(record, etag):
            return self._fetched(job, record, folder)
        if record is not None and self._is_replaced(ref, etag):
            return self._ended(job, Status.FAILED, replaced())
        return replace(job.outcome, status=QUEUED, record=str(record_of(folder)))

    def _is_replaced(self, ref: BlobRef, etag: str) -> bool:
        """Whether the document is not the one that was uploaded any more, so that no record of it will ever come."""
        found = self._storage.find(ref)
        return found is None or _bare(found.etag) != _bare(etag)

    def _fetched(self, job: _Job, record: JobRecord, folder: str) -> Outcome:
        to = None
        if record.status is Status.SUCCEEDED and self._out is not None:
            to = self._out / safe_path(job.item.name)
            fetch(self._storage, folder, record, to)
        return Outcome(
            document=job.item.name,
            status=record.status,
            pages=sum(len(pages.parse(part.pages)) for part in record.parts) or None,
            figures=record.figures,
            seconds=self._seconds(job),
            job_id=record.job_id,
            record=str(record_of(folder)),
            out=str(to) if to else None,
            problem=record.problem,
        )

    def _ended(self, job: _Job, status: str, problem: Problem) -> Outcome:
        return replace(job.outcome, status=status, seconds=self._seconds(job), problem=problem)

    def _seconds(self, job: _Job) -> float | None:
        return None if job.began is None else round(self._clock.now() - job.began, 1)


def _is_of(record: JobRecord, etag: str) -> bool:
    return record.source is not None and _bare(record.source.etag or "") == _bare(etag)


def _bare(etag: str) -> str:
    return etag.strip('"')  # some answers of storage leave the quotes out


def _goes_on(jobs: Sequence[_Job]) -> str:
    dropped = sum(job.upload.done() and not job.upload.cancelled() and not job.outcome.ended for job in jobs)
    if not dropped:
        return "Interrupted; nothing that was dropped is still being read."
    return (
        f"Interrupted; {dropped} dropped file{'s go' if dropped > 1 else ' goes'} on being read: look at "
        "results/ocr/<document>/job.json, or give the same command again, for what is read already is not paid twice."
    )
