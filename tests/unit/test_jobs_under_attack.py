"""Documents' jobs when workers die between two steps, meet, lose their claims, or are given what is odd."""

import json

import pytest

from shared import image_jobs, ocr_jobs
from shared.errors import Throttled, Unavailable
from shared.messages import JobRecord, Status
from shared.names import BlobRef, record_of
from shared.storage import LeaseHeldError
from tests import corpus
from tests.fakes import Bench

ODD_VALUES = (b'"\\ud800"', b"NaN", b"-Infinity", b"1e400")  # Python reads them, and would put something else back


def put(bench: Bench, name: str, record: JobRecord) -> None:
    """Write a record as a worker would have left it."""
    metadata = {"status": record.status, "source_etag": (record.source.etag or "").strip('"') if record.source else ""}
    ref = record_of(f"ocr/{name}")
    bench.storage.write(ref, record.model_dump_json().encode(), "application/json", metadata=metadata)


def test_a_long_documents_event_is_posted_though_the_worker_died_before() -> None:
    """The last part's message comes back and finds a record that is final and not announced."""
    bench = Bench.make()
    bench.drop("long.pdf", corpus.text_pdf(pages=65))
    bench.step()
    last = bench.storage.queues["ocr-jobs"][-1].text.encode()
    bench.run()
    put(bench, "long.pdf", bench.record("long.pdf").model_copy(update={"announced": False}))
    bench.storage.queues["job-events"].clear()
    ocr_jobs.ocr_message(bench.services, last, 2)
    assert [event.status for event in bench.events()] == [Status.SUCCEEDED]


def test_a_buried_message_of_a_job_that_ended_tells_of_it() -> None:
    """All attempts died after the record and before the event."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    text = bench.storage.queues["ocr-jobs"][0].text.encode()
    bench.run()
    put(bench, "a.pdf", bench.record("a.pdf").model_copy(update={"announced": False}))
    bench.storage.queues["job-events"].clear()
    ocr_jobs.buried(bench.services, text)
    assert [event.status for event in bench.events()] == [Status.SUCCEEDED]


def test_results_stay_when_the_document_was_taken_away_after_it_was_read() -> None:
    """A late second delivery must not turn a success into a failure."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    text = bench.storage.queues["ocr-jobs"][0].text.encode()
    bench.run()
    bench.storage.delete(BlobRef("documents", "a.pdf"))
    ocr_jobs.ocr_message(bench.services, text, 2)
    assert bench.record("a.pdf").status is Status.SUCCEEDED
    assert "document.md" in bench.results("ocr/a.pdf")
    assert len(bench.events()) == 1


def test_good_results_outlive_a_job_for_the_same_version_that_fails() -> None:
    """A wrong page in a message does not take away what was read before; a newer version that fails does."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    bench.run()
    bench.post(document="documents/a.pdf", pages="9")
    bench.run()
    assert bench.record("a.pdf").status is Status.FAILED
    assert "document.md" in bench.results("ocr/a.pdf")
    assert "document.md" in bench.record("a.pdf").outputs
    bench.drop("a.pdf", corpus.header_only_pdf())
    bench.run()
    assert bench.results("ocr/a.pdf") == ["job.json"]


def test_a_worker_that_lost_its_claim_touches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its results would overwrite, and its cleaning remove, those of whoever holds the claim now."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    read = bench.ocr.read

    def lose_the_claim(*arguments: object) -> object:
        bench.storage.leases.pop(record_of("ocr/a.pdf"), None)
        bench.storage.write(BlobRef("results", "ocr/a.pdf/document.md"), b"the other's", "text/markdown")
        return read(*arguments)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(type(bench.ocr), "read", lambda _, *arguments: lose_the_claim(*arguments))
    with pytest.raises(LeaseHeldError):
        bench.step()
    assert bench.result("ocr/a.pdf/document.md") == "the other's"


def test_two_jobs_for_one_version_come_one_after_the_other() -> None:
    """Neither supersedes the other, whatever makes them wait."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf(pages=2))
    bench.post(document="documents/a.pdf", pages="2", job_id="second")
    bench.ocr.faults += [Throttled("slow down", after=9.0), Throttled("slow down", after=9.0)]
    bench.run()
    assert [event.status for event in bench.events()] == [Status.SUCCEEDED, Status.SUCCEEDED]
    assert bench.record("a.pdf").job_id == "second"


