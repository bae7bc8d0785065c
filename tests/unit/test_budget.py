"""Caps on what a day may cost: counted together, given back when not paid, waited for or failed as the setting says."""

import threading
from typing import Any

import pytest

from shared.budget import Budget
from shared.errors import Busy, Incomplete, OverBudget, Spent, Throttled, TooLarge, Unavailable
from shared.messages import Status
from shared.names import LEDGER, BlobRef
from shared.settings import Settings
from tests.corpus import text_pdf
from tests.fakes import Bench, Clock, MemoryStorage

TODAY = BlobRef(LEDGER, "spent/2026-11-20")


def budget(storage: MemoryStorage, **settings: Any) -> Budget:
    """A budget of ten of each, at noon."""
    caps = {"max_pages_a_day": 10, "max_images_a_day": 10, "max_vectors_a_day": 10}
    return Budget(storage, Settings(**{**caps, **settings}), storage.now)


def spent(storage: MemoryStorage) -> dict[str, str]:
    """What is counted today."""
    found = storage.find(TODAY)
    return dict(found.metadata) if found else {}


def test_a_cap_holds_jobs_until_the_next_day() -> None:
    """At noon that is twelve hours; the next day counts from nothing."""
    clock = Clock()
    storage = MemoryStorage(clock)
    caps = budget(storage)
    with caps.spending("pages", 8):
        pass

    with pytest.raises(Spent) as held, caps.spending("pages", 3):
        pytest.fail("not to be paid")
    clock.forward(hours=13)
    with caps.spending("pages", 3):
        pass

    assert held.value.after == 12 * 3600
    assert spent(storage) == {"pages": "8"}


def test_a_cap_can_let_jobs_fail_instead() -> None:
    """They can be replayed when the day is over."""
    caps = budget(MemoryStorage(), above_cap="fail", max_images_a_day=1)
    with caps.spending("images", 1):
        pass

    with pytest.raises(OverBudget, match="DARKROOM_MAX_IMAGES_A_DAY") as failed, caps.spending("images", 1):
        pytest.fail("not to be paid")
    assert failed.value.retryable


def test_what_fits_into_no_day_fails_at_once() -> None:
    """Waiting for tomorrow would not help it."""
    with pytest.raises(TooLarge, match="11 pages"), budget(MemoryStorage()).spending("pages", 11):
        pytest.fail("not to be paid")


@pytest.mark.parametrize(
    ("unit", "fault", "counted"),
    [
        ("pages", Throttled("later"), "0"),
        ("pages", Unavailable("503"), "0"),
        ("images", Unavailable("cut"), "4"),
        ("images", Unavailable("never connected", reached=False), "0"),
        ("vectors", Incomplete("too few"), "4"),
    ],
)
def test_what_was_not_billed_is_given_back(unit: Any, fault: Exception, counted: str) -> None:
    """A storm of 429s must not use the day up; a picture that was begun may be billed."""
    storage = MemoryStorage()

    with pytest.raises(type(fault)), budget(storage).spending(unit, 4):
        raise fault

    assert spent(storage)[unit] == counted


def test_a_call_that_failed_is_told_though_nothing_can_be_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause that the model asked for must not become another call two seconds later."""
    storage = MemoryStorage()

    with pytest.raises(Throttled), budget(storage).spending("pages", 4):
        monkeypatch.setattr(storage, "annotate", lambda *_: False)
        raise Throttled("later", after=60.0)

    assert spent(storage) == {"pages": "4"}


def test_many_instances_together_stay_below_the_cap() -> None:
    """Forty that count at once, ten of which fit."""
    storage = MemoryStorage()
    outcomes: list[bool] = []

    def one() -> None:
        try:
            with budget(storage, max_vectors_a_day=10).spending("vectors", 1):
                outcomes.append(True)
        except (Spent, Busy):
            outcomes.append(False)

    threads = [threading.Thread(target=one) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(outcomes) == 10
    assert spent(storage) == {"vectors": "10"}


def test_without_a_cap_storage_is_not_asked() -> None:
    """Nobody pays for a guard that is off."""
    storage = MemoryStorage()

    with Budget(storage, Settings(), storage.now).spending("pages", 1_000_000):
        pass

    assert storage.blobs == {}


def test_a_document_above_the_cap_waits_and_is_read_the_next_day() -> None:
    """The whole way: the record says for what it waits."""
    bench = Bench.make(max_pages_a_day=3, job_hours=48)
    bench.drop("one.pdf", text_pdf(pages=2))
    bench.drop("two.pdf", text_pdf(pages=3))
    bench.step()
    bench.step()

    waiting = bench.record("two.pdf")
    bench.clock.forward(hours=13)
    bench.run()

    assert waiting.problem is not None
    assert (waiting.status, waiting.problem.code) == (Status.WAITING, "budget_spent")
    assert bench.record("two.pdf").status is Status.SUCCEEDED


def days_until_over(bench: Bench, name: str) -> int:
    """How many midnights pass until a document's job has ended."""
    for days in range(10):
        for _ in range(len(bench.storage.queues["ocr-jobs"])):
            bench.step()
        if bench.record(name).final:
            return days
        bench.clock.forward(days=1)
    raise AssertionError("It never ends.")


def test_waiting_for_the_cap_does_not_use_up_the_time_to_live() -> None:
    """A document of three parts under a cap of one part a day is read in three days, though jobs live for 13 hours."""
    bench = Bench.make(max_pages_a_day=30, job_hours=13)
    bench.drop("long.pdf", text_pdf(pages=65))
    bench.step()

    days = days_until_over(bench, "long.pdf")

    assert (days, bench.record("long.pdf").status) == (2, Status.SUCCEEDED)
    assert len(bench.events()) == 1


def test_a_job_that_waits_for_something_else_after_the_cap_gives_up_in_time() -> None:
    """Its hours count from when the cap let it go on."""
    bench = Bench.make(max_pages_a_day=2, job_hours=2)
    bench.drop("one.pdf", text_pdf(pages=2))
    bench.drop("two.pdf", text_pdf(pages=1))
    bench.step()
    bench.step()
    bench.ocr.faults += [Throttled("later", after=60.0)] * 2

    bench.clock.forward(hours=13)
    bench.step()
    held = bench.record("two.pdf").status
    bench.clock.forward(hours=2)
    bench.step()

    problem = bench.record("two.pdf").problem
    assert (held, problem.code if problem else None) == (Status.WAITING, "gave_up")
