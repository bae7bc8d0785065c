"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.storage_emulator import StorageEmulator, install


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run one Azurite in memory on free ports for the whole session and give its connection string."""
    install()
    with StorageEmulator(tmp_path_factory.mktemp("azurite") / "azurite.log") as emulator:
        yield emulator.connection_string
