"""How fast this process calls each deployment: as fast as it likes, until one refuses a call (see `lane.py`)."""

import random
import threading
import time
from collections.abc import Callable

from shared.clients.lane import Lane, Turn
from shared.errors import Permanent, Throttled, Unavailable

_FORGOTTEN = 3600.0


class Pace:
    """The paces of the deployments; safe to share between threads.

    `clock` tells seconds that only grow; `chance` picks a number between two. Nothing is shared between processes, and
    nothing is lost with one but a few refused calls of the next.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._lock = threading.Lock()
        self._lanes: dict[str, Lane] = {}

    def turn(self, deployment: str) -> Turn:
        """When a call may be made: now, or after a short wait.

        Raises:
            Throttled: its turn is too far away to wait for, with the seconds after which to ask again.
        """
        now = self._clock()
        with self._lock:
            lane = self._lane(deployment, now)
            turn = lane.turn(now)
            if turn is None:
                raise _not_yet(lane, now)
        return turn

    def confirm(self, turn: Turn) -> None:
        """Say that the wait for a turn is over, right before the call.

        Raises:
            Throttled: another call was refused in the meantime.
        """
        now = self._clock()
        with self._lock:
            lane = self._lane(turn.deployment, now)
            if not lane.still_open(turn, now):
                raise _not_yet(lane, now)

    def ended(self, turn: Turn, error: BaseException | None) -> None:
        """Learn from how a call ended: an answer of any kind, a refusal, or none; a fault of our own tells nothing."""
        now = self._clock()
        with self._lock:
            lane = self._lane(turn.deployment, now)
            if isinstance(error, Throttled):
                lane.refused(turn, now, error.after)
            elif isinstance(error, Unavailable):
                lane.failed(now, error.after)
            elif error is None or isinstance(error, Permanent):
                lane.let_in(turn, now)

    def _lane(self, deployment: str, now: float) -> Lane:
        """The deployment's lane; limits that made nobody wait for an hour are forgotten."""
        lane = self._lanes.get(deployment)
        if lane is None or (lane.limited_since is not None and now - lane.waited > _FORGOTTEN):
            lane = self._lanes[deployment] = Lane(deployment, self._chance, new=lane is None)
        return lane


def _not_yet(lane: Lane, now: float) -> Throttled:
    return Throttled(f"The deployment {lane.deployment} is called at the pace that it allows.", after=lane.away(now))
