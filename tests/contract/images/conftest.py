"""Running emulators for the image tests, as new for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from openai import (
    OpenAI,
)

from local.foundry.process import running
from tests.contract.images.making import Service
from tests.contract.images.official import azure


@pytest.fixture(scope="session")
def process_url() -> Iterator[str]:
    """An emulator with one deployment of another name."""
    with running({"FOUNDRY_EMULATOR_DEPLOYMENTS": "painter=gpt-image-2"}) as emulator:
        yield emulator.url


@pytest.fixture
def url(process_url: str) -> str:
    """The emulator as after a start."""
    requests.post(f"{process_url}/emulator/reset", timeout=10)
    return process_url


@pytest.fixture(params=["azure", "v1"])
def client(request: pytest.FixtureRequest, url: str) -> OpenAI:
    """The official client for the deployments' route and for the v1 route."""
    return azure(url) if request.param == "azure" else OpenAI(base_url=f"{url}/openai/v1", api_key="local-key")


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """One emulator for all tests of our client."""
    with running({}) as process:
        yield process.url


@pytest.fixture
def service(emulator: str, tmp_path: Path) -> Service:
    """The emulator as new."""
    requests.post(f"{emulator}/emulator/reset", timeout=5).raise_for_status()
    return Service(emulator, tmp_path)
