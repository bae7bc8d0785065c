"""Fixtures of the tests of what is deployed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.infra.deployment import GOOD, Deployed, Deployment
from tests.infra.fake_az import Answer, FakeAz


@pytest.fixture
def deployed(tmp_path: Path) -> Deployed:
    """A deployment where all goes well but what a test changes."""

    def make(changes: Mapping[str, Sequence[Answer]] | None = None) -> Deployment:
        return Deployment(FakeAz(tmp_path, {**GOOD, **(changes or {})}))

    return make
