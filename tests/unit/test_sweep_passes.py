"""How a sweep walks a large container: from page to page, over several runs, and asking for little."""

import gc
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from shared.names import BlobRef
from shared.storage import Blob, MarkerError, Page
from shared.sweep import sweep
from tests.fakes import Bench, Clock, MemoryStorage

STATE = BlobRef("ledger", "sweep.json")
OLD, LATE = timedelta(days=30), timedelta(minutes=20)


class Shelf(MemoryStorage):
    """A container of numbered documents that are made up while they are listed; counts what it is asked for, and
    now and then what of it is still in memory.

    Each page takes `page_takes` to list; every `one_late`th document is new, the others are a month old.
    """

    def __init__(self, clock: Clock, documents: int, one_late: int = 0) -> None:
        super().__init__(clock)
        self.clock, self.documents, self.one_late = clock, documents, one_late
        self.page_takes = timedelta()
        self.asked = 0
        self.listed: list[str] = []
        self.held: list[int] = []

    def pages(self, container: str, marker: str | None) -> Iterator[Page]:
        for start in range(int(marker or 0), self.documents, self.page_size):
            self.listed.append(str(start))
            if len(self.listed) % 200 == 0:
                self.held.append(sum(isinstance(thing, Blob) for thing in gc.get_objects()))
            self.clock.now += self.page_takes
            end = min(start + self.page_size, self.documents)
            yield [self._document(number) for number in range(start, end)], str(end) if end < self.documents else None

    def _document(self, number: int) -> Blob:
        late = bool(self.one_late) and number % self.one_late == 0
        return Blob(BlobRef("documents", f"{number:07}.pdf"), '"0x1"', 1, self.now() - (LATE if late else OLD))

    def find(self, ref: BlobRef) -> Blob | None:
        self.asked += 1
        return Blob(ref, '"0x2"', 1, self.now(), {"status": "succeeded", "source_etag": "0x1"})


def bench_of(documents: int, one_late: int = 0) -> tuple[Bench, Shelf]:
    """A bench whose documents are made up."""
    bench = Bench.make()
    shelf = Shelf(bench.clock, documents, one_late)
    object.__setattr__(bench.services, "storage", shelf)
    return bench, shelf


def remember(shelf: MemoryStorage, **state: str) -> None:
    """Leave the state of an earlier run."""
    shelf.write(STATE, json.dumps(state).encode(), "application/json")


def test_a_million_documents_are_walked_in_little_memory_and_only_late_ones_asked_for() -> None:
    """Neither names nor records pile up: a page of the listing is all there is at a time."""
    bench, shelf = bench_of(1_000_000, one_late=1000)
    remember(shelf, since=(bench.clock.now - timedelta(days=2)).isoformat())

    sweep(bench.services)

    assert len(shelf.listed) == 1000
    assert shelf.asked == 1000
    assert max(shelf.held) <= 2 * shelf.page_size


def test_the_first_pass_looks_at_every_document_and_the_next_at_those_that_may_be_open() -> None:
    """A document is looked at while its job can be unfinished, and never after."""
    bench, shelf = bench_of(100, one_late=10)
    sweep(bench.services)
    assert shelf.asked == 100
    sweep(bench.services)
    assert shelf.asked == 110


def test_a_pass_goes_on_where_the_time_of_a_run_was_over() -> None:
    """The function has ten minutes; a first pass over a million documents takes longer."""
    bench, shelf = bench_of(100)
    shelf.page_size, shelf.page_takes = 10, timedelta(minutes=1)
    sweep(bench.services)
    assert shelf.listed == ["0", "10", "20", "30", "40"]
    sweep(bench.services)
    assert shelf.listed[5:] == ["50", "60", "70", "80", "90"]
    assert shelf.asked == 100
    sweep(bench.services)
    assert shelf.listed[10] == "0"
    assert shelf.asked == 100


def test_what_changes_behind_a_pass_is_seen_by_the_next() -> None:
    """A pass that takes days counts from when it began."""
    bench, shelf = bench_of(20)
    shelf.page_size = 10
    began = bench.clock.now
    shelf.page_takes = timedelta(days=9)
    sweep(bench.services)
    sweep(bench.services)
    state = json.loads(shelf.read(STATE) or b"")
    assert state == {"since": (began - timedelta(days=2)).isoformat().replace("+00:00", "Z"),
                     "started": None, "marker": None}  # fmt: skip


def test_a_long_time_to_live_keeps_documents_in_sight_for_longer() -> None:
    """Twice the time that a job may wait."""
    bench = Bench.make(job_hours=100)
    began = bench.clock.now
    sweep(bench.services)
    since = json.loads(bench.storage.read(STATE) or b"")["since"]
    assert since == (began - timedelta(hours=200)).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    "state", [b"", b"\xff", b"[1]", b'{"since": 1e400}', b'{"marker": 7}', b'{"started": "2026-11-20T10:00:00"}']
)
def test_a_state_that_cannot_be_read_begins_the_pass_anew(state: bytes) -> None:
    """A damaged blob costs a pass, not a document."""
    bench, shelf = bench_of(100)
    shelf.write(STATE, state, "application/json")
    sweep(bench.services)
    assert shelf.asked == 100


def test_a_marker_that_storage_does_not_know_begins_the_pass_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else every run would end at the same fault."""
    bench, shelf = bench_of(100)
    remember(shelf, started=bench.clock.now.isoformat(), marker="50")
    pages = shelf.pages

    def choosy(container: str, marker: str | None) -> Iterator[Page]:
        if marker:
            raise MarkerError(marker)
        yield from pages(container, marker)

    monkeypatch.setattr(shelf, "pages", choosy)
    sweep(bench.services)
    assert shelf.asked == 100
