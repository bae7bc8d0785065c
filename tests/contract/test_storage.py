"""Storage against real Azurite, and the fake in memory against the same expectations."""

import io
import uuid
from collections.abc import Iterator

import pytest
from azure.core.exceptions import HttpResponseError

from shared.errors import Changed, TooLarge
from shared.names import BlobRef
from shared.storage import LEASE_SECONDS, MarkerError, Storage
from shared.storage import LeaseHeldError as Held
from tests.fakes import MemoryStorage
from tests.servers import answer, serving

CONTAINER = f"c{uuid.uuid4().hex[:12]}"
QUEUE = f"q{uuid.uuid4().hex[:12]}"
ODD_NAME = "Ordner ü/#7 100% 图表?&+.pdf"


@pytest.fixture(params=["memory", "azurite"])
def storage(request: pytest.FixtureRequest) -> Iterator[Storage]:
    """Both storages, with a container and a queue."""
    chosen: Storage = MemoryStorage()
    if request.param == "azurite":
        chosen = Storage.from_connection_string(request.getfixturevalue("azurite"))
    chosen.prepare((CONTAINER,), (QUEUE,))
    yield chosen
    for blob in list(chosen.list(CONTAINER)):
        chosen.delete(blob.ref)


def test_a_blob_is_found_again_with_its_bytes_size_and_metadata(storage: Storage) -> None:
    """What is written under the oddest name comes back as it was."""
    ref = BlobRef(CONTAINER, ODD_NAME)
    etag = storage.write(ref, b"content", "text/plain", metadata={"pages": "1-3"})
    found = storage.find(ref)
    assert found is not None
    assert (found.ref, found.etag, found.size, dict(found.metadata)) == (ref, etag, 7, {"pages": "1-3"})
    assert storage.read(ref) == b"content"
    assert [blob.ref for blob in storage.list(CONTAINER, "Ordner")] == [ref]


def test_a_missing_blob_is_none_and_deleting_it_is_no_error(storage: Storage) -> None:
    """Absence is an answer, not an exception."""
    ref = BlobRef(CONTAINER, "absent")
    assert storage.find(ref) is None
    assert storage.read(ref) is None
    assert storage.download(ref, io.BytesIO()) is None
    storage.delete(ref)


def test_a_download_gives_the_hash_and_refuses_another_version(storage: Storage) -> None:
    """A file that changes between look and read is noticed by its ETag."""
    ref = BlobRef(CONTAINER, "changing")
    first = storage.write(ref, b"one", "text/plain")
    to = io.BytesIO()
    digest = storage.download(ref, to, etag=first)
    assert (to.getvalue(), digest) == (b"one", "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed")
    storage.write(ref, b"two", "text/plain")
    with pytest.raises(Changed):
        storage.download(ref, io.BytesIO(), etag=first)


def test_create_writes_only_once(storage: Storage) -> None:
    """Of two creators one wins and the other knows."""
    ref = BlobRef(CONTAINER, "created")
    assert storage.create(ref, b"first", "text/plain")
    assert not storage.create(ref, b"second", "text/plain")
    assert storage.read(ref) == b"first"


