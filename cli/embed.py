"""Posting embedding jobs and following them until their vectors are there."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from cli.embed_jobs import AskedVectors
from cli.follow import Clock, Follower
from cli.outcome import QUEUED, EmbeddingOutcome, counted, out_of_time
from cli.posted import PostedJob
from cli.results import fetch, safe_path
from shared.messages import JobRecord, Problem
from shared.names import EMBEDDING_JOBS, RESULTS, embedding_folder, record_of
from shared.storage import Storage

_AGAIN = "Give the same command again: what is paid already is not paid twice."


class Embeddings:
    """Posts embedding jobs and follows them; `show` is told of every change, from the calling thread."""

    def __init__(
        self,
        storage: Storage,
        *,
        out: Path | None,
        show: Callable[[EmbeddingOutcome], None],
        timeout: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._storage = storage
        self._out = out
        self._follower = Follower(show, _goes_on, timeout=timeout, clock=clock)

    def run(self, jobs: Sequence[AskedVectors]) -> list[EmbeddingOutcome]:
        """Upload what the jobs need, post them, wait for each and fetch its vectors; the outcomes in their order.

        The files of a single job go into the folder `out` itself, those of several into one for each job.

        Raises:
            UnreachableError: the storage account cannot be worked with.
            InterruptedByUserError: Ctrl-C; what was posted goes on.
        """
        places = [self._out / safe_path(job.job_id) if self._out and len(jobs) > 1 else self._out for job in jobs]
        posted = [_Posted(self._storage, asked, to) for asked, to in zip(jobs, places, strict=True)]
        return self._follower.run(posted)


class _Posted(PostedJob[EmbeddingOutcome]):
    def __init__(self, storage: Storage, asked: AskedVectors, to: Path | None) -> None:
        folder = embedding_folder(asked.job_id)
        outcome = EmbeddingOutcome(asked.job_id, job_id=asked.job_id, record=str(record_of(folder)))
        super().__init__(storage, asked, outcome, queue=EMBEDDING_JOBS, folder=folder)
        self._to = to

    def look(self) -> EmbeddingOutcome:
        record = self._own_record()
        if record is None:
            return replace(self.outcome, status=QUEUED)
        if not record.final:
            return replace(self.outcome, status=record.status, problem=record.problem)
        return replace(
            self.outcome,
            status=record.status,
            model=record.model,
            vectors=record.vectors,
            dimensions=record.dimensions,
            files=self._fetched(record),
            usage=record.usage.model_dump() if record.usage else None,
            estimated_usd=record.estimated_usd,
            failed_inputs=record.failed_inputs,
            notes=record.notes,
            problem=record.problem,
        )

    def remedy(self) -> str:
        return _AGAIN

    def late(self, timeout: float, *, begun: bool) -> Problem:
        message = f"Not computed after {timeout:g} s; the job goes on." if begun else f"Not posted after {timeout:g} s."
        return out_of_time(message, _AGAIN, waits_for=self.outcome.problem, retryable=True)

    def _fetched(self, record: JobRecord) -> tuple[str, ...]:
        """The vectors, where they are now; those of a job that failed in part are paid too."""
        if self._to is None or not record.outputs:
            return tuple(f"{RESULTS}/{self._folder}/{output}" for output in record.outputs)
        fetch(self._storage, self._folder, record, self._to)
        return tuple(str(self._to / safe_path(output)) for output in record.outputs)


def _goes_on(going: Sequence[EmbeddingOutcome]) -> str:
    if not going:
        return "Interrupted; nothing that was posted is still being computed."
    records = ", ".join(str(outcome.record) for outcome in going)
    return f"Interrupted; {counted(len(going), 'job')} {'goes' if len(going) == 1 else 'go'} on: look at {records}."
