"""The fault suite's own judgement: its plans, its bill, its table and its way to storage."""

import random
import socket
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.names import RESULTS, BlobRef
from tests import corpus
from tests.fakes import Bench
from tests.faults.bill import Bill, Kill
from tests.faults.plan import Job, dice, mixed, points, told
from tests.faults.proxy import Proxy
from tests.faults.table import Row, table
from tests.faults.watch import Awaited, Watch
from tests.servers import answer, serving

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    """Jobs, their order and the moments to strike; each scenario draws for itself."""

    def plan(seed: int) -> str:
        draw = dice(seed, "kills")
        return told(mixed(draw, "kills", 300), points(draw, 12, 300))

    assert plan(1) == plan(1) != plan(2)


def test_a_plan_has_jobs_of_every_shape_with_words_of_their_own() -> None:
    """The shares hold for small plans, too, and nothing is paid in common."""
    jobs = mixed(dice(1, "any"), "any", 60)
    assert len({job.shape for job in jobs}) == 11
    assert len({job.words for job in jobs}) == len({job.folder for job in jobs}) == 60


def bill(*calls: tuple[str, float, float], kills: tuple[float, ...] = ()) -> Bill:
    """The bill of calls, each a request that was under way from one second to another; a kill takes a second."""
    told = [
        {
            "billed": True,
            "model": "m",
            "request_sha256": request,
            "at": (NOON + timedelta(seconds=began)).isoformat(),
            "ended": (NOON + timedelta(seconds=ended)).isoformat(),
        }
        for request, began, ended in calls
    ]
    stats: dict[str, Any] = {"calls": told, "totals": {"billed_calls": len(told)}}
    moments = [NOON + timedelta(seconds=second) for second in kills]
    return Bill.read(stats, [Kill(moment, moment + timedelta(seconds=1)) for moment in moments])


def test_a_call_in_flight_at_a_kill_may_be_paid_again() -> None:
    """Its answer was lost with the worker; so was that of a call which the model took up only when it was dead."""
    paid = bill(("a", 0, 10), ("b", 1, 6), ("a", 40, 50), ("c", 5.5, 9), ("d", 6.5, 9), ("c", 40, 50), kills=(5,))
    assert (paid.requests, paid.twice, paid.in_flight, paid.unexplained) == (4, 2, 3, [])


@pytest.mark.parametrize("kills", [(), (20,), (45,)])
def test_a_call_that_no_kill_lost_is_not_paid_again(kills: tuple[float, ...]) -> None:
    """Neither without a kill, nor when one came later, nor when it caught only the second payment."""
    paid = bill(("a", 0, 10), ("a", 40, 50), kills=kills)
    assert paid.twice == 1
    assert len(paid.unexplained) == 1


def test_an_answer_that_was_being_written_at_a_kill_counts_as_in_flight_if_it_was_lost() -> None:
    """It was not in the ledger yet; one that came at the same time and was not paid again was."""
    paid = bill(("a", 0, 10), ("a", 40, 50), ("b", 0, 10), kills=(11,))
    assert (paid.in_flight, paid.unexplained) == (1, [])


def test_a_bill_that_is_not_whole_is_none() -> None:
    """The emulator keeps the last calls only."""
    with pytest.raises(ValueError, match="forgotten"):
        Bill.read({"calls": [], "totals": {"billed_calls": 1}}, [])


@pytest.mark.parametrize("wrong", [{"lost": 1}, {"twice": 3}, {"broken": ("It is not there.",)}])
def test_a_promise_that_is_broken_is_told_under_the_table(wrong: dict[str, Any]) -> None:
    """A job that is lost, a call that was paid again without a kill, and whatever else a scenario found."""
    counts = {"jobs": 3, "records": 3, "events": 3, "lost": 0, "paid": 5, "twice": 2, "in_flight": 2, "poison": 0}
    good = Row(scenario="kills", plan="abc", seconds=1.0, **counts)  # type: ignore[arg-type]  # they are all numbers
    bad = Row(**{**vars(good), **wrong})
    assert good.kept
    assert "BROKEN" not in table(1, [good])
    assert not bad.kept
    assert "BROKEN in kills" in table(1, [good, bad])


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        ("document.md", "document.md is not there"),
        ("figures/page-1-img-0.jpeg", "figures/page-1-img-0.jpeg is not there"),
        ("document.json", "document.json is not there"),
        ("", ""),
    ],
)
def test_a_record_that_says_more_than_there_is_is_told_of(gone: str, told: str) -> None:
    """Whatever is not there at the moment at which the record says that the job succeeded."""
    bench, asked = done()
    bench.storage.delete(BlobRef(RESULTS, f"{asked.folder}/{gone}"))
    watch = seen(bench, asked)
    assert told in "".join(watch.broken)
    assert bool(watch.broken) == bool(told)
    assert not watch.open


@pytest.mark.parametrize("asked", [{"words": "other words"}, {"size": 3}, {"ends": "encrypted"}])
def test_a_record_of_something_else_than_was_asked_for_is_told_of(asked: dict[str, Any]) -> None:
    """An older version, fewer pages, or another end."""
    bench, job = done()
    assert seen(bench, replace(job, **asked)).broken


def test_a_link_to_a_figure_that_is_not_there_is_told_of() -> None:
    """Though the record does not name it."""
    bench, job = done()
    place = BlobRef(RESULTS, f"{job.folder}/document.md")
    bench.storage.write(place, (bench.storage.read(place) or b"") + b"![a](figures/page-9.png)", "text/markdown")
    assert "figures/page-9.png leads nowhere" in "".join(seen(bench, job).broken)


def test_an_older_version_is_not_the_end_that_is_awaited() -> None:
    """The job of the newer one is to end."""
    bench, job = done()
    assert seen(bench, job, etag='"newer"').open == [job]


def done() -> tuple[Bench, Job]:
    """A document that was read, and what was asked for."""
    bench, job = Bench.make(), Job("ocr", "document", "a.pdf", "fjord delta", size=2)
    bench.drop(job.name, corpus.text_pdf(job.size, job.words))
    bench.run()
    return bench, job


def seen(bench: Bench, job: Job, etag: str | None = None) -> Watch:
    """What the watch says after a look at each record."""
    watch = Watch(bench.storage)
    watch.expect(Awaited(job, etag))
    watch.look_around()
    return watch


def test_the_way_to_storage_passes_on_refuses_and_cuts() -> None:
    """By turns, as it is told."""
    with serving(answer(200, b"x" * 5000)) as storage:
        port = int(storage.url.rpartition(":")[2].split("/")[0])
        with Proxy(port, random.Random(1)) as proxy:
            whole = ask(proxy.port)
            proxy.turn("busy")
            busy = ask(proxy.port)
            proxy.turn("cutting")
            cut = ask(proxy.port)
            proxy.turn("open")
            again = ask(proxy.port)
    assert whole == again
    assert whole.endswith(b"x" * 5000)
    assert busy.startswith(b"HTTP/1.1 503 ")
    assert len(cut) <= 2000
    assert (proxy.struck["busy"], proxy.struck["cutting"]) == (1, 1)


def ask(port: int) -> bytes:
    """All that comes back for a request, until the connection ends."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as connection:
        connection.sendall(b"PUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")
        got = b""
        try:
            while piece := connection.recv(65536):
                got += piece
        except ConnectionResetError:
            pass
        return got
