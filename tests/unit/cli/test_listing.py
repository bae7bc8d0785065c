"""Finding jobs by the listing of their records: with little memory, and without reading them."""

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime

from cli import listing, status
from shared.messages import Status
from shared.names import QUEUES, BlobRef, record_of
from shared.storage import Blob
from tests.corpus import text_pdf
from tests.fakes import Bench, MemoryStorage

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FIVE_MB = 5 * 1024 * 1024


class Large(MemoryStorage):
    """An account with this many failed jobs, each made as it is listed; counts walks, and records that are read."""

    jobs = 100_000
    walks = looks = 0

    def list(self, container: str, prefix: str = "") -> Iterator[Blob]:
        self.walks += 1
        for number in range(self.jobs):
            told = {"status": "failed", "job": f"ocr-{number}", "kind": "ocr", "code": "crashed"}
            yield Blob(BlobRef(container, f"ocr/{number:06}.pdf/job.json"), "0x1", 9, NOW, told)
            yield Blob(BlobRef(container, f"ocr/{number:06}.pdf/document.md"), "0x1", 9, NOW)

    def read(self, ref: BlobRef) -> bytes | None:
        self.looks += 1
        return None


def test_an_overview_of_many_jobs_takes_little_memory_and_reads_only_what_it_shows() -> None:
    """A hundred thousand failures are counted; the records of twenty are read."""
    storage = Large()
    storage.prepare((), QUEUES)
    tracemalloc.start()

    told = status.overview(storage, NOW, limit=20)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert told.counts["ocr"]["failed"] == Large.jobs
    assert (len(told.jobs), storage.looks) == (20, 20)
    assert peak < FIVE_MB


def test_many_names_are_looked_for_in_one_walk() -> None:
    """Replaying twenty jobs does not list the account twenty times."""
    storage = Large()
    storage.jobs = 1000

    found = listing.named(storage, ["ocr-7", "ocr-99", "none"])

    assert {name: [entry.folder for entry in entries] for name, entries in found.items()} == {
        "ocr-7": ["ocr/000007.pdf"],
        "ocr-99": ["ocr/000099.pdf"],
        "none": [],
    }
    assert storage.walks == 1


def test_a_status_that_this_version_does_not_know_does_not_end_the_listing() -> None:
    """A later version may have written it; the other jobs are told of all the same."""
    storage = MemoryStorage()
    for name, told in (("a", "asleep"), ("b", "failed")):
        metadata = {"status": told, "job": name, "kind": "image"}
        storage.write(BlobRef("results", f"images/{name}/job.json"), b"{}", "application/json", metadata=metadata)

    assert [entry.job_id for entry in listing.walk(storage)] == ["b"]


def test_a_record_without_metadata_is_read() -> None:
    """A copy of an account has lost it; blobs of others that are called the same are no jobs."""
    bench = Bench.make()
    bench.drop("a.pdf", text_pdf())
    bench.run()
    record = record_of("ocr/a.pdf")
    bench.storage.write(record, bench.storage.read(record) or b"", "application/json")
    for name, content in (("b", b""), ("c", b'{"job": "mine"}')):
        bench.storage.write(record_of(f"ocr/{name}"), content, "application/json")

    [entry] = listing.walk(bench.storage)

    job_id = bench.record("a.pdf").job_id
    assert (entry.job_id, entry.kind, entry.status, entry.code) == (job_id, "ocr", Status.SUCCEEDED, "")
    assert listing.named(bench.storage, ["a.pdf"]) == {"a.pdf": [entry]}
