"""Fixtures of the tests on the wire."""

from pathlib import Path

import pytest

from shared.clients.credentials import Key
from shared.clients.pace import Pace
from shared.clients.transport import Transport
from tests.unit.clients.calling import Caller, Seconds


@pytest.fixture
def clock() -> Seconds:
    """The pace's clock."""
    return Seconds()


@pytest.fixture
def caller(tmp_path: Path, clock: Seconds) -> Caller:
    """A caller with a key and a pace of its own, which sits no wait out."""
    pace = Pace(clock, lambda low, _: low)
    return Caller(tmp_path / "answer", Transport(Key("the-key"), pace=pace, wait=clock.forward))
