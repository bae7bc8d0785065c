"""The whole stack on free ports: real Azurite, the model emulator and the host with the app in it."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from local.stack import Ports, Stack
from shared.messages import JobRecord
from shared.names import DOCUMENTS, OCR_JOBS, RESULTS, BlobRef, ocr_folder
from shared.records import read_record
from shared.storage import Storage

T = TypeVar("T")
_PATIENCE_SECONDS = 150  # a killed worker leaves leases that must run out
_LEASE = ("--lease-seconds", "10")  # a message whose worker died comes back after ten seconds instead of ten minutes
_QUICK_RETRIES = {"AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01"}


@dataclass(frozen=True)
class Whole:
    """The running stack, used as its users use it: through storage."""

    storage: Storage
    models: str
    host_pid: int
    logs: Path

    def drop(self, name: str, data: bytes, **metadata: str) -> str:
        """Write a document; its ETag."""
        return self.storage.write(BlobRef(DOCUMENTS, name), data, "application/octet-stream", metadata=metadata)

    def post(self, text: str) -> None:
        """Post a message on `ocr-jobs`."""
        self.storage.send(OCR_JOBS, text)

    def finished(self, name: str, etag: str | None = None) -> JobRecord:
        """The record of a document, once its job has ended, of this version where one is given."""
        folder = ocr_folder(BlobRef(DOCUMENTS, name))

        def ended() -> JobRecord | None:
            record = read_record(self.storage, folder)
            right = record is not None and (etag is None or (record.source is not None and record.source.etag == etag))
            return record if record is not None and record.final and record.announced and right else None

        return self.until(ended)

    def until(self, found: Callable[[], T | None]) -> T:
        """What `found` gives, as soon as it gives something."""
        ends = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < ends:
            result = found()
            if result is not None:
                return result
            time.sleep(0.1)
        raise AssertionError("It did not happen in time.")

    def result(self, name: str, path: str) -> str:
        """A result file's text."""
        return (self.storage.read(BlobRef(RESULTS, f"{ocr_folder(BlobRef(DOCUMENTS, name))}/{path}")) or b"").decode()

    def emulator(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the model emulator's control API."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.models}/emulator/{path}", data, method=method)  # noqa: S310 - loopback
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - loopback
            return json.loads(answer.read() or b"null")

    def worker(self) -> int:
        """The process id of the host's worker."""
        children = Path(f"/proc/{self.host_pid}/task/{self.host_pid}/children").read_text().split()
        return int(children[0])


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """One stack for all end-to-end tests of a session."""
    state = tmp_path_factory.mktemp("stack")
    stack = Stack(state=state, ports=Ports(0, 0, 0, 0), host_arguments=_LEASE, settings=_QUICK_RETRIES)
    ends = stack.start()
    try:
        storage = Storage.from_connection_string(ends.connection_string)
        yield Whole(storage, ends.urls["models"], ends.pids["host"], state / "logs")
    finally:
        stack.stop()


@pytest.fixture
def well_behaved_models(whole: Whole) -> Iterator[None]:
    """No fault of one test reaches another."""
    whole.emulator("POST", "reset")
    yield
    whole.emulator("POST", "reset")
