"""`darkroom local prepare` makes what a host that is started by hand needs."""

import pytest
from typer.testing import CliRunner

from cli.main import app
from shared.names import CONTAINERS, QUEUES
from shared.storage import Storage


def test_the_containers_and_queues_of_the_settings_are_made_and_made_again(
    azurite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment goes before local.settings.json, as it does for the app; a second time nothing is wrong."""
    monkeypatch.setenv("AzureWebJobsStorage", azurite)

    for _ in range(2):
        result = CliRunner().invoke(app, ["local", "prepare"])
        assert result.exit_code == 0, result.output

    storage = Storage.from_connection_string(azurite)
    assert [queue for queue in QUEUES if storage.depth(queue) is None] == []
    assert [list(storage.list(container, "nothing/")) for container in CONTAINERS] == [[]] * len(CONTAINERS)
