"""A worker is killed at each of its storage requests in turn: whatever was begun ends once, and is told and paid."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared import image_jobs, ocr_jobs
from shared.errors import Refused, Throttled, Unavailable
from shared.jobs import MAX_ATTEMPTS
from shared.messages import JobRecord
from shared.names import (
    BLOB_POISON,
    IMAGE_JOBS,
    IMAGE_JOBS_POISON,
    OCR_JOBS,
    OCR_JOBS_POISON,
    RESULTS,
    BlobRef,
)
from shared.records import read_record
from shared.services import Services
from tests import corpus
from tests.fakes import Bench, MemoryStorage, Posted

PAGE_BY_PAGE: dict[str, Any] = {
    "models": {"page-by-page": {"like": "mistral-ocr-4-0", "max_pages": 1}},
    "ocr_model": "page-by-page",
}
REQUESTS = frozenset({"find", "list", "download", "read", "write", "create", "annotate", "delete", "lease", "send"})
BACK = timedelta(seconds=30)  # a message whose worker died is visible again after this


class KilledError(BaseException):
    """The process is gone: nothing that runs in it can do anything about it."""


class Deadly(MemoryStorage):
    """Counts requests while `armed`, and kills whoever makes the one numbered `strikes`."""

    armed = False
    strikes = requests = 0

    def __getattribute__(self, name: str) -> Any:
        if name in REQUESTS and super().__getattribute__("armed"):
            self.requests += 1
            if self.requests == self.strikes:
                raise KilledError
        return super().__getattribute__(name)


Work = Callable[[Services, bytes, int, str], None]
WORK: dict[str, Work] = {
    OCR_JOBS: lambda services, body, attempt, _: ocr_jobs.ocr_message(services, body, attempt),
    IMAGE_JOBS: lambda services, body, attempt, name: image_jobs.image_message(
        services, body, attempt, message_id=name
    ),
    OCR_JOBS_POISON: lambda services, body, *_: ocr_jobs.buried(services, body),
    IMAGE_JOBS_POISON: lambda services, body, *_: image_jobs.buried(services, body),
    BLOB_POISON: lambda services, body, *_: ocr_jobs.buried_event(services, body),
}


class World:
    """A bench whose messages are delivered as the host does it, each again when its worker dies."""

    def __init__(self, strikes: int) -> None:
        self.bench = Bench.make(**PAGE_BY_PAGE)
        self.storage = Deadly(self.bench.clock)
        self.storage.strikes = strikes
        self.bench.storage = self.storage
        object.__setattr__(self.bench.services, "storage", self.storage)
        self._names = (f"m-{number}" for number in itertools.count())
        self._delivered: dict[str, tuple[str, int]] = {}

    def run(self) -> None:
        """Deliver messages until there are none, waiting for those that wait."""
        for _ in range(200):
            waiting = [(posted.at + timedelta(seconds=posted.delay), queue, posted) for queue, posted in self._posted()]
            if not waiting:
                return
            when, queue, posted = min(waiting, key=lambda one: one[0])
            self.bench.clock.now = max(when, self.bench.clock.now)
            self.storage.queues[queue].remove(posted)
            self._deliver(queue, posted)
        raise AssertionError("The queues do not come to rest.")

    def _posted(self) -> Iterator[tuple[str, Posted]]:
        return ((queue, posted) for queue in WORK for posted in self.storage.queues.get(queue, []))

    def _deliver(self, queue: str, posted: Posted) -> None:
        name, before = self._delivered.pop(f"{queue} {posted}", ("", 0))
        name, attempt = name or next(self._names), before + 1
        self.storage.armed = True
        try:
            WORK[queue](self.bench.services, posted.text.encode(), attempt, name)
        except KilledError:
            self.storage.leases.clear()
            again = replace(posted, delay=BACK.total_seconds(), at=self.bench.clock.now)
            self._delivered[f"{queue} {again}"] = name, attempt
            assert attempt < MAX_ATTEMPTS
            self.storage.queues[queue].append(again)
        finally:
            self.storage.armed = False

    def records(self) -> list[JobRecord]:
        """All records, in name order."""
        names = [blob.ref.name for blob in self.storage.list(RESULTS) if blob.ref.name.endswith("/job.json")]
        found = [read_record(self.storage, name.removesuffix("/job.json")) for name in names]
        return [record for record in found if record is not None]

    def paid(self) -> int:
        """Calls of models that were answered."""
        return len(self.bench.ocr.calls) + len(self.bench.images.calls)


def one_page(bench: Bench) -> None:
    """A document of one part."""
    bench.drop("a.pdf", corpus.text_pdf())


def parts(bench: Bench) -> None:
    """A document of three parts, two of which wait for the model."""
    bench.ocr.faults += [Throttled("slow down", after=5.0), Unavailable("gone")]
    bench.drop("a.pdf", corpus.text_pdf(pages=3))


def two_jobs(bench: Bench) -> None:
    """Two jobs for one version of a document, the second in a hurry."""
    bench.drop("a.pdf", corpus.text_pdf(pages=2))
    bench.post(document="documents/a.pdf", pages="2", job_id="second")


def newer_version(bench: Bench) -> None:
    """A document that changes while its first version is read."""
    bench.drop("a.pdf", corpus.text_pdf(pages=2))
    bench.step()
    bench.drop("a.pdf", corpus.text_pdf(pages=1))


def replayed(bench: Bench) -> None:
    """A document whose first run was refused."""
    bench.ocr.faults.append(Refused("The content filter refused it."))
    bench.drop("a.pdf", corpus.text_pdf(pages=2))
    bench.run()
    bench.post(**json.loads(bench.record("a.pdf").message or ""), replays=1)


def taken_away(bench: Bench) -> None:
    """A document that is removed while its parts are read, and told of once more."""
    bench.drop("a.pdf", corpus.text_pdf(pages=2))
    bench.step()
    bench.storage.delete(BlobRef("documents", "a.pdf"))
    bench.post(document="documents/a.pdf")


def picture(bench: Bench) -> None:
    """A picture without a job's name."""
    bench.storage.send(IMAGE_JOBS, json.dumps({"prompt": "A lighthouse"}))


