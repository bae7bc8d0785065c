"""While a deployment asks for a pause, no other call of this process troubles it."""

import threading
import time
from collections.abc import Callable

from shared.errors import Throttled

_PAUSE_WHEN_NOT_TOLD = 10.0


class Breaker:
    """The pauses that deployments asked for; safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def check(self, deployment: str) -> None:
        """Let a call pass.

        Raises:
            Throttled: the deployment's pause is not over; with what is left of it.
        """
        with self._lock:
            left = self._until.get(deployment, 0.0) - self._clock()
        if left > 0:
            raise Throttled(f"The deployment {deployment} has asked for a pause that is not over.", after=left)

    def pause(self, deployment: str, throttled: Throttled) -> None:
        """Remember that a deployment asked for a pause."""
        ends = self._clock() + (_PAUSE_WHEN_NOT_TOLD if throttled.after is None else throttled.after)
        with self._lock:
            self._until[deployment] = max(ends, self._until.get(deployment, 0.0))
