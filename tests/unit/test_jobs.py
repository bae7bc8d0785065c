"""What surrounds a document's way: each job ends in one record and one event, and nothing is paid twice."""

import json
import logging
from datetime import timedelta
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


def test_a_long_document_is_read_in_parts_side_by_side_and_assembled_in_order() -> None:
    """Sixty-five pages are three requests, and page numbers are the document's."""
    bench = Bench.make()
    bench.drop("long.pdf", corpus.text_pdf(pages=65))
    bench.step()
    waiting = bench.storage.queues["ocr-jobs"]
    assert [json.loads(posted.text)["part"] for posted in waiting] == [1, 2, 3]
    waiting.reverse()
    bench.run()
    document = json.loads(bench.result("ocr/long.pdf/document.json"))
    assert [page["page_number"] for page in document["pages"]] == list(range(1, 66))
    assert [page["index"] for page in document["pages"]] == list(range(65))
    assert all(f"Page {page['page_number']} of 65" in page["markdown"] for page in document["pages"])
    record = bench.record("long.pdf")
    assert [part.pages for part in record.parts] == ["1-30", "31-60", "61-65"]
    assert isinstance(record.usage, Usage)
    assert record.usage.pages == 65
    assert len(bench.events()) == 1
    assert not list(bench.storage.list("ledger", "parts/"))


def test_parts_delivered_twice_are_paid_once() -> None:
    """Two of everything, and one bill."""
    bench = Bench.make()
    bench.drop("long.pdf", corpus.text_pdf(pages=65))
    bench.step()
    bench.storage.queues["ocr-jobs"] *= 2
    bench.run()
    assert len(bench.ocr.calls) == 3
    assert len(bench.events()) == 1


def test_a_part_that_is_throttled_waits_alone() -> None:
    """The others go on, and its own wait grows."""
    bench = Bench.make()
    bench.drop("long.pdf", corpus.text_pdf(pages=65))
    bench.step()
    bench.ocr.faults += [Throttled("slow down", after=9.0)]
    bench.step()
    back = bench.storage.queues["ocr-jobs"][-1]
    assert (json.loads(back.text)["part"], back.delay) == (1, 9.0)
    waiting = bench.record("long.pdf")
    assert waiting.status is Status.WAITING
    assert waiting.problem is not None
    assert waiting.problem.code == "throttled"
    bench.run()
    assert bench.record("long.pdf").status is Status.SUCCEEDED


def test_one_refused_part_fails_the_document_once_and_replaying_pays_only_for_the_rest() -> None:
    """Nothing is a success unless every page is there; what is paid stays paid."""
    bench = Bench.make()
    bench.drop("long.pdf", corpus.text_pdf(pages=65))
    bench.step()
    bench.step()
    bench.ocr.faults.append(Refused("The content filter refused it."))
    bench.run()
    assert bench.record("long.pdf").status is Status.FAILED
    assert len(bench.ocr.calls) == 1
    bench.post(document="documents/long.pdf", job_id="again")
    bench.run()
    assert bench.record("long.pdf").status is Status.SUCCEEDED
    assert len(bench.ocr.calls) == 3
    assert [event.status for event in bench.events()] == [Status.FAILED, Status.SUCCEEDED]


def test_a_part_of_a_replaced_job_is_dropped() -> None:
    """Parts of yesterday's version do not disturb today's, and the replaced job ends in an event."""
    bench = Bench.make()
    bench.drop("long.pdf", corpus.text_pdf(pages=65))
    bench.step()
    old_parts = list(bench.storage.queues["ocr-jobs"])
    bench.storage.queues["ocr-jobs"].clear()
    bench.drop("long.pdf", corpus.text_pdf(pages=2))
    bench.run()
    bench.storage.queues["ocr-jobs"] += old_parts
    bench.run()
    assert len(bench.ocr.calls) == 1
    assert [(event.status, event.code) for event in bench.events()] == [
        (Status.FAILED, "superseded"),
        (Status.SUCCEEDED, None),
    ]


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