def odd_messages(bench: Bench) -> None:
    """What is no message, in three queues, and an event that was poisoned."""
    bench.storage.send(OCR_JOBS, "{}")
    bench.storage.send(IMAGE_JOBS, "nonsense")
    bench.storage.send(OCR_JOBS_POISON, "[]")
    bench.storage.write(BlobRef("documents", "a.pdf"), corpus.text_pdf(), "application/pdf")
    bench.storage.send(BLOB_POISON, json.dumps({"ContainerName": "documents", "BlobName": "a.pdf"}))


def ran(asked: Callable[[Bench], None], strikes: int = 0) -> World:
    """What became of what was asked for, with the worker killed at one request."""
    world = World(strikes)
    asked(world.bench)
    world.run()
    return world


@pytest.mark.parametrize(
    "asked", [one_page, parts, two_jobs, newer_version, replayed, taken_away, picture, odd_messages]
)
def test_a_worker_that_is_killed_at_any_request_loses_nothing(asked: Callable[[Bench], None]) -> None:
    """Every job is over and told of, at most one event is told twice and one call paid twice, and no result lacks."""
    calm = ran(asked)
    told = Counter(event.job_id for event in calm.bench.events())

    for strikes in range(1, calm.storage.requests + 1):
        world = ran(asked, strikes)

        assert world.storage.requests > strikes, strikes
        assert all(record.final and record.announced for record in world.records()), strikes
        events = Counter(event.job_id for event in world.bench.events())
        assert events >= told, strikes
        assert events.total() <= told.total() + 1, strikes
        assert world.paid() <= calm.paid() + 1, strikes
        for record in world.records():
            folder = f"ocr/{record.source.name.partition('/')[2]}" if record.source else f"images/{record.job_id}"
            assert set(record.outputs) <= set(world.bench.results(folder)), strikes