def test_a_listing_goes_on_from_its_marker(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page, nothing twice and nothing left out, whoever asks for the next page and when."""
    monkeypatch.setattr("shared.storage._LISTED", 2)
    monkeypatch.setattr(MemoryStorage, "page_size", 2)
    names = [f"{number} {ODD_NAME}" for number in range(5)]
    for name in names:
        storage.write(BlobRef(CONTAINER, name), b"x", "text/plain", metadata={"left": "out"})
    found, marker, rounds = [], None, 0
    while rounds == 0 or marker:
        blobs, marker = next(storage.pages(CONTAINER, marker))
        found += blobs
        rounds += 1
    assert rounds == 3
    assert [blob.ref.name for blob in found] == names
    versions = {name: storage.find(BlobRef(CONTAINER, name)) for name in names}
    assert {n: b.etag.strip('"') for n, b in versions.items() if b} == {b.ref.name: b.etag.strip('"') for b in found}
    assert {len(blob.metadata) for blob in found} == {0}
    assert [len(blobs) for blobs, _ in storage.pages(CONTAINER, None)] == [2, 2, 1]


def test_an_empty_container_has_one_page_with_nothing_in_it(storage: Storage) -> None:
    """A walk through it ends, too."""
    assert list(storage.pages(CONTAINER, None)) == [([], None)]


def test_a_note_replaces_the_metadata_and_nothing_else(storage: Storage) -> None:
    """The content stays; the version changes, so that of two who note at once one knows."""
    ref = BlobRef(CONTAINER, "noted")
    storage.write(ref, b"content", "text/plain", metadata={"status": "waiting"})
    seen = storage.find(ref)
    assert seen is not None
    assert storage.annotate(seen, {"status": "waiting", "posted": "0x1"})
    assert not storage.annotate(seen, {"posted": "0x2"})
    after = storage.find(ref)
    assert after is not None
    assert dict(after.metadata) == {"status": "waiting", "posted": "0x1"}
    assert storage.read(ref) == b"content"


def test_a_blob_that_is_leased_or_gone_takes_no_note(storage: Storage) -> None:
    """Whoever holds it is at work on it."""
    ref = BlobRef(CONTAINER, "noted-not")
    storage.create(ref, b"", "text/plain")
    seen = storage.find(ref)
    assert seen is not None
    lease = storage.lease(ref)
    assert not storage.annotate(seen, {"a": "b"})
    lease.release()
    assert storage.annotate(seen, {"a": "b"})
    storage.delete(ref)
    assert not storage.annotate(seen, {"a": "c"})


def test_a_marker_that_the_service_refuses_is_told_from_other_faults() -> None:
    """A sweep begins anew at the one and ends at the other."""
    body = b"<Error><Code>OutOfRangeInput</Code><Message>no such marker</Message></Error>"
    with serving(answer(400, body, **{"x-ms-error-code": "OutOfRangeInput", "content_type": "application/xml"})) as at:
        azure = _account_at(at.url.removesuffix("/ocr"))
        with pytest.raises(MarkerError):
            next(azure.pages("documents", "a marker of long ago"))
        with pytest.raises(HttpResponseError):
            next(azure.pages("documents", None))


def test_a_leased_blob_is_written_by_its_holder_only(storage: Storage) -> None:
    """The claim on a job keeps everybody else's writes out."""
    ref = BlobRef(CONTAINER, "leased")
    storage.create(ref, b"", "text/plain")
    lease = storage.lease(ref)
    with pytest.raises(Held):
        storage.lease(ref)
    with pytest.raises(Held):
        storage.write(ref, b"stranger", "text/plain")
    lease.renew()
    storage.write(ref, b"holder", "text/plain", lease=lease)
    lease.release()
    lease.release()
    storage.lease(ref).release()
    assert storage.read(ref) == b"holder"


def test_a_lease_that_is_lost_shows_at_the_next_write(storage: Storage) -> None:
    """A worker whose lease went to another cannot overwrite the other's work."""
    ref = BlobRef(CONTAINER, "lost")
    storage.create(ref, b"", "text/plain")
    lost = storage.lease(ref)
    lost.release()
    current = storage.lease(ref)
    with pytest.raises(Held):
        storage.write(ref, b"late", "text/plain", lease=lost)
    with pytest.raises(Held):
        lost.renew()
    current.release()


def test_messages_are_counted_and_bounded(storage: Storage) -> None:
    """A message above 48 KiB is refused before the service does it with a worse sentence."""
    before = storage.depth(QUEUE) or 0
    storage.send(QUEUE, "x" * 48 * 1024)
    assert storage.depth(QUEUE) == before + 1
    assert storage.depth("absent-queue") is None
    with pytest.raises(TooLarge, match="48 KiB"):
        storage.send(QUEUE, "x" * (48 * 1024 + 1))


def test_a_leased_blob_counts_as_there_in_the_words_of_azure_too() -> None:
    """Azurite answers 409 where Azure answers 412 LeaseIdMissing (Azure/Azurite issue 2637)."""
    headers = {"x-ms-error-code": "LeaseIdMissing", "content_type": "application/xml"}
    with serving(
        answer(412, b"<Error><Code>LeaseIdMissing</Code><Message>leased</Message></Error>", **headers)
    ) as server:
        azure = _account_at(server.url.removesuffix("/ocr"))
        assert not azure.create(BlobRef("ledger", "entry"), b"", "application/json")


def test_a_short_outage_is_over_before_a_lease_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was paid while storage was busy is written while the claim on it still holds."""
    paused: list[float] = []
    monkeypatch.setattr("time.sleep", paused.append)
    with serving(*[answer(503, b"")] * 3, answer(201, b"", etag='"1"')) as server:
        azure = _account_at(server.url.removesuffix("/ocr"))
        azure.write(BlobRef("ledger", "entry"), b"paid", "application/json")
    assert len(paused) == 3
    assert sum(paused) < LEASE_SECONDS


def _account_at(endpoint: str) -> Storage:
    return Storage.from_connection_string(
        f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;BlobEndpoint={endpoint};QueueEndpoint={endpoint}"
    )
