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
    def admit(self, sentence: str = errors.OCR_RATE) -> Iterator[None]:
        """Count a call as running while the block runs.

        Raises ServiceError 429 when a limit is reached; its text is `sentence` and the delay.
        """
        self._check_concurrent(sentence)
        self._check_rate(sentence)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    def headers(self) -> dict[str, str]:
        """What an answer tells about the rate limit, in the service's `x-ratelimit-*` headers; none without a limit."""
        allowed = self.settings.requests_per_minute
        if allowed is None:
            return {}
        self._forget_old()
        return {
            "x-ratelimit-limit-requests": str(allowed),
            "x-ratelimit-remaining-requests": str(max(0, allowed - len(self._admitted))),
            "x-ratelimit-reset-requests": str(self._seconds_left()),
        }

    def _check_concurrent(self, sentence: str) -> None:
        allowed = self.settings.concurrent
        if allowed is not None and self._running >= allowed:
            raise errors.rate_limited(1, sentence)

    def _check_rate(self, sentence: str) -> None:
        allowed = self.settings.requests_per_minute
        if allowed is None:
            return
        self._forget_old()
        if len(self._admitted) >= allowed:
            raise errors.rate_limited(self._seconds_left(), sentence)
        self._admitted.append(self._clock())

    def _forget_old(self) -> None:
        now = self._clock()
        while self._admitted and (now - self._admitted[0]).total_seconds() >= _WINDOW_SECONDS:
            self._admitted.popleft()

    def _seconds_left(self) -> int:
        """Until the oldest call leaves the window."""
        waited = (self._clock() - self._admitted[0]).total_seconds() if self._admitted else 0.0
        return math.ceil(_WINDOW_SECONDS - waited)