def test_a_request_that_another_job_is_paying_for_waits_for_its_response() -> None:
    """The same file under two names at once is one bill."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    bench.step()
    [entry] = [blob.ref for blob in bench.storage.list("ledger")]
    paid = bench.storage.blobs.pop(entry)
    bench.storage.create(entry, b"", "application/json")
    other = bench.storage.lease(entry)
    bench.drop("b.pdf", corpus.text_pdf())
    bench.step()
    assert bench.record("b.pdf").status is Status.WAITING
    other.release()
    bench.storage.blobs[entry] = paid
    bench.run()
    assert bench.record("b.pdf").status is Status.SUCCEEDED
    assert len(bench.ocr.calls) == 1


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


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"not json", "not JSON"),
        (b"[" * 40_000, "not JSON"),
        (b'"text"', "not a JSON object"),
        (b'{"document": "documents/a.pdf", "colour": "red"}', "colour"),
        (b'{"document": "documents/a.pdf", "Id": "7"}', "Id"),
        (b'{"document": "documents/a.pdf", "dequeueCount": 1}', "dequeueCount"),
        (b'{"document": "documents/a.pdf", "pages": "x"}', "1-3,7"),
        (b'{"document": "a.pdf"}', "document"),
        (b'{"document": "ledger/a.json"}', "documents and images"),
        (b'{"document": "documents/../ledger/a.json"}', "segment"),
        (b'{"document": "documents/a.pdf", "job_id": "../x"}', "job_id"),
    ],
)
def test_a_message_that_cannot_be_used_ends_in_a_failed_record_that_keeps_it(body: bytes, says: str) -> None:
    """With the reason, once, however often it is delivered."""
    bench = Bench.make()
    for attempt in (1, 2):
        ocr_jobs.ocr_message(bench.services, body, attempt)
    [event] = bench.events()
    record = json.loads(bench.result(event.record.removeprefix("results/")))
    assert record["status"] == "failed"
    assert says in record["problem"]["message"]
    assert record["message"] == body.decode()[: 16 * 1024]


def test_options_ride_as_metadata_and_the_message_goes_before_them() -> None:
    """Both ways, and together."""
    bench = Bench.make()
    schema = {"type": "object", "properties": {"total": {"type": "number"}}}
    metadata = {"pages": "2-3", "include_figures": "false", "annotation_schema": json.dumps(schema)}
    bench.drop("a.pdf", corpus.text_pdf(pages=4), **metadata)
    bench.run()
    [request] = bench.ocr.calls
    assert "include_image_base64" not in request.fields
    assert request.fields["document_annotation_format"]["json_schema"] == {
        "name": "document_annotation",
        "schema": schema,
        "strict": True,
    }
    assert [part.pages for part in bench.record("a.pdf").parts] == ["2-3"]
    bench.post(document="documents/a.pdf", pages="4", table_format="html")
    bench.run()
    assert bench.record("a.pdf").options["pages"] == "4"
    assert bench.ocr.calls[-1].fields["table_format"] == "html"
    assert "Page 4 of 4" in bench.result("ocr/a.pdf/document.md")


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        ({"pages": "0"}, "1-3,7"),
        ({"pages": "9"}, "Page 9"),
        ({"annotation_schema": "{"}, "annotation_schema is not JSON"),
        ({"include_figures": "perhaps"}, "include_figures"),
        ({"table_format": "latex"}, "table_format"),
        ({"model": "gpt-9"}, "gpt-9"),
        (
            {"model": "mistral-ocr-2503", "annotation_schema": "{}"},
            "mistral-ocr-2503 does not take the option annotation",
        ),
    ],
)
def test_metadata_that_cannot_be_used_fails_before_anything_is_paid(metadata: dict[str, str], says: str) -> None:
    """The sentence names the option."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf(), **metadata)
    bench.run()
    record = bench.record("a.pdf")
    assert record.problem is not None
    assert says in record.problem.message
    assert not bench.ocr.calls


