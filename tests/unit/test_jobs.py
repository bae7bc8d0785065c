"""What surrounds a document's way: each job ends in one record and one event, and nothing is paid twice."""

import logging
from pathlib import Path

import pytest

from shared import ocr_jobs
from shared.errors import (
    Blocked,
    Busy,
    Invalid,
    NotDeployed,
    Refused,
    Throttled,
    Unauthorised,
    Unavailable,
    Unexpected,
)
from shared.jobs import MAX_ATTEMPTS
from shared.messages import Status, Usage
from shared.names import BlobRef, record_of
from tests import corpus
from tests.fakes import Bench


def test_a_dropped_document_becomes_its_results_one_record_and_one_event() -> None:
    """The main way, whole."""
    bench = Bench.make()
    bench.drop("reports/q3.pdf", corpus.text_pdf(pages=2))
    bench.run()
    record = bench.record("reports/q3.pdf")
    assert record.status is Status.SUCCEEDED
    assert bench.results("ocr/reports/q3.pdf") == [
        "document.json",
        "document.md",
        "figures/page-1-img-0.jpeg",
        "figures/page-2-img-0.jpeg",
        "job.json",
    ]
    assert "![img-0.jpeg](figures/page-2-img-0.jpeg)" in bench.result("ocr/reports/q3.pdf/document.md")
    assert record.source is not None
    assert (record.source.pages, record.source.media_type) == (2, "application/pdf")
    assert isinstance(record.usage, Usage)
    assert (record.usage.pages, record.usage.annotation_pages) == (2, None)
    [event] = bench.events()
    assert (event.job_id, event.status, event.record) == (
        record.job_id,
        Status.SUCCEEDED,
        "results/ocr/reports/q3.pdf/job.json",
    )


def test_a_second_delivery_of_a_finished_job_does_nothing() -> None:
    """Events come twice; the second is a success that costs nothing and tells nobody."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    bench.run()
    before = bench.result("ocr/a.pdf/job.json")
    ocr_jobs.document_dropped(bench.services, BlobRef("documents", "a.pdf"))
    bench.run()
    assert (len(bench.ocr.calls), len(bench.events())) == (1, 1)
    assert bench.result("ocr/a.pdf/job.json") == before


def test_the_same_file_dropped_again_costs_nothing_and_ends_in_a_record_of_its_own() -> None:
    """The ledger pays for it, under this name and any other."""
    bench = Bench.make()
    for name in ("a.pdf", "a.pdf", "copy.pdf"):
        bench.drop(name, corpus.text_pdf(pages=2))
        bench.run()
    assert len(bench.ocr.calls) == 1
    assert len({event.job_id for event in bench.events()}) == 3
    assert [part.paid_by_this_job for part in bench.record("copy.pdf").parts] == [False]
    assert bench.result("ocr/copy.pdf/document.md") == bench.result("ocr/a.pdf/document.md")


def test_a_changed_file_replaces_the_results_and_leaves_no_stale_figure() -> None:
    """A new version with fewer pages has fewer figures."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf(pages=3))
    bench.run()
    bench.drop("a.pdf", corpus.text_pdf(pages=1))
    bench.run()
    assert [path for path in bench.results("ocr/a.pdf") if path.startswith("figures")] == ["figures/page-1-img-0.jpeg"]


def test_a_changed_file_that_fails_takes_the_old_results_away() -> None:
    """The text of another file under this name would be worse than none."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    bench.run()
    bench.drop("a.pdf", corpus.header_only_pdf())
    bench.run()
    assert bench.results("ocr/a.pdf") == ["job.json"]
    assert bench.record("a.pdf").status is Status.FAILED


def test_results_of_a_document_whose_name_lies_below_another_are_left_alone() -> None:
    """`x.pdf/figures/page-1.pdf` is a name too."""
    bench = Bench.make()
    bench.drop("x.pdf/figures/page-1.pdf", corpus.text_pdf())
    bench.drop("x.pdf", corpus.text_pdf())
    bench.run()
    assert "document.md" in bench.results("ocr/x.pdf/figures/page-1.pdf")
    assert bench.record("x.pdf").status is Status.SUCCEEDED


@pytest.mark.parametrize(
    ("wait", "least", "most"),
    [
        (Throttled("slow down", after=38.0), 38, 38),
        (Throttled("slow down"), 2, 5),
        (Unavailable("gone"), 2, 5),
        (Unauthorised("wrong key"), 300, 300),
        (NotDeployed("no such deployment"), 300, 300),
        (Blocked("blocked"), 300, 300),
    ],
)
def test_what_waits_goes_back_to_its_queue_and_burns_no_attempt(wait: Exception, least: float, most: float) -> None:
    """A throttled or missing model is not the document's fault."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    bench.ocr.faults.append(wait)
    bench.step()
    [back] = bench.storage.queues["ocr-jobs"]
    record = bench.record("a.pdf")
    assert least <= back.delay <= most
    assert record.status is Status.WAITING
    assert record.problem is not None
    assert record.problem.retryable
    assert not bench.events()
    bench.run()
    record = bench.record("a.pdf")
    assert (record.status, record.deferrals, record.attempts) == (Status.SUCCEEDED, 1, 2)
    assert record.problem is None


