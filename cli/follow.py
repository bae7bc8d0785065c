"""Following jobs until each has ended: several at once, each ending in one outcome."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from cli.account import reached
from cli.errors import InterruptedByUserError
from cli.outcome import FAULTS, PENDING, UNFINISHED, UPLOADING, Outcome, problem_of
from shared.messages import Problem, Status

OutcomeT = TypeVar("OutcomeT", bound=Outcome)

_AT_ONCE = 8
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.25, 3.0


@dataclass(frozen=True)
class Clock:
    """Time in seconds, and letting it pass."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Job(ABC, Generic[OutcomeT]):
    """Something that is begun once and then looked at until it ends; `outcome` is how it stood last."""

    def __init__(self, outcome: OutcomeT) -> None:
        self.outcome = outcome
        self.beginning: Future[None] = Future()
        self.began: float | None = None

    @abstractmethod
    def begin(self) -> None:
        """Upload and post what there is; it runs beside other jobs."""

    @abstractmethod
    def look(self) -> OutcomeT:
        """How the job stands, once it is begun; it runs beside other jobs."""

    @abstractmethod
    def remedy(self) -> str:
        """What to do when a fault on the way ended it here."""

    @abstractmethod
    def late(self, timeout: float, *, begun: bool) -> Problem:
        """What is said when the time is over before the job has ended."""


class Follower(Generic[OutcomeT]):
    """Begins jobs and follows them; `show` is told of every change, from the calling thread.

    `goes_on` says in a sentence, when Ctrl-C comes, what becomes of the jobs that are begun and have not ended.
    """

    def __init__(
        self,
        show: Callable[[OutcomeT], None],
        goes_on: Callable[[Sequence[OutcomeT]], str],
        *,
        timeout: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._show = show
        self._goes_on = goes_on
        self._timeout = timeout
        self._clock = clock or Clock()

    def run(self, jobs: Sequence[Job[OutcomeT]]) -> list[OutcomeT]:
        """Begin the jobs and wait for each; the outcomes in the order of the jobs.

        Raises:
            UnreachableError: the storage account cannot be worked with.
            InterruptedByUserError: Ctrl-C; what was begun goes on.
        """
        with ThreadPoolExecutor(_AT_ONCE) as beginnings, ThreadPoolExecutor(_AT_ONCE) as looks:
            try:
                for job in jobs:
                    job.beginning = beginnings.submit(self._begin, job)
                self._follow(jobs, looks)
            except BaseException as error:
                beginnings.shutdown(wait=False, cancel_futures=True)
                if isinstance(error, KeyboardInterrupt):
                    raise InterruptedByUserError(self._goes_on(_going(jobs))) from None
                raise
        return [job.outcome for job in jobs]

    def _follow(self, jobs: Sequence[Job[OutcomeT]], looks: ThreadPoolExecutor) -> None:
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

    def _note(self, job: Job[OutcomeT], outcome: OutcomeT) -> bool:
        """Keep and show how a job stands; whether anything has changed."""
        changed = outcome != job.outcome
        if changed:
            job.outcome = outcome
            self._show(outcome)
        return changed

    def _give_up(self, jobs: Sequence[Job[OutcomeT]]) -> None:
        for job in jobs:
            begun = not job.beginning.cancel()
            problem = job.late(self._timeout or 0, begun=begun)
            self._note(job, self._timed(job, replace(job.outcome, status=UNFINISHED, problem=problem)))

    def _begin(self, job: Job[OutcomeT]) -> None:
        job.began = self._clock.now()
        with reached():
            job.begin()

    def _look(self, job: Job[OutcomeT]) -> OutcomeT:
        """How a job stands now; a fault of this one job is its outcome, one of the account is raised."""
        if not job.beginning.done():
            return replace(job.outcome, status=UPLOADING if job.beginning.running() else PENDING)
        try:
            with reached():
                job.beginning.result()
                outcome = job.look()
        except FAULTS as error:
            outcome = replace(job.outcome, status=Status.FAILED, problem=problem_of(error, job.remedy()))
        return self._timed(job, outcome) if outcome.ended else outcome

    def _timed(self, job: Job[OutcomeT], outcome: OutcomeT) -> OutcomeT:
        return outcome if job.began is None else replace(outcome, seconds=round(self._clock.now() - job.began, 1))


def _going(jobs: Sequence[Job[OutcomeT]]) -> list[OutcomeT]:
    return [
        job.outcome for job in jobs if job.beginning.done() and not job.beginning.cancelled() and not job.outcome.ended
    ]