def test_a_retired_model_still_works_and_says_that_it_is_retired() -> None:
    """In the record, with what to use instead."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf(), model="mistral-ocr-2503")
    bench.run()
    record = bench.record("a.pdf")
    assert record.status is Status.SUCCEEDED
    assert record.notes == ("The model mistral-ocr-2503 was retired on 2026-01-30; use mistral-document-ai-2512.",)


def test_options_that_the_endpoint_did_not_know_are_noted() -> None:
    """Left out is not the same as done."""
    bench = Bench.make()
    object.__setattr__(bench.ocr, "dropped", ("table_format",))
    bench.drop("a.pdf", corpus.text_pdf(), table_format="html")
    bench.run()
    assert bench.record("a.pdf").notes == (
        "The endpoint does not know the option table_format; the document was read without it.",
    )


def test_a_declared_model_works_without_touching_code() -> None:
    """The setting is enough."""
    bench = Bench.make(models={"my-ocr": {"like": "mistral-ocr-4-0", "max_pages": 10}}, ocr_model="my-ocr")
    bench.drop("a.pdf", corpus.text_pdf(pages=15))
    bench.run()
    assert [part.pages for part in bench.record("a.pdf").parts] == ["1-10", "11-15"]


def test_a_document_that_is_gone_fails_with_a_sentence() -> None:
    """Removed between event and work."""
    bench = Bench.make()
    ocr_jobs.document_dropped(bench.services, BlobRef("documents", "gone.pdf"))
    bench.run()
    problem = bench.record("gone.pdf").problem
    assert problem is not None
    assert problem.code == "document_missing"


def test_a_document_that_changes_while_it_is_read_is_read_again_in_its_new_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One result, of the newest version."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf(pages=3))
    found = bench.storage.find
    versions = [corpus.text_pdf(pages=1)]

    def find_then_change(ref: BlobRef) -> object:
        blob = found(ref)
        if ref.container == "documents" and versions:
            bench.storage.write(ref, versions.pop(), "application/pdf")
        return blob

    monkeypatch.setattr(bench.storage, "find", find_then_change)
    bench.run()
    record = bench.record("a.pdf")
    assert record.status is Status.SUCCEEDED
    assert record.source is not None
    assert record.source.pages == 1
    assert len(bench.ocr.calls) == 1
    assert [event.code for event in bench.events()] == ["superseded", None]


@pytest.mark.parametrize(
    ("settings", "data", "code"),
    [
        ({"max_document_mb": 1}, b"%PDF-" + b"x" * 1024 * 1024, "too_large"),
        ({"max_document_pages": 2}, corpus.text_pdf(pages=3), "too_large"),
    ],
)
def test_documents_above_the_settings_limits_fail_before_anything_is_paid(
    settings: dict[str, int], data: bytes, code: str
) -> None:
    """A drop of ten thousand pages is not an accident to pay for."""
    bench = Bench.make(**settings)
    bench.drop("big.pdf", data)
    bench.run()
    problem = bench.record("big.pdf").problem
    assert problem is not None
    assert problem.code == code
    assert "DARKROOM_MAX_DOCUMENT" in problem.message
    assert not bench.ocr.calls


def test_a_wrong_setting_holds_jobs_instead_of_failing_them() -> None:
    """A deployment's mistake costs time, not documents."""
    bench = Bench.make(problems=("The setting DARKROOM_OCR_ENDPOINT is missing.",))
    bench.drop("a.pdf", corpus.text_pdf())
    bench.step()
    record = bench.record("a.pdf")
    assert record.status is Status.WAITING
    assert record.problem is not None
    assert "DARKROOM_OCR_ENDPOINT" in record.problem.message


