"""A caller with a short deadline, for the tests of what happens on the wire."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from shared.clients.transport import Transport
from tests.servers import Server

CANARY = "canary-7f3a"
SECONDS = 0.4
_GRACE = 0.8  # what a busy machine may add


@dataclass(frozen=True)
class Pieces:
    """A request body in pieces."""

    pieces: tuple[bytes, ...] = (b'{"a":', b"1}")

    def __len__(self) -> int:
        return sum(map(len, self.pieces))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.pieces)


@dataclass(frozen=True)
class Caller:
    """Posts to a server and gives the spooled answer."""

    to: Path
    transport: Transport

    def post(
        self, server: Server, body: Pieces | None = None, *, deployment: str = "ocr", seconds: float = SECONDS
    ) -> bytes:
        """Post within a short deadline."""
        self.transport.post(server.url, body or Pieces(), self.to, deployment=deployment, seconds=seconds)
        return self.to.read_bytes()


@dataclass
class Seconds:
    """A clock that stands still until told."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@contextmanager
def in_time(seconds: float = SECONDS) -> Iterator[None]:
    """Fail when the block takes much longer than the deadline."""
    began = monotonic()
    yield
    assert monotonic() - began < seconds + _GRACE
