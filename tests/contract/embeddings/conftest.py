"""A running emulator for the embedding tests, as new for each test."""

from collections.abc import Iterator

import pytest
import requests

from local.foundry.process import running


@pytest.fixture(scope="session")
def process_url() -> Iterator[str]:
    """An emulator with one deployment of another name."""
    with running({"FOUNDRY_EMULATOR_DEPLOYMENTS": "finder=embed-v-4-0"}) as emulator:
        yield emulator.url


@pytest.fixture
def url(process_url: str) -> str:
    """The emulator as after a start."""
    requests.post(f"{process_url}/emulator/reset", timeout=10)
    return process_url
