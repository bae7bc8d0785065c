"""Azurite starts, answers the newest SDKs and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from local.processes import alive
from local.storage_emulator import StorageEmulator


def test_blobs_and_queues_answer_the_installed_sdks(azurite: str) -> None:
    """The connection string works for both services although the SDKs are newer than Azurite."""
    container = BlobServiceClient.from_connection_string(azurite).create_container("emulator-test")
    container.upload_blob("a b/ü.txt", b"text")
    queue = QueueServiceClient.from_connection_string(azurite).create_queue("emulator-test")
    queue.send_message("hello")

    assert container.download_blob("a b/ü.txt").readall() == b"text"
    assert [message.content for message in queue.receive_messages()] == ["hello"]


def test_data_in_a_location_survives_a_restart(tmp_path: Path) -> None:
    """A stop writes the data, so that the next start finds it."""
    with StorageEmulator(tmp_path / "log", location=tmp_path / "data") as first:
        BlobServiceClient.from_connection_string(first.connection_string).create_container("kept")

    with StorageEmulator(tmp_path / "log", location=tmp_path / "data") as second:
        client = BlobServiceClient.from_connection_string(second.connection_string)
        assert [container.name for container in client.list_containers()] == ["kept"]

    assert not alive(second.process.pid)
