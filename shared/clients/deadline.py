"""A deadline by the wall clock, over everything that one call does."""

import time
from collections.abc import Callable

from shared.errors import Unavailable


class Deadline:
    """Runs out `seconds` after it is made; `clock` counts seconds and never goes back."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._ends = clock() + seconds

    def remaining(self) -> float:
        """Seconds that are left.

        Raises:
            Unavailable: none.
        """
        left = self._ends - self._clock()
        if left <= 0:
            raise Unavailable(f"The model did not answer completely within {self._seconds:.0f} seconds.")
        return left
