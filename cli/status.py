"""`darkroom status`: how the jobs of an account stand, how one of them stands, and what the queues hold."""

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from cli.account import answering
from cli.errors import CommandError
from cli.listing import Entry, named, walk
from cli.outcome import counted
from cli.times import age, moment
from shared.messages import JobRecord, Status
from shared.names import QUEUES, REJECTED
from shared.records import SILENT, read_record
from shared.storage import Storage

POISON = "-poison"


@dataclass(frozen=True)
class JobState:
    """How a job stands; `silent` means that it has not ended, and that nothing was heard of it for an hour."""

    entry: Entry
    job: JobRecord | None
    now: datetime

    @property
    def silent(self) -> bool:
        """Whether its message must be lost."""
        open_ = self.entry.status in (Status.RUNNING, Status.WAITING)
        return open_ and self.now - self.entry.heard > SILENT

    @property
    def reason(self) -> str:
        """Why it failed or waits, and what to do."""
        problem = self.job.problem if self.job else None
        if problem is None or self.entry.status is Status.RUNNING:
            return ""
        return " ".join(filter(None, (f"{problem.code}: {problem.message}", problem.remedy)))

    @property
    def since(self) -> timedelta:
        """How long ago the record was written last."""
        return self.now - self.entry.modified

    def as_json(self) -> dict[str, Any]:
        """What a list says of the job."""
        job, entry = self.job, self.entry
        return {
            "job_id": entry.job_id,
            "kind": entry.kind,
            "status": entry.status,
            "silent": self.silent,
            "source": job.source.name if job and job.source else None,
            "attempts": job.attempts if job else None,
            "deferrals": job.deferrals if job else None,
            "replays": job.replays if job else None,
            "created_at": job.created_at.isoformat() if job else None,
            "updated_at": entry.modified.isoformat(),
            "waits_until": job.waits_until.isoformat() if job and job.waits_until else None,
            "problem": job.problem.model_dump() if job and job.problem else None,
            "record": entry.record,
        }


@dataclass(frozen=True)
class QueueState:
    """About how many messages a queue holds, None when there is no such queue, and the age of its oldest in seconds."""

    queue: str
    messages: int | None
    oldest_seconds: float | None

    @property
    def poisoned(self) -> bool:
        """Whether it is a poison queue with something in it."""
        return self.queue.endswith(POISON) and bool(self.messages)


@dataclass(frozen=True)
class Overview:
    """The whole account; `jobs` are the newest of those that have failed or not ended."""

    counts: dict[str, dict[str, int]]
    jobs: list[JobState]
    queues: list[QueueState]

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        queues = [{field.name: getattr(queue, field.name) for field in fields(queue)} for queue in self.queues]
        return {"counts": self.counts, "jobs": [job.as_json() for job in self.jobs], "queues": queues}


def overview(storage: Storage, now: datetime, limit: int) -> Overview:
    """How all jobs stand, with at most `limit` of them by name.

    Raises:
        UnreachableError: the storage account cannot be worked with.
    """
    with answering():
        counts: Counter[tuple[str, Status]] = Counter()
        newest = heapq.nlargest(limit, _counted(walk(storage), counts), key=lambda entry: entry.modified)
        jobs = [_state(storage, entry, now) for entry in newest]
        queues = [_queue(storage, name, now) for name in QUEUES]
    kinds = sorted({kind for kind, _ in counts})
    return Overview({kind: {s.value: counts[kind, s] for s in Status} for kind in kinds}, jobs, queues)


def of(storage: Storage, name: str, now: datetime) -> list[JobState]:
    """How a job stands that is named by its id, its document or its result folder.

    Raises:
        CommandError: there is none.
        UnreachableError: the storage account cannot be worked with.
    """
    with answering():
        found = [_state(storage, entry, now) for entry in named(storage, [name])[name]]
    if not found:
        raise CommandError(unknown(name))
    return found


def record_json(state: JobState) -> dict[str, Any]:
    """The record as it is written, and where; of one that cannot be read, what a list says."""
    return {**(state.job.model_dump(mode="json") if state.job else state.as_json()), "record": state.entry.record}


