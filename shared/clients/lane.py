"""The pace of one deployment, as one process finds it out from what is let in and what is refused.

Quotas count by the minute, or by a smaller window that divides it. So a call that is let in leaves its *place* free
to the second a minute later, whatever the window: the process keeps the places that it has won, seeks others between
them, and gives up one that is refused. Processes that know nothing of each other settle so beside one another. The
more is refused, the more rarely it seeks.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

MINUTE = 60.0
_FIRST_GAP = 0.25  # a refusal is quicker: a process that is new here learns of it before it has sent many calls
_HEAD_START = 2.0  # of the probe: by then it is refused, or let in
_PATIENCE, _HELD = 2.0, 4  # seconds that any call waits in place, and how many may wait longer, up to a minute
_LATE = 0.5  # seconds after which a place is past
_UNTOLD = 10.0
_BLIP, _BLIPS = 2.0, 3  # seconds of a pause, and how many in a row, that limit nobody afterwards
_LONGEST = 720.0  # seconds that a job is sent away for at most, unless the deployment asks for more
_VISITS = 3.0  # jobs that are told to come for each place
_WARIER, _BOLDER = 12.0, 2.0
_FRESH = 0.02  # the share of a process right after the first call that was ever let in
_SHARE, _SHARE_OF_FEW, _SHARE_OF_TIME = 0.025, 0.004, 0.06
_OUTAGE, _SHORTEST_OUTAGE, _LONGEST_OUTAGE = 3, 5.0, 300.0
_LONGEST_SPAN = 7200.0  # between two tries for a place
_NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Turn:
    """When a call may be made, by the pace's clock, and how many seconds away that is; `reserved`: on a kept place."""

    deployment: str
    at: float
    wait: float
    reserved: bool = False

    @property
    def held(self) -> bool:
        """Whether the wait is one of the few long ones."""
        return self.wait > _PATIENCE