def test_an_answer_without_all_pages_is_no_success() -> None:
    """A page that was paid for and did not come is told of."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf(pages=2))
    bench.step()
    [entry] = [blob.ref for blob in bench.storage.list("ledger")]
    bench.storage.write(entry, b'{"pages": [{"index": 1, "markdown": "x"}]}', "application/json")
    bench.post(document="documents/a.pdf", job_id="again")
    bench.run()
    problem = bench.record("a.pdf").problem
    assert problem is not None
    assert problem.code == "incomplete"
    assert bench.results("ocr/a.pdf") == ["job.json"]


def test_a_buried_message_becomes_a_failed_record_that_keeps_it() -> None:
    """A crash loop ends in a record, too."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    text = bench.storage.queues["ocr-jobs"].pop().text
    ocr_jobs.buried(bench.services, text.encode())
    ocr_jobs.buried(bench.services, text.encode())
    record = bench.record("a.pdf")
    assert record.problem is not None
    assert (record.problem.code, record.message) == ("crashed", text)
    assert len(bench.events()) == 1


def test_a_buried_part_fails_its_document() -> None:
    """Though only the part was in the poison queue."""
    bench = Bench.make()
    bench.drop("long.pdf", corpus.text_pdf(pages=65))
    bench.step()
    ocr_jobs.buried(bench.services, bench.storage.queues["ocr-jobs"].pop().text.encode())
    problem = bench.record("long.pdf").problem
    assert problem is not None
    assert problem.code == "crashed"


@pytest.mark.parametrize("body", [b"", b"\xff", b"{}", b"[1]", b"null", b'{"part": "x"}', b'{"ContainerName": 1}'])
def test_whatever_lies_in_a_poison_queue_is_recorded_and_never_raised(body: bytes) -> None:
    """A poison function that raises loses its messages for good."""
    bench = Bench.make()
    ocr_jobs.buried(bench.services, body)
    ocr_jobs.buried_event(bench.services, body)
    assert bench.events()


def test_a_buried_blob_event_is_posted_again() -> None:
    """The document is still there; only the event was unlucky."""
    bench = Bench.make()
    bench.storage.write(BlobRef("documents", "a ü.pdf"), corpus.text_pdf(), "application/pdf")
    event = {"Type": "BlobTrigger", "ContainerName": "documents", "BlobName": "a ü.pdf", "ETag": '"0x1"'}
    ocr_jobs.buried_event(bench.services, json.dumps(event).encode())
    bench.run()
    assert bench.record("a ü.pdf").status is Status.SUCCEEDED


def test_the_sweep_finds_documents_whose_event_was_lost_and_nothing_else() -> None:
    """No record of this version, and older than ten minutes."""
    bench = Bench.make()
    bench.drop("done.pdf", corpus.text_pdf())
    bench.run()
    for name in ("lost.pdf", "fresh.pdf"):
        bench.storage.write(BlobRef("documents", name), corpus.text_pdf(), "application/pdf")
    bench.drop("changed.pdf", corpus.text_pdf())
    bench.run()
    bench.storage.write(BlobRef("documents", "changed.pdf"), corpus.text_pdf(pages=2), "application/pdf")
    bench.clock.forward(minutes=11)
    bench.storage.age(BlobRef("documents", "fresh.pdf"), bench.clock.now - timedelta(minutes=1))
    assert ocr_jobs.sweep(bench.services) == 2
    posted = [json.loads(posted.text)["document"] for posted in bench.storage.queues["ocr-jobs"]]
    assert posted == ["documents/changed.pdf", "documents/lost.pdf"]
    bench.run()
    assert ocr_jobs.sweep(bench.services) == 0


def test_nothing_is_left_on_disk_whatever_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporary files go with success, failure and deferral alike."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    bench = Bench.make()
    bench.drop("good.pdf", corpus.text_pdf(pages=65))
    bench.drop("bad.pdf", corpus.truncated_pdf())
    bench.ocr.faults += [Busy("busy"), Invalid("no")]
    bench.run()
    assert not list(tmp_path.iterdir())