def test_the_pause_doubles_with_each_deferral_up_to_ten_minutes() -> None:
    """An outage of hours is not hammered."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    delays = []
    for _ in range(12):
        bench.ocr.faults.append(Unavailable("gone"))
        bench.step()
        delays.append(bench.storage.queues["ocr-jobs"][0].delay)
    assert delays[:4] == [2.5, 5, 10, 20]
    assert delays[-1] == 300


def test_a_job_gives_up_after_its_time_to_live_and_says_why_it_waited() -> None:
    """Waiting is bounded."""
    bench = Bench.make(job_hours=24)
    bench.drop("a.pdf", corpus.text_pdf())
    bench.ocr.faults.append(Unavailable("The deployment x did not answer (HTTP 503)."))
    bench.step()
    bench.clock.forward(hours=24.1)
    bench.run()
    record = bench.record("a.pdf")
    assert record.problem is not None
    assert record.problem.code == "gave_up"
    assert "24 hours" in record.problem.message
    assert "HTTP 503" in record.problem.message
    assert len(bench.events()) == 1


def test_an_operators_fault_is_logged_as_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """A wrong key must be seen, and must not fail ten thousand documents."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    bench.ocr.faults.append(Unauthorised("The key is not accepted."))
    bench.step()
    assert [r.levelno for r in caplog.records if "code=unauthorised" in r.getMessage()] == [logging.ERROR]


@pytest.mark.parametrize(
    "fault", [Refused("The content filter refused it."), Invalid("The model cannot read the file.", code="damaged")]
)
def test_what_cannot_work_fails_now_with_its_reason(fault: Exception) -> None:
    """No retry, one record, one event."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    bench.ocr.faults.append(fault)
    bench.run()
    record = bench.record("a.pdf")
    assert record.problem is not None
    assert (record.status, record.problem.message) == (Status.FAILED, str(fault))
    assert [event.code for event in bench.events()] == [record.problem.code]


def test_the_unexpected_is_raised_for_the_host_to_count_and_recorded_at_the_last_attempt() -> None:
    """No crash loop, and no word of a foreign exception, which may quote the document."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    text = bench.storage.queues["ocr-jobs"].pop().text.encode()
    for attempt in range(1, MAX_ATTEMPTS):
        bench.ocr.faults.append(KeyError("secret text of the document"))
        with pytest.raises(Unexpected) as raised:
            ocr_jobs.ocr_message(bench.services, text, attempt)
        assert "secret" not in str(raised.value)
        assert raised.value.__suppress_context__
    bench.ocr.faults.append(KeyError("secret text of the document"))
    ocr_jobs.ocr_message(bench.services, text, MAX_ATTEMPTS)
    record = bench.record("a.pdf")
    assert record.problem is not None
    assert (record.problem.code, record.attempts) == ("unexpected", 5)
    assert "KeyError at" in record.problem.message
    assert "secret" not in record.model_dump_json()


def test_a_job_that_another_worker_holds_goes_back_on_the_queue() -> None:
    """One document, one worker."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    record = record_of("ocr/a.pdf")
    bench.storage.create(record, b"", "application/json")
    other = bench.storage.lease(record)
    bench.step()
    assert not bench.ocr.calls
    assert bench.storage.queues["ocr-jobs"][0].delay >= 15
    other.release()
    bench.run()
    assert bench.record("a.pdf").status is Status.SUCCEEDED


def test_a_crash_after_paying_pays_nothing_at_the_next_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    """The response is in the ledger before anything else is done with it."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    text = bench.storage.queues["ocr-jobs"][0].text.encode()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("shared.pipelines.ocr.assemble", die)
        ocr_jobs.ocr_message(bench.services, text, 1)
    ocr_jobs.ocr_message(bench.services, text, 2)
    record = bench.record("a.pdf")
    assert (record.status, record.attempts, len(bench.ocr.calls)) == (Status.SUCCEEDED, 2, 1)


def test_a_crash_between_record_and_event_still_tells_of_the_end() -> None:
    """No job ends unheard."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    text = bench.storage.queues["ocr-jobs"][0].text.encode()
    bench.run()
    untold = bench.record("a.pdf").model_copy(update={"announced": False})
    bench.storage.write(record_of("ocr/a.pdf"), untold.model_dump_json().encode(), "application/json")
    bench.storage.queues["job-events"].clear()
    ocr_jobs.ocr_message(bench.services, text, 2)
    assert len(bench.events()) == 1
    assert bench.record("a.pdf").announced


def test_nothing_is_left_on_disk_whatever_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporary files go with success, failure and deferral alike."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    bench = Bench.make()
    bench.drop("good.pdf", corpus.text_pdf(pages=65))
    bench.drop("bad.pdf", corpus.truncated_pdf())
    bench.ocr.faults += [Busy("busy"), Invalid("no")]
    bench.run()
    assert not list(tmp_path.iterdir())
