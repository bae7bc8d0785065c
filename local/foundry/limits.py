"""Rate and concurrency limits, as a gateway keeps them before a model."""

import math
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from local.foundry import errors

_WINDOW_SECONDS = 60.0


class LimitSettings(BaseModel):
    """The body of PUT /emulator/limits; null lifts a limit."""

    model_config = ConfigDict(extra="forbid")

    requests_per_minute: int | None = Field(default=None, ge=0)
    concurrent: int | None = Field(default=None, ge=0)


class Limits:
    """Admits calls up to the limits and refuses the rest with a 429 that says when to come back."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """Start without limits; `clock` moves the one-minute window."""
        self._clock = clock
        self._running = 0
        self.configure(LimitSettings())

    def configure(self, settings: LimitSettings) -> None:
        """Replace the limits and start a new window."""
        self.settings = settings
        self._admitted: deque[datetime] = deque()

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Count a call as running while the block runs; raises ServiceError 429 when a limit is reached."""
        self._check_concurrent()
        self._check_rate()
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    def _check_concurrent(self) -> None:
        allowed = self.settings.concurrent
        if allowed is not None and self._running >= allowed:
            raise errors.rate_limited(1)

    def _check_rate(self) -> None:
        allowed = self.settings.requests_per_minute
        if allowed is None:
            return
        now = self._clock()
        while self._admitted and (now - self._admitted[0]).total_seconds() >= _WINDOW_SECONDS:
            self._admitted.popleft()
        if len(self._admitted) >= allowed:
            waited = (now - self._admitted[0]).total_seconds() if self._admitted else 0.0
            raise errors.rate_limited(math.ceil(_WINDOW_SECONDS - waited))
        self._admitted.append(now)
