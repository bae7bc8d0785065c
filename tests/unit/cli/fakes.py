"""A storage account in memory, a Darkroom that reads what is dropped into it, and time that passes by itself."""

import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from cli.follow import Clock
from shared.messages import JobRecord, Part, Source, Status
from shared.names import DOCUMENTS, RESULTS, BlobRef, ocr_folder, record_of
from shared.storage import Blob, Lease, Storage

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TEXT = b"# Title\n\n![img-0.jpeg](figures/page-1-img-0.jpeg)\n"


class MemoryStorage(Storage):
    """The part of `Storage` that the command uses, in a dictionary."""

    def __init__(self) -> None:
        self.blobs: dict[BlobRef, tuple[bytes, str]] = {}
        self.metadata: dict[BlobRef, dict[str, str]] = {}
        self.queues: dict[str, list[str]] = {}
        self.looks = 0
        self._writes = 0
        self._lock = threading.Lock()

    def write(
        self,
        ref: BlobRef,
        data: bytes | Path,
        media_type: str,
        *,
        lease: Lease | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        """Keep a blob under a new ETag."""
        content = data if isinstance(data, bytes) else data.read_bytes()
        with self._lock:
            self._writes += 1
            etag = f'"0x{self._writes}"'
            self.blobs[ref] = (content, etag)
            self.metadata[ref] = dict(metadata or {})
        return etag

    def list(self, container: str, prefix: str = "") -> Iterator[Blob]:
        """The blobs below a prefix, as they are now."""
        names = sorted(ref for ref in self.blobs if ref.container == container and ref.name.startswith(prefix))
        yield from (blob for blob in map(self.find, names) if blob)

    def send(self, queue: str, message: str | bytes, *, delay: float = 0) -> None:
        """Keep a message."""
        with self._lock:
            self.queues.setdefault(queue, []).append(message if isinstance(message, str) else message.decode())

    def read(self, ref: BlobRef) -> bytes | None:
        """A blob's bytes; counts."""
        self.looks += 1
        return self.blobs[ref][0] if ref in self.blobs else None

    def find(self, ref: BlobRef) -> Blob | None:
        """A blob's properties, its ETag bare as in a listing."""
        if ref not in self.blobs:
            return None
        content, etag = self.blobs[ref]
        return Blob(ref, etag.strip('"'), len(content), NOW, self.metadata[ref])

    def download(self, ref: BlobRef, to: BinaryIO, *, etag: str | None = None) -> str | None:
        """Copy a blob."""
        if ref not in self.blobs:
            return None
        to.write(self.blobs[ref][0])
        return "hash"


class Worker(Protocol):
    """What works while time passes."""

    def work(self) -> None:
        """Take one step."""


class FakeDarkroom:
    """Writes records and results of the documents in a storage: at each call the next step of a document's story."""

    def __init__(self, storage: MemoryStorage, **stories: list[dict[str, Any]]) -> None:
        self._storage = storage
        self._stories = stories

    def work(self) -> None:
        """Take one step with every document."""
        for ref in [ref for ref in self._storage.blobs if ref.container == DOCUMENTS]:
            story = self._stories.setdefault(ref.name.partition(".")[0], [{"status": Status.SUCCEEDED}])
            if story:
                self.record(ref, story.pop(0))

    def record(self, ref: BlobRef, changes: dict[str, Any]) -> None:
        """Write the document's record, and the results that it names."""
        about: dict[str, Any] = {
            "job_id": "ocr-1",
            "kind": "ocr",
            "fingerprint": "f",
            "source": Source(name=str(ref), etag=self._storage.blobs[ref][1]),
            "parts": (Part(number=1, pages="1-2,5", size=9, ledger_key="k", media_type="application/pdf"),),
            "figures": 1,
            "outputs": ("document.md", "figures/page-1-img-0.jpeg"),
            "created_at": NOW,
            **changes,
        }
        record, folder = JobRecord(**about), ocr_folder(ref)
        self._storage.write(record_of(folder), record.model_dump_json().encode(), "")
        if record.status is Status.SUCCEEDED:
            for output in record.outputs:
                self._storage.write(BlobRef(RESULTS, f"{folder}/{output}"), TEXT, "")


class FakeTime:
    """Seconds that pass only by sleeping, and only once a record was looked for; Darkroom works meanwhile."""

    def __init__(self, storage: MemoryStorage, darkroom: Worker) -> None:
        self.seconds = 0.0
        self._storage = storage
        self._darkroom = darkroom

    def clock(self) -> Clock:
        """This time, as the command takes it."""
        return Clock(lambda: self.seconds, self.sleep)

    def sleep(self, seconds: float) -> None:
        """Let time pass and Darkroom work."""
        if self._storage.looks:
            self.seconds += seconds
            self._darkroom.work()
