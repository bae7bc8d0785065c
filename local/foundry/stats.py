"""What was asked of the emulator and what the service would have billed for it."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_CALLS_KEPT = 10_000


@dataclass
class Call:
    """One request to a model endpoint; `status` 0 means that the connection was reset instead of answered.

    `pages`, `annotation_pages`, `pictures` and `vectors` are what the service would have put on the bill, 0 unless
    `billed`. `request_sha256` is the same for the same request again; `ended` is None while the answer is on its way.
    """

    route: str
    at: datetime
    ended: datetime | None = None
    request_sha256: str | None = None
    model: str | None = None
    status: int = 0
    pages: int = 0
    annotation_pages: int = 0
    pictures: int = 0
    vectors: int = 0
    document_sha256: str | None = None
    billed: bool = False

    def as_json(self) -> dict[str, Any]:
        """The call as /emulator/stats lists it."""
        return {**vars(self), "at": self.at.isoformat(), "ended": self.ended and self.ended.isoformat()}


class Stats:
    """Calls as they are answered, their totals, and how many were under way at once."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """Start empty; `clock` stamps each call."""
        self._clock = clock
        self.in_flight = 0
        self.reset()

    def reset(self) -> None:
        """Forget every call; those still under way stay counted as under way."""
        self._calls: deque[Call] = deque(maxlen=_CALLS_KEPT)
        self._by_status: Counter[str] = Counter()
        self._by_model: Counter[str] = Counter()
        self._billed_requests: set[str | None] = set()
        self._billed: Counter[str] = Counter(billed_calls=0, pages_billed=0, annotation_pages_billed=0)
        self._pictures: Counter[str] = Counter()
        self._vectors: Counter[str] = Counter()
        self.max_in_flight = self.in_flight

    @contextmanager
    def open(self, route: str) -> Iterator[Call]:
        """Count a call as under way for as long as the block runs."""
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        call = Call(route, self._clock())
        try:
            yield call
        finally:
            self.in_flight -= 1
            call.ended = self._clock()

    def record(self, call: Call) -> None:
        """Add a call whose outcome is known, before its first byte leaves: who has an answer finds its call here."""
        if call.billed:
            self._billed_requests.add(call.request_sha256)
        else:
            call.pages = call.annotation_pages = call.pictures = call.vectors = 0
        self._calls.append(call)
        self._by_status[str(call.status)] += 1
        if call.model:
            self._by_model[call.model] += 1
        if call.model and call.pictures:
            self._pictures[call.model] += call.pictures
        if call.model and call.vectors:
            self._vectors[call.model] += call.vectors
        self._billed.update(
            billed_calls=int(call.billed), pages_billed=call.pages, annotation_pages_billed=call.annotation_pages
        )

    def as_json(self) -> dict[str, Any]:
        """The answer of /emulator/stats."""
        return {
            "calls": [call.as_json() for call in self._calls],
            "totals": {
                "calls": self._by_status.total(),
                **self._billed,
                "billed_requests": len(self._billed_requests),
                "by_status": dict(self._by_status),
                "by_model": dict(self._by_model),
            },
            "pictures": {"billed": self._pictures.total(), "by_model": dict(self._pictures)},
            "vectors": {"billed": self._vectors.total(), "by_model": dict(self._vectors)},
            "in_flight": self.in_flight,
            "max_in_flight": self.max_in_flight,
        }