def unknown(name: str) -> str:
    """What is said of a name that nothing is found under."""
    return (
        f"There is no job {name}: name it by its job id, by its document such as documents/report.pdf, or by its "
        "result folder. A job that has not begun has no record yet, and one that a newer version of its document "
        "superseded has none any more."
    )


def overview_lines(told: Overview) -> Iterator[str]:
    """An overview for people."""
    yield f"{'jobs':<12}" + "".join(f"{status:>11}" for status in Status)
    for kind, counts in told.counts.items():
        yield f"{kind:<12}" + "".join(f"{counts[status]:>11}" for status in Status)
    yield from ("", "failed and unfinished, newest first") if told.jobs else ("", "No job failed or is unfinished.")
    for state in told.jobs:
        yield from job_lines(state)
    yield from ("", f"{'queue':<32}{'messages':>10}{'oldest':>12}")
    yield from map(_queue_line, told.queues)


def job_lines(state: JobState) -> Iterator[str]:
    """A job in a list, with its reason below it."""
    entry, job = state.entry, state.job
    source = f"  {job.source.name}" if job and job.source else ""
    tries = f"  {counted(job.attempts, 'attempt')}" if job and entry.kind != REJECTED else ""
    yield f"{entry.status:<11}{age(state.since.total_seconds()):<9}{entry.kind:<10}{entry.job_id}{source}{tries}"
    for line in filter(None, (state.reason, _silence(state))):
        yield f"           {line}"


def details(state: JobState) -> Iterator[str]:
    """All there is to say of one job."""
    job = state.job
    yield f"{state.entry.job_id}: {state.entry.status}"
    yield from (f"  {line}" for line in filter(None, (state.reason, _silence(state))))
    if job is not None:
        yield from (f"  {name:<11}{told}" for name, told in _facts(job) if told)
    yield f"  {'record':<11}{state.entry.record}"


def _facts(job: JobRecord) -> Iterator[tuple[str, str]]:
    if job.source:
        pages = f", {counted(job.source.pages, 'page')}" if job.source.pages else ""
        yield "document", f"{job.source.name}{pages}"
    yield "kind", f"{job.kind}{f', by {job.model}' if job.model else ''}"
    yield "began", moment(job.created_at)
    yield "last heard", moment(job.updated_at) if job.updated_at and not job.final else ""
    yield "comes back", moment(job.waits_until) if job.waits_until and job.status is Status.WAITING else ""
    yield "ended", moment(job.finished_at) if job.finished_at else ""
    yield "attempts", str(job.attempts)
    yield "waits", str(job.deferrals or "")
    yield "replays", str(job.replays or "")
    yield "parts", str(len(job.parts)) if job.parts else ""
    yield "price", f"{job.estimated_usd:g} USD" if job.estimated_usd is not None else ""
    yield "results", counted(len(job.outputs), "file") if job.outputs else ""
    yield from (("note", note) for note in job.notes)


def _silence(state: JobState) -> str:
    if not state.silent:
        return ""
    return "Nothing was heard of it for an hour: its message is lost, and `darkroom replay` posts it again."


def _counted(entries: Iterator[Entry], counts: Counter[tuple[str, Status]]) -> Iterator[Entry]:
    """Count every job, and go on with those that somebody may have to look at."""
    for entry in entries:
        counts[entry.kind, entry.status] += 1
        if entry.status is not Status.SUCCEEDED:
            yield entry


def _state(storage: Storage, entry: Entry, now: datetime) -> JobState:
    return JobState(entry, read_record(storage, entry.folder), now)


def _queue(storage: Storage, name: str, now: datetime) -> QueueState:
    depth = storage.depth(name)
    first = storage.queue(name).peek(1) if depth else []
    return QueueState(name, depth, (now - first[0].inserted).total_seconds() if first else None)


def _queue_line(state: QueueState) -> str:
    messages = "missing" if state.messages is None else str(state.messages)
    oldest = "" if state.oldest_seconds is None else age(state.oldest_seconds)
    mark = f"   ! look: darkroom drain {state.queue}" if state.poisoned else ""
    return f"{state.queue:<32}{messages:>10}{oldest:>12}{mark}".rstrip()
