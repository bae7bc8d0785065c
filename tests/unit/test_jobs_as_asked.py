"""What a document's metadata and messages may ask for, and what is refused before anything is paid."""

import json

import pytest

from shared import ocr_jobs
from shared.messages import Status
from shared.names import BlobRef
from tests import corpus
from tests.fakes import Bench


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
    assert bench.record("a.pdf").status is Status.FAILED
