"""Fixtures of the tests on the wire."""

from pathlib import Path

import pytest

from shared.clients.breaker import Breaker
from shared.clients.credentials import Key
from shared.clients.transport import Transport
from tests.unit.clients.calling import Caller, Seconds


@pytest.fixture
def clock() -> Seconds:
    """The breaker's clock."""
    return Seconds()


@pytest.fixture
def caller(tmp_path: Path, clock: Seconds) -> Caller:
    """A caller with a key and a breaker of its own."""
    return Caller(tmp_path / "answer", Transport(Key("the-key"), breaker=Breaker(clock)))