@dataclass(slots=True)
class Lane:
    """What is known of one deployment; not safe to share between threads.

    `places` are the times, in order, at which a call should be let in, because one was a minute before. `seek` is when
    to try for another; of the calls, a `share` may be such tries. `known`: a call was let in at some time; a process of
    which none was waits for its next try a few times as long as the limit has lasted.
    """

    deployment: str
    chance: Callable[[float, float], float]
    new: bool = True
    known: bool = False
    limited_since: float | None = None
    waited: float = _NEVER
    places: list[float] = field(default_factory=list)
    free: float = _NEVER
    closed: float = _NEVER
    refused_at: float = _NEVER
    probes: bool = False
    probed: float = _NEVER
    learns: float = _NEVER
    gap: float = 0.0
    seek: float = _NEVER
    share: float = 1.0
    held: int = 0
    booked: float = _NEVER
    blips: int = 0
    failures: int = 0
    outage: float = 0.0

    def turn(self, now: float) -> Turn | None:
        """The turn of a call that asks now; None when it is too far away to wait for in place."""
        if now < max(self.closed, self.free if self.outage else _NEVER):
            turn = None
        elif self.limited_since is None or now < self.learns:
            turn = self._freely(now)
        else:
            turn = self._in_its_place(now)
        if self.limited_since is not None and (turn is None or turn.wait):
            self.waited = now
        return turn

    def still_open(self, turn: Turn, now: float) -> bool:
        """Whether a turn that was waited for has not been overtaken by a refusal."""
        self.held -= turn.held
        is_open = self.closed <= now and self.refused_at < turn.at
        if not is_open and not turn.reserved:
            self._give_up(turn)
        return is_open

    def away(self, now: float) -> float:
        """Seconds for which to send a job away, each a little longer, so that they come back as places come free."""
        opens = max(self.closed, self.free, now)
        step = 0.0 if self.limited_since is None else MINUTE / max(1, len(self.places)) / _VISITS
        self.booked = min(max(self.booked + step, opens), max(opens, now + _LONGEST))
        return self.booked - now

    def let_in(self, turn: Turn, now: float) -> None:
        """A call was answered."""
        if not self.known:
            self.known, self.share = True, max(self.share, _FRESH)
        self.new, self.failures = False, 0
        if self.outage:
            self.outage, self.free = 0.0, now
        if self.limited_since is None or turn.at <= self.refused_at:
            return
        if not turn.reserved:
            self.share = min(self.share * _BOLDER, 1.0)
            self.seek = min(self.seek, self._next_try(now))

    def refused(self, turn: Turn, now: float, told: float | None) -> None:
        """A call was refused; `told` is the pause that was asked for, in seconds."""
        pause = _UNTOLD if told is None else told
        self._give_up(turn)
        self.closed, self.waited = max(self.closed, now + pause), now
        if turn.at <= self.refused_at:
            return  # it was under way when another was refused, which tells nothing more
        self.blips = self.blips + 1 if now - self.refused_at < MINUTE else 1
        self.refused_at, self.probes = now, True
        if self.limited_since is None and pause <= _BLIP and self.blips <= _BLIPS:
            return  # short pauses, and few, are no sign of a small quota
        if self.limited_since is None:
            self._begin(now, pause)
        elif now < self.learns and turn.at != self.probed:
            self.closed += self.chance(0.0, pause / 4)
        else:
            self.learns = _NEVER
            self.share = max(self.share / _WARIER, self._least_share(pause))
            self.seek = self._next_try(max(now, self.closed))

    def failed(self, now: float, told: float | None) -> None:
        """A call ended without an answer; several in a row are an outage, in which single calls go ahead."""
        self.failures += 1
        if self.failures >= _OUTAGE:
            self.outage = self.outage or _SHORTEST_OUTAGE
            self.free = max(self.free, now + max(self.outage, told or 0.0))

    def _freely(self, now: float) -> Turn | None:
        at = max(now, self.free)
        if self.new:
            at = min(at, now + _PATIENCE)
        elif at - now > _PATIENCE:
            return None
        if self.limited_since is None:
            del self.places[: bisect_left(self.places, now)]
        return self._take(Turn(self.deployment, at, at - now), _FIRST_GAP if self.new else self.gap)

    def _in_its_place(self, now: float) -> Turn | None:
        self._pass_on(now)
        place = self.places[0] if self.places else math.inf
        at = max(now, self.free, min(place, self.seek))
        turn = Turn(self.deployment, at, at - now, reserved=place <= self.seek)
        if turn.wait > MINUTE or (turn.held and self.held >= _HELD):
            return None
        if turn.reserved:
            self.places.pop(0)
        else:
            self.seek = self._next_try(at)
        self.held += turn.held
        return self._take(turn, 0.0)

    def _take(self, turn: Turn, gap: float) -> Turn:
        if self.probes:
            self.probes, self.probed, gap = False, turn.at, max(gap, _HEAD_START)
        if self.outage:
            gap, self.outage = max(gap, self.outage), min(2 * self.outage, _LONGEST_OUTAGE)
        if gap:
            self.free = turn.at + gap
        insort(self.places, turn.at + MINUTE)
        return turn

    def _begin(self, now: float, pause: float) -> None:
        """The first refusal: learn for a minute what is let in, at the pace that has been; or seek, if nothing was."""
        self.limited_since, self.new = now, False
        known = [place for place in self.places if place <= now + MINUTE]
        if known:
            self.gap = (now + MINUTE - known[0] + pause) / len(known)
            self.learns = self.seek = now + MINUTE + pause
            self.closed += self.chance(0.0, pause / 4)
        else:
            self.share = 0.3
            self.seek = self.closed + self.chance(0.0, min(12 * pause, 2 * MINUTE))

    def _pass_on(self, now: float) -> None:
        """What nobody came for, or could not be used, is there again a minute later."""
        past = max(now - _LATE, self.closed)
        while self.places and self.places[0] < past:
            insort(self.places, self.places.pop(0) + MINUTE)
        while self.places and self.seek < past:
            self.seek += MINUTE

    def _give_up(self, turn: Turn) -> None:
        at = bisect_left(self.places, turn.at + MINUTE)
        if self.places[at : at + 1] == [turn.at + MINUTE]:
            del self.places[at]

    def _least_share(self, pause: float) -> float:
        """A process with few places leaves the seeking to others; and refusals may cost a small part of its time."""
        count = max(1, len(self.places))
        return min(_SHARE, _SHARE_OF_FEW * count, _SHARE_OF_TIME * MINUTE / max(pause, 1.0) / count)

    def _next_try(self, after: float) -> float:
        span = MINUTE / self.share / max(1, len(self.places))
        if self.limited_since is not None:
            lasted = after - self.limited_since
            most = max(10 * lasted, 2 * MINUTE) if self.known else max(4 * lasted, MINUTE)
            span = min(span, most, _LONGEST_SPAN)
        return self._roomy(after + span * self.chance(0.5, 1.5))

    def _roomy(self, when: float) -> float:
        """The first time from then on that is far from the places, as the widest gap between them goes."""
        if len(self.places) < 2:
            return when
        ring = [*self.places, self.places[0] + MINUTE]
        room = max(right - left for left, right in pairwise(ring)) / 4
        shift = MINUTE * math.floor((when - ring[0]) / MINUTE)
        for left, right in (*pairwise(ring), (ring[0] + MINUTE, ring[1] + MINUTE)):
            found = max(when, left + room + shift)
            if found <= right - room + shift:
                return found
        return when
