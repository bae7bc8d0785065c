"""Many instances that drain one queue against one deployment's quota, on a virtual clock.

What decides is the product's own code: its pace for each process, its errors and its delays. The rest is a model. A
message that becomes visible is found by a random instance; one that goes back is invisible for whole seconds. A
refusal takes a tenth of a second, as does putting a message back. Refused calls count against the quota.
"""

import heapq
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.clients.lane import MINUTE, Turn
from shared.clients.pace import Pace
from shared.errors import Throttled
from shared.jobs import delay

_AT_ONCE = 8
_FETCH, _POLL, _QUICK = 0.02, 2.0, 0.1
_GIVES_UP = 24 * 3600.0


@dataclass
class Quota:
    """So many calls a minute, spread over windows of so many seconds; `tells` is what a refusal says to wait.

    None says nothing, "left" what is left of the window, a number always that.
    """

    a_minute: int
    window: float
    tells: float | str | None
    _counts: dict[float, tuple[int, int]] = field(default_factory=dict)

    def ask(self, now: float) -> Throttled | None:
        """Make a call: None when it is let in."""
        left = [self._over(now, window) for window in sorted({MINUTE, self.window})]
        if not any(left):
            return None
        return Throttled("The quota is used up.", after=max(left) if isinstance(self.tells, str) else self.tells)

    def _over(self, now: float, window: float) -> float:
        number = int(now // window)
        last, count = self._counts.get(window, (number, 0))
        count = count + 1 if last == number else 1
        self._counts[window] = number, count
        return (number + 1) * window - now if count > self.a_minute * window / MINUTE else 0.0


class Unpaced:
    """What it would be without a pace: every job calls whenever it comes."""

    def turn(self, deployment: str) -> Turn:
        """Now."""
        return Turn(deployment, 0.0, 0.0)

    def confirm(self, turn: Turn) -> None:
        """It is always open."""

    def ended(self, turn: Turn, error: BaseException | None) -> None:
        """It learns nothing."""


@dataclass
class World:
    """A drain: `run` it, then read what came of it. `curve` has the times and how many jobs were done by then."""

    jobs: int
    instances: int
    quota: Quota
    seconds: float = 2.0
    calls_each: int = 1
    paced: bool = True
    now: float = 0.0
    calls: int = 0
    refused: int = 0
    deferred: int = 0
    done: int = 0
    curve: list[tuple[float, int]] = field(default_factory=lambda: [(0.0, 0)])

    def __post_init__(self) -> None:
        self._chance = random.Random(1)  # noqa: S311 - the same every time
        self._paces: list[Pace | Unpaced] = [
            Pace(lambda: self.now, self._chance.uniform) if self.paced else Unpaced() for _ in range(self.instances)
        ]
        self._busy, self._polls = [0] * self.instances, [True] * self.instances
        self._visible = deque((self.calls_each, 0) for _ in range(self.jobs))
        self._events: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []
        self._posted = 0
        for instance in range(self.instances):
            self._at(self._chance.uniform(0, _POLL), self._fetch, instance)

    @property
    def ideal(self) -> float:
        """Seconds that the quota alone needs, or all places of the instances, whichever is longer."""
        calls = self.jobs * self.calls_each
        return max(calls / self.quota.a_minute * MINUTE, calls * self.seconds / (self.instances * _AT_ONCE))

    def run(self) -> "World":
        """Go on until all is done, or a job's time to live is over."""
        while self.done < self.jobs and self.now < _GIVES_UP:
            self.now, _, act, arguments = heapq.heappop(self._events)
            act(*arguments)
        return self

    def _at(self, when: float, act: Callable[..., None], *arguments: object) -> None:
        self._posted += 1
        heapq.heappush(self._events, (when, self._posted, act, arguments))

    def _fetch(self, instance: int) -> None:
        self._polls[instance] = False
        if self._visible:
            left, deferrals = self._visible.popleft()
            self._busy[instance] += 1
            self._poll(instance)
            self._start(instance, left, deferrals)

    def _poll(self, instance: int) -> None:
        if self._visible and not self._polls[instance] and self._busy[instance] < _AT_ONCE:
            self._polls[instance] = True
            self._at(self.now + _FETCH, self._fetch, instance)

    def _appear(self, left: int, deferrals: int) -> None:
        self._visible.append((left, deferrals))
        instance = int(self._chance.random() * self.instances)
        if not self._polls[instance] and self._busy[instance] < _AT_ONCE:
            self._polls[instance] = True
            self._at(self.now + _FETCH + self._chance.random() * _POLL / self.instances, self._fetch, instance)
        elif len(self._visible) == 1:
            self._at(self.now + _QUICK, self._knock)

    def _knock(self) -> None:
        """A message that a busy instance did not take waits for one that is free."""
        for instance in range(self.instances):
            self._poll(instance)

    def _start(self, instance: int, left: int, deferrals: int) -> None:
        try:
            turn = self._paces[instance].turn("model")
        except Throttled as wait:
            self._put_back(instance, left, deferrals, wait)
            return
        self._at(self.now + turn.wait, self._call, instance, left, deferrals, turn)

    def _call(self, instance: int, left: int, deferrals: int, turn: Turn) -> None:
        try:
            if turn.wait:
                self._paces[instance].confirm(turn)
        except Throttled as wait:
            self._put_back(instance, left, deferrals, wait)
            return
        error = self.quota.ask(self.now)
        self.calls += 1
        self.refused += error is not None
        self._at(self.now + (_QUICK if error else self.seconds), self._end, instance, left, deferrals, turn, error)

    def _end(self, instance: int, left: int, deferrals: int, turn: Turn, error: Throttled | None) -> None:
        self._paces[instance].ended(turn, error)
        if error:
            self._put_back(instance, left, deferrals, error)
        elif left > 1:
            self._start(instance, left - 1, deferrals)
        else:
            self.done += 1
            if self.done % max(1, self.jobs // 200) == 0:
                self.curve.append((self.now, self.done))
            self._leave(instance)

    def _put_back(self, instance: int, left: int, deferrals: int, wait: Throttled) -> None:
        self.deferred += 1
        seconds = math.ceil(delay(self._chance.uniform, deferrals, wait))
        self._at(self.now + _QUICK + seconds, self._appear, left, deferrals + (wait.after is None))
        self._at(self.now + _QUICK, self._leave, instance)

    def _leave(self, instance: int) -> None:
        self._busy[instance] -= 1
        self._poll(instance)
