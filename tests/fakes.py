"""Stand-ins for the outside, held to the real thing by `tests/contract/test_storage.py`."""

import base64
import hashlib
import io
import itertools
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import pypdfium2
from PIL import Image

from shared import ocr_jobs
from shared.clients.credentials import Key
from shared.clients.downloads import Downloads
from shared.clients.embeddings import EmbeddingClient, EmbeddingRequest
from shared.clients.image_answer import ImageAnswer
from shared.clients.images import ImageClient, ImageRequest
from shared.clients.ocr import OcrClient, OcrRequest
from shared.clients.ocr_answer import OcrAnswer
from shared.clients.transport import Transport
from shared.documents import PDF
from shared.errors import Changed, Invalid, TooLarge
from shared.messages import JobEvent, JobRecord
from shared.names import BlobRef
from shared.queues import MOST_AT_ONCE, Queue, Waiting
from shared.records import read_record
from shared.services import Services
from shared.settings import Settings
from shared.storage import LARGEST_MESSAGE, Blob, Lease, LeaseHeldError, Page, Storage


class Clock:
    """A time of day that moves only when told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **delta: float) -> None:
        """Let time pass."""
        self.now += timedelta(**delta)


@dataclass(frozen=True)
class Posted:
    """A message in a fake queue; bytes that are no UTF-8 are surrogates in its text."""

    text: str
    delay: float
    at: datetime


class MemoryQueue(Queue):
    """A queue in memory, looked into by hand."""

    def __init__(self, posted: list[Posted], now: Callable[[], datetime]) -> None:
        self._posted, self._now = posted, now

    def peek(self, most: int = MOST_AT_ONCE) -> list[Waiting]:
        return list(itertools.islice(self.take(0), most))

    def take(self, seconds: int) -> Iterator[Waiting]:
        for posted in list(self._posted):
            if posted.at + timedelta(seconds=posted.delay) <= self._now():
                yield Waiting(f"m-{id(posted)}", posted.at, 0, posted.text.encode(errors="surrogateescape"))

    def remove(self, message: Waiting) -> None:
        self._posted[:] = [posted for posted in self._posted if f"m-{id(posted)}" != message.id]


class MemoryLease(Lease):
    """A lease in memory; it ends when released or when a test breaks it."""

    def __init__(self, leases: dict[BlobRef, int], ref: BlobRef, token: int) -> None:
        self._leases, self._ref, self.number = leases, ref, token

    def renew(self) -> None:
        """Keep it."""
        if self._leases.get(self._ref) != self.number:
            raise LeaseHeldError("lost")

    def release(self) -> None:
        """Give it back."""
        if self._leases.get(self._ref) == self.number:
            del self._leases[self._ref]


class MemoryStorage(Storage):
    """Blobs and queues in memory; `page_size` is how many blobs a page of a listing has."""

    page_size = 1000

    def __init__(self, now: Callable[[], datetime] | None = None) -> None:
        self.now = now or Clock()
        self.blobs: dict[BlobRef, tuple[Blob, bytes]] = {}
        self.queues: dict[str, list[Posted]] = {}
        self.leases: dict[BlobRef, int] = {}
        self._numbers = itertools.count(1)
        self._annotating = threading.Lock()

    def find(self, ref: BlobRef) -> Blob | None:
        return self.blobs[ref][0] if ref in self.blobs else None

    def list(self, container: str, prefix: str = "") -> Iterator[Blob]:
        names = sorted(ref for ref in self.blobs if ref.container == container and ref.name.startswith(prefix))
        yield from (self.blobs[ref][0] for ref in names)

    def pages(self, container: str, marker: str | None) -> Iterator[Page]:
        found = [blob for blob in self.list(container) if marker is None or blob.ref.name > marker]
        for at in range(0, len(found) or 1, self.page_size):
            page = [replace(blob, metadata={}) for blob in found[at : at + self.page_size]]
            yield page, page[-1].ref.name if at + self.page_size < len(found) else None

    def annotate(self, blob: Blob, metadata: Mapping[str, str]) -> bool:
        with self._annotating:
            current, data = self.blobs.get(blob.ref, (None, b""))
            if current is None or current.etag != blob.etag or blob.ref in self.leases:
                return False
            self.write(blob.ref, data, "", metadata=metadata)
            return True

    def download(self, ref: BlobRef, to: BinaryIO, *, etag: str | None = None) -> str | None:
        if ref not in self.blobs:
            return None
        blob, data = self.blobs[ref]
        if etag is not None and blob.etag != etag:
            raise Changed("The document changed while it was read.", after=0)
        to.write(data)
        return hashlib.sha256(data).hexdigest()

    def read(self, ref: BlobRef) -> bytes | None:
        return self.blobs[ref][1] if ref in self.blobs else None

    def write(
        self,
        ref: BlobRef,
        data: bytes | Path,
        media_type: str,
        *,
        lease: Lease | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        given = lease.number if isinstance(lease, MemoryLease) else None
        if self.leases.get(ref) != given:
            raise LeaseHeldError("LeaseIdMissing")
        content = data if isinstance(data, bytes) else data.read_bytes()
        etag = f'"{next(self._numbers):#x}"'
        self.blobs[ref] = (Blob(ref, etag, len(content), self.now(), dict(metadata or {})), content)
        return etag

    def create(self, ref: BlobRef, data: bytes, media_type: str) -> bool:
        if ref in self.blobs:
            return False
        self.write(ref, data, media_type)
        return True

    def delete(self, ref: BlobRef) -> None:
        self.blobs.pop(ref, None)

    def lease(self, ref: BlobRef) -> Lease:
        if ref in self.leases:
            raise LeaseHeldError("LeaseAlreadyPresent")
        self.leases[ref] = next(self._numbers)
        return MemoryLease(self.leases, ref, self.leases[ref])

    def send(self, queue: str, message: str | bytes, *, delay: float = 0) -> None:
        text = message if isinstance(message, str) else message.decode(errors="surrogateescape")
        if len(text.encode(errors="surrogateescape")) > LARGEST_MESSAGE:
            raise TooLarge("A queue message may have 48 KiB.")
        self.queues.setdefault(queue, []).append(Posted(text, delay, self.now()))

    def depth(self, queue: str) -> int | None:
        return len(self.queues[queue]) if queue in self.queues else None

    def queue(self, name: str) -> Queue:
        return MemoryQueue(self.queues.get(name, []), self.now)

    def prepare(self, containers: tuple[str, ...], queues: tuple[str, ...]) -> None:
        for queue in queues:
            self.queues.setdefault(queue, [])

    def age(self, ref: BlobRef, when: datetime) -> None:
        """Make a blob look as if last written then."""
        blob, data = self.blobs[ref]
        self.blobs[ref] = (replace(blob, modified=when), data)


class FakeOcr(OcrClient):
    """Answers at once with one page a page, counts calls, and raises what a test puts into `faults` first."""

    def __init__(self) -> None:
        super().__init__(url="http://fake", transport=Transport(Key("unused")), seconds=1)
        object.__setattr__(self, "calls", [])
        object.__setattr__(self, "faults", [])
        object.__setattr__(self, "dropped", ())

    calls: list[OcrRequest]
    faults: list[Exception]
    dropped: tuple[str, ...]

    def read(self, request: OcrRequest, answer: Path) -> tuple[OcrAnswer, tuple[str, ...]]:
        if self.faults:
            raise self.faults.pop(0)
        self.calls.append(request)
        texts = _texts(request)
        pages = [
            self._page(at, text, bool(request.fields.get("include_image_base64"))) for at, text in enumerate(texts)
        ]
        usage = {"pages_processed": len(texts), "doc_size_bytes": request.file.stat().st_size}
        answer.write_text(json.dumps({"pages": pages, "usage_info": usage}))
        return OcrAnswer.read(answer), self.dropped

    @staticmethod
    def _page(at: int, text: str, figures: bool) -> dict[str, Any]:
        image = {"id": "img-0.jpeg", "image_base64": "data:image/jpeg;base64,/9j/AA==" if figures else None}
        return {"index": at, "markdown": f"{text}\n\n![img-0.jpeg](img-0.jpeg)", "images": [image]}


class FakeImages(ImageClient):
    """Makes grey PNGs at once, counts calls, and raises what a test puts into `faults` first.

    `partials` come before the picture; `data` is answered in place of it.
    """

    def __init__(self) -> None:
        super().__init__("http://fake", "v1", "", Transport(Key("unused")), 1)
        object.__setattr__(self, "calls", [])
        object.__setattr__(self, "faults", [])
        object.__setattr__(self, "partials", [])
        object.__setattr__(self, "data", [])

    calls: list[ImageRequest]
    faults: list[Exception | None]
    partials: list[bytes]
    data: list[dict[str, Any]]

    def make(self, request: ImageRequest, answer: Path, on_partial: Callable[[int, Path], None]) -> ImageAnswer:
        fault = self.faults.pop(0) if self.faults else None
        if fault:
            raise fault
        self.calls.append(request)
        for index, partial in enumerate(self.partials):
            answer.with_suffix(".unfinished").write_bytes(partial)
            on_partial(index, answer.with_suffix(".unfinished"))
        encoded = base64.b64encode(small_png(len(self.calls))).decode()
        usage = {"input_tokens_details": {"text_tokens": 10, "image_tokens": 0}, "output_tokens": 100}
        count = int(request.fields.get("n", 1))
        data = self.data or [{"b64_json": encoded}] * count
        answer.write_text(json.dumps({"data": data, "usage": usage}))
        return ImageAnswer.read(answer)


class FakeEmbeddings(EmbeddingClient):
    """Answers at once with vectors of eight numbers that count its calls and texts.

    Raises what a test puts into `faults` first, and refuses texts with `bad` in them; `vectors` are answered in place
    of good ones.
    """

    def __init__(self) -> None:
        super().__init__("http://fake", "", Transport(Key("unused")), 1)
        for name in ("calls", "faults", "vectors"):
            object.__setattr__(self, name, [])

    calls: list[EmbeddingRequest]
    faults: list[Exception | None]
    vectors: list[list[list[float]]]

    def embed(self, request: EmbeddingRequest, answer: Path) -> None:
        fault = self.faults.pop(0) if self.faults else None
        if fault:
            raise fault
        if any("bad" in text for text in request.texts):
            raise Invalid("The deployment refused the request (HTTP 422).")
        self.calls.append(request)
        good = [[len(self.calls), at + 1, *[0.0] * ((request.dimensions or 1536) - 2)] for at in range(request.vectors)]
        sent = self.vectors.pop(0) if self.vectors else good
        data = [{"index": at, "embedding": vector} for at, vector in enumerate(sent)]
        answer.write_text(json.dumps({"data": data, "usage": {"prompt_tokens": 10 * len(sent)}}))


def small_png(shade: int = 0, size: tuple[int, int] = (8, 8), mode: str = "L") -> bytes:
    """A PNG of one shade."""
    buffer = io.BytesIO()
    Image.new(mode, size, shade).save(buffer, "PNG")
    return buffer.getvalue()


def _texts(request: OcrRequest) -> list[str]:
    if request.media_type != PDF:
        return ["A picture."]
    with pypdfium2.PdfDocument(request.file) as pdf:
        return [page.get_textpage().get_text_bounded().strip() for page in pdf]


@dataclass
class Bench:
    """A process with fakes all around: drop files, run its queue, look at what came out."""

    storage: MemoryStorage
    ocr: FakeOcr
    images: FakeImages
    embeddings: FakeEmbeddings
    clock: Clock
    services: Services

    @classmethod
    def make(cls, **settings: Any) -> "Bench":
        """Fakes that share one clock; settings beside the needed ones."""
        clock, ocr = Clock(), FakeOcr()
        storage = MemoryStorage(clock)
        fake = "http://fake"
        needed = {"storage": "memory", "ocr_endpoint": fake, "image_endpoint": fake, "embedding_endpoint": fake}
        chosen = Settings(**{**needed, **settings})
        images, embeddings = FakeImages(), FakeEmbeddings()
        downloads = Downloads(chosen.image_endpoint)
        services = Services(chosen, storage, ocr, images, embeddings, downloads, clock, lambda low, high: low)
        return cls(storage, ocr, images, embeddings, clock, services)

    def drop(self, name: str, data: bytes, **metadata: str) -> None:
        """Write a document and tell of it, as the trigger does."""
        ref = BlobRef("documents", name)
        self.storage.write(ref, data, "application/octet-stream", metadata=metadata)
        ocr_jobs.document_dropped(self.services, ref)

    def post(self, **message: Any) -> None:
        """Post a message on `ocr-jobs`."""
        self.storage.send("ocr-jobs", json.dumps(message))

    def step(self, attempt: int = 1) -> Posted | None:
        """Deliver the next message that is visible now; None when there is none."""
        waiting = self.storage.queues.get("ocr-jobs", [])
        if not waiting:
            return None
        posted = waiting.pop(0)
        ocr_jobs.ocr_message(self.services, posted.text.encode(), attempt)
        return posted

    def run(self, most: int = 100) -> None:
        """Deliver messages, delays over at once, until the queue is empty."""
        for _ in range(most):
            if self.step() is None:
                return
        raise AssertionError("The queue does not come to rest.")

    def record(self, name: str) -> JobRecord:
        """The record of a document."""
        found = read_record(self.storage, f"ocr/{name}")
        assert found is not None
        return found

    def result(self, path: str) -> str:
        """A result file's text."""
        return (self.storage.read(BlobRef("results", path)) or b"").decode()

    def results(self, folder: str) -> list[str]:
        """The result files below a folder, without its name."""
        return [blob.ref.name.removeprefix(f"{folder}/") for blob in self.storage.list("results", f"{folder}/")]

    def events(self) -> list[JobEvent]:
        """The events that were posted."""
        return [JobEvent.model_validate_json(posted.text) for posted in self.storage.queues.get("job-events", [])]
