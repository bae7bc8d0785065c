"""A host that runs a little app from `apps/` in its own process, and what a test needs to look at it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.queue import QueueClient, QueueServiceClient, TextBase64EncodePolicy

from local.processes import end

APPS = Path(__file__).parent / "apps"


def until(condition: Callable[[], Any], seconds: float = 15) -> Any:
    """Wait for a condition to give something true, and give that; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


@dataclass
class Bench:
    """One test's own queue, container, app folder and file of notes, on the shared storage."""

    storage: str
    folder: Path
    name: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:12]}")
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def queue(self, suffix: str = "") -> QueueClient:
        """Give a client that sends as the host expects it, base64."""
        return self.raw_queue(suffix, message_encode_policy=TextBase64EncodePolicy())

    def raw_queue(self, suffix: str = "", **policies: Any) -> QueueClient:
        """Give a client for the stored text as it is."""
        return QueueClient.from_connection_string(self.storage, self.name + suffix, **policies)

    def container(self) -> ContainerClient:
        """Give a client for the test's container."""
        return BlobServiceClient.from_connection_string(self.storage).get_container_client(self.name)

    def control_queue(self) -> QueueClient:
        """Give the queue that the host keeps blob events in."""
        return QueueClient.from_connection_string(self.storage, f"azure-webjobs-blobtrigger-{self.name}")

    def notes(self, event: str | None = None) -> list[dict[str, Any]]:
        """Read what the functions noted, all or one kind."""
        file = self.folder / "notes.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        return [note for note in map(json.loads, lines) if event in (None, note["event"])]

    def app(self, name: str, host_json: dict[str, Any]) -> Path:
        """Put an app of `apps/` beside the test's files, with its own host.json."""
        app = self.folder / name
        shutil.copytree(APPS / name, app, dirs_exist_ok=True)
        (app / "host.json").write_text(json.dumps({"version": "2.0", **host_json}))
        return app

    def run(
        self, app: str, *, settings: dict[str, str] | None = None, arguments: Sequence[str] = (), **host_json: Any
    ) -> Running:
        """Start a host for an app and wait until it serves."""
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        with (self.folder / "host.log").open("ab") as log:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "local.host", "--app", str(self.app(app, host_json)), "--port", "0"),
                    *("--ready-file", str(ready), "--state", str(self.folder / "state"), *arguments),
                ],
                env={**os.environ, **self.settings(), **(settings or {})},
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        until(lambda: ready.exists() or process.poll() is not None)
        assert ready.exists(), (self.folder / "host.log").read_text()
        return Running(process, json.loads(ready.read_text())["url"], self.folder / "host.log")

    def settings(self) -> dict[str, str]:
        """Make the app settings that the apps refer to."""
        return {
            "AzureWebJobsStorage": self.storage,
            "AzureFunctionsWebHost__hostid": self.name,
            "QUEUE": self.name,
            "CONTAINER": self.name,
            "NOTES": str(self.folder / "notes.jsonl"),
        }


@dataclass
class Running:
    """A host that serves."""

    process: subprocess.Popen[bytes]
    url: str
    log_file: Path

    def log(self) -> str:
        """Read its log so far."""
        return self.log_file.read_text()

    def status(self) -> dict[str, Any]:
        """Ask it how it is."""
        status: dict[str, Any] = requests.get(f"{self.url}/admin/host/status", timeout=5).json()
        return status

    def worker(self) -> int:
        """Wait for a worker and give its process id."""
        pid: int = until(lambda: self.status()["workerPid"])
        return pid

    def by_hand(self, function: str, text: str) -> int:
        """Run a function through the admin endpoint and give the answer's status."""
        return requests.post(f"{self.url}/admin/functions/{function}", json={"input": text}, timeout=5).status_code

    def kill_worker(self) -> int:
        """End the worker as the kernel does when memory is short, and give its process id."""
        pid = self.worker()
        os.kill(pid, signal.SIGKILL)
        return pid

    def stop(self) -> int:
        """Ask it to end and give its exit status."""
        end(self.process, 15)
        return self.process.returncode


@contextmanager
def laid_out(storage: str, folder: Path) -> Iterator[Bench]:
    """Make a bench with its queues and container, and end the hosts that were started on it."""
    made = Bench(storage, folder)
    service = QueueServiceClient.from_connection_string(storage)
    for suffix in ("", "-async"):
        service.create_queue(made.name + suffix)
    BlobServiceClient.from_connection_string(storage).create_container(made.name)
    yield made
    for process in made.processes:
        end(process, 15)


@pytest.fixture
def bench(azurite: str, tmp_path: Path) -> Iterator[Bench]:
    """Give a test its own names on the shared storage."""
    with laid_out(azurite, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared_bench(azurite: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Give the tests of a module one bench, for hosts that they only look at."""
    with laid_out(azurite, tmp_path_factory.mktemp("bench")) as made:
        yield made