def test_a_model_in_the_settings_that_nobody_knows_holds_the_job() -> None:
    """The operator's typing mistake is not the document's."""
    bench = Bench.make(ocr_model="mistral-ocr-40")
    bench.drop("a.pdf", corpus.text_pdf())
    bench.step()
    record = bench.record("a.pdf")
    assert record.status is Status.WAITING
    assert record.problem is not None
    assert "DARKROOM_OCR_MODEL" in record.problem.message


def test_a_job_that_waited_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """The document is not downloaded and cut again for every pause of the model."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    bench.ocr.faults.append(Unavailable("gone"))
    bench.step()
    monkeypatch.setattr("shared.pipelines.ocr.open_document", lambda _: pytest.fail("opened again"))
    bench.run()
    assert bench.record("a.pdf").status is Status.SUCCEEDED


def test_a_message_that_cannot_be_written_again_is_rejected() -> None:
    """It could never be put back, nor kept in a record."""
    bench = Bench.make()
    deep: object = "x"
    for _ in range(300):
        deep = {"a": deep}
    body = json.dumps({"document": "documents/a.pdf", "annotation_schema": deep}).encode()
    odd = [b'{"document": "documents/a.pdf", "annotation_schema": {"a": %s}}' % value for value in ODD_VALUES]
    for text in (body, *odd):
        ocr_jobs.ocr_message(bench.services, text, 1)
        ocr_jobs.buried(bench.services, text)
    assert [event.code for event in bench.events()] == ["invalid_message"] * (1 + len(ODD_VALUES))


def test_a_record_of_a_later_version_can_be_read() -> None:
    """A rollback does not brick the documents that the newer version touched."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    bench.run()
    newer = {**json.loads(bench.result("ocr/a.pdf/job.json")), "new_key": 1}
    bench.storage.write(record_of("ocr/a.pdf"), json.dumps(newer).encode(), "application/json")
    assert bench.record("a.pdf").status is Status.SUCCEEDED


@pytest.mark.parametrize("damage", [b'{"half": ', b"\xff", b"[]", b"zoneless"])
def test_a_record_that_is_damaged_counts_as_none(damage: bytes) -> None:
    """Its document is read again, and what is paid is not paid again."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    bench.run()
    record = json.loads(bench.result("ocr/a.pdf/job.json")) | {"status": "running", "created_at": "2026-11-20T12:00:00"}
    written = json.dumps(record).encode() if damage == b"zoneless" else damage
    bench.storage.write(record_of("ocr/a.pdf"), written, "application/json")

    ocr_jobs.document_dropped(bench.services, BlobRef("documents", "a.pdf"))
    bench.run()

    assert (bench.record("a.pdf").status, len(bench.ocr.calls)) == (Status.SUCCEEDED, 1)


def test_a_poison_message_that_cannot_be_buried_now_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A poison function that raises loses its message for good."""
    bench = Bench.make()
    monkeypatch.setattr("shared.ocr_jobs._bury", lambda *_: 1 / 0)
    ocr_jobs.buried(bench.services, b'{"document": "documents/a.pdf"}')
    [back] = bench.storage.queues["ocr-jobs-poison"]
    assert (back.text, back.delay) == ('{"document": "documents/a.pdf"}', 300)


def test_a_poison_message_whose_job_somebody_is_at_comes_back_soon() -> None:
    """Two parts of a document may be buried at once; neither is kept for minutes."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    bench.storage.create(record_of("ocr/a.pdf"), b"", "application/json")
    bench.storage.lease(record_of("ocr/a.pdf"))
    ocr_jobs.buried(bench.services, b'{"document": "documents/a.pdf"}')
    [back] = bench.storage.queues["ocr-jobs-poison"]
    assert (back.text, back.delay) == ('{"document": "documents/a.pdf"}', 15)


def test_what_is_rejected_in_two_queues_is_told_of_twice() -> None:
    """Whoever posts pictures hears of theirs, though the same nonsense was posted as a document before."""
    bench = Bench.make()
    ocr_jobs.ocr_message(bench.services, b"nonsense", 1)
    image_jobs.image_message(bench.services, b"nonsense", 1, message_id="m-1")
    image_jobs.buried(bench.services, b"nonsense")
    assert [event.kind for event in bench.events()] == ["ocr", "image"]
