"""Documents dropped into storage, and what becomes of them, through the whole stack."""

import json
import os
import re
import signal
import time
from pathlib import Path, PurePosixPath

import pytest

from shared.messages import Status, Usage
from shared.names import DOCUMENTS, JOB_EVENTS, RESULTS, BlobRef, ocr_folder
from tests import corpus
from tests.end_to_end.conftest import Whole

pytestmark = pytest.mark.usefixtures("well_behaved_models")
SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("kinds/text.pdf", corpus.text_pdf(pages=2), "quick brown fox"),
        ("kinds/scan.pdf", corpus.scanned_pdf(1, "Lighthouse keeper"), "Lighthouse keeper"),
        ("kinds/picture.png", corpus.png("Lighthouse keeper"), "Lighthouse keeper"),
        ("kinds/photo.jpg", corpus.jpeg("Lighthouse keeper"), "Lighthouse keeper"),
        ("kinds/cmyk.jpg", corpus.cmyk_jpeg(), ""),
        ("kinds/frames.tiff", corpus.tiff(2), ""),
        ("kinds/picture.webp", corpus.webp(1), ""),
        ("kinds/picture.bmp", corpus.bmp(), ""),
        ("kinds/picture.gif", corpus.gif(1), ""),
        ("kinds/named wrongly.png", corpus.text_pdf(pages=1), "quick brown fox"),
        ("kinds/broken xref.pdf", corpus.broken_xref_pdf(), ""),
        ("kinds/owner locked.pdf", corpus.owner_locked_pdf(), ""),
        ("kinds/two hundred inches.pdf", corpus.huge_page_pdf(), ""),
        ("names/Ordner mit Leerzeichen/#7 100% Köln.pdf", corpus.text_pdf(pages=1), "quick brown fox"),
        ("names/图表/报告.pdf", corpus.text_pdf(pages=1), "quick brown fox"),
        (f"names/{'long name ' * 99}.pdf", corpus.text_pdf(pages=1), "quick brown fox"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_what_people_really_have_becomes_text(whole: Whole, name: str, data: bytes, says: str) -> None:
    """Told by its bytes, whatever its name; every figure link resolves."""
    etag = whole.drop(name, data)
    record = whole.finished(name, etag)
    assert record.problem is None
    assert record.status is Status.SUCCEEDED
    markdown = whole.result(name, "document.md")
    assert says in " ".join(markdown.split())
    folder = ocr_folder(BlobRef(DOCUMENTS, name))
    for link in re.findall(r"!\[[^\]]*\]\(([^)]*)\)", markdown):
        assert not PurePosixPath(link).is_absolute()
        assert whole.storage.find(BlobRef(RESULTS, f"{folder}/{link}")), link


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("bad/empty.pdf", corpus.EMPTY, "empty"),
        ("bad/text.pdf", corpus.PLAIN_TEXT, "unsupported_type"),
        ("bad/truncated.pdf", corpus.truncated_pdf(), "damaged"),
        ("bad/header only.pdf", corpus.header_only_pdf(), "damaged"),
        ("bad/no pages.pdf", corpus.pageless_pdf(), "no_pages"),
        ("bad/password.pdf", corpus.password_pdf("secret"), "encrypted"),
        ("bad/bomb.png", corpus.bomb_png(), "too_many_pixels"),
        ("bad/animated.gif", corpus.gif(3), "animated"),
        ("bad/cut.png", corpus.cut_png(), "damaged"),
        ("bad/garbage.tiff", corpus.garbage_tiff(), "damaged"),
        ("bad/one huge page.pdf", corpus.heavy_pdf([31_600_000]), "page_too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_ends_in_a_failed_record_that_says_why(
    whole: Whole, name: str, data: bytes, code: str
) -> None:
    """Within seconds, with a code, a sentence and an event; no traceback, no retry."""
    record = whole.finished(name, whole.drop(name, data))
    assert record.problem is not None
    assert (record.status, record.problem.code) == (Status.FAILED, code)
    assert record.problem.message.endswith(".")
    assert record.attempts == 1


def test_a_long_document_is_read_in_parts_and_assembled_in_page_order(whole: Whole) -> None:
    """Sixty-five pages, three requests, numbers that count through."""
    record = whole.finished("long.pdf", whole.drop("long.pdf", corpus.text_pdf(pages=65)))
    document = json.loads(whole.result("long.pdf", "document.json"))
    assert [page["page_number"] for page in document["pages"]] == list(range(1, 66))
    assert all(f"Page {page['page_number']} of 65" in page["markdown"] for page in document["pages"])
    assert [part.pages for part in record.parts] == ["1-30", "31-60", "61-65"]
    assert isinstance(record.usage, Usage)
    assert record.usage.pages == 65


def test_the_same_file_again_costs_nothing_and_a_changed_one_replaces_it(whole: Whole) -> None:
    """The emulator counts what would be billed."""
    data = (SAMPLES / "reports" / "Annual report 2026.pdf").read_bytes()
    whole.finished("again.pdf", whole.drop("again.pdf", data))
    billed = whole.emulator("GET", "stats")["totals"]["pages_billed"]
    figures = [blob.ref.name for blob in whole.storage.list(RESULTS, "ocr/again.pdf/figures/")]
    whole.finished("again.pdf", whole.drop("again.pdf", data))
    assert whole.emulator("GET", "stats")["totals"]["pages_billed"] == billed == 3
    assert len(figures) == 2
    whole.finished("again.pdf", whole.drop("again.pdf", corpus.text_pdf(pages=1)))
    assert not list(whole.storage.list(RESULTS, "ocr/again.pdf/figures/"))


def test_options_ride_as_metadata_or_in_a_message(whole: Whole) -> None:
    """Pages, tables and annotations, both ways."""
    data = (SAMPLES / "reports" / "Annual report 2026.pdf").read_bytes()
    etag = whole.drop("options.pdf", data, pages="3", table_format="html", include_figures="false")
    record = whole.finished("options.pdf", etag)
    assert record.problem is None
    document = json.loads(whole.result("options.pdf", "document.json"))
    assert [page["page_number"] for page in document["pages"]] == [3]
    table = document["pages"][0]["tables"][0]
    assert "<td>" in whole.result("options.pdf", table["file"])
    assert table["file"] in whole.result("options.pdf", "document.md")
    schema = {
        "type": "object",
        "properties": {"company": {"type": ["string", "null"]}},
        "required": ["company"],
        "additionalProperties": False,
    }
    message = {"document": "documents/options.pdf", "pages": "1", "annotation_schema": schema, "job_id": "with-schema"}
    whole.post(json.dumps(message))
    whole.until(lambda: True if whole.finished("options.pdf").job_id == "with-schema" else None)
    document = json.loads(whole.result("options.pdf", "document.json"))
    [annotated] = document["document_annotations"]
    assert annotated["pages"] == "1"
    assert set(annotated["annotation"]) == {"company"}
    usage = whole.finished("options.pdf").usage
    assert isinstance(usage, Usage)
    assert usage.annotation_pages == 1


def test_throttling_is_not_failure(whole: Whole) -> None:
    """Two pauses, as told in milliseconds, and then the text."""
    whole.emulator("POST", "faults", {"kind": "status", "status": 429, "after_ms": 300, "times": 2})
    record = whole.finished("throttled.pdf", whole.drop("throttled.pdf", corpus.text_pdf(pages=7)))
    assert record.status is Status.SUCCEEDED
    assert record.deferrals >= 2


@pytest.mark.parametrize("fault", [{"kind": "null"}, {"kind": "cut", "bytes": 100}, {"kind": "status", "status": 503}])
def test_an_answer_that_is_none_is_asked_for_again(whole: Whole, fault: dict[str, object]) -> None:
    """HTTP 200 with `null`, an answer that is cut, and 503 are passing faults of the service."""
    whole.emulator("POST", "faults", {**fault, "times": 1})
    name = f"flaky {fault['kind']}.pdf"
    record = whole.finished(name, whole.drop(name, corpus.text_pdf(pages=3, text=str(fault))))
    assert (record.status, record.deferrals) == (Status.SUCCEEDED, 1)


@pytest.mark.parametrize("text", ["no JSON", '{"document": "documents/x.pdf", "dequeueCount": "abc"}'])
def test_a_message_that_cannot_be_used_ends_in_a_record_under_an_id_of_its_own(whole: Whole, text: str) -> None:
    """With the reason and the original text; even one whose key makes the host's own conversion fail."""
    whole.post(text)

    def rejected() -> dict[str, object] | None:
        for blob in whole.storage.list(RESULTS, "rejected/"):
            record = json.loads(whole.storage.read(blob.ref) or b"{}")
            if record.get("message") == text and record["status"] == "failed":
                return dict(record)
        return None

    record = whole.until(rejected)
    assert "The message" in str(record["problem"])


def test_a_worker_that_is_killed_loses_nothing(whole: Whole) -> None:
    """Its messages come back, and what was paid before is not paid again."""
    whole.emulator("POST", "faults", {"kind": "slow", "seconds": 2, "times": 1})
    etag = whole.drop("killed.pdf", corpus.text_pdf(pages=4, text="survivor"))
    whole.until(lambda: True if whole.emulator("GET", "stats")["in_flight"] else None)
    os.kill(whole.worker(), signal.SIGKILL)
    record = whole.finished("killed.pdf", etag)
    assert record.status is Status.SUCCEEDED
    assert record.attempts == 2


def test_every_job_ends_in_exactly_one_event(whole: Whole) -> None:
    """Good and bad alike."""
    before = whole.storage.depth(JOB_EVENTS) or 0
    for name, data in (("event good.pdf", corpus.text_pdf(pages=1)), ("event bad.pdf", corpus.EMPTY)):
        whole.finished(name, whole.drop(name, data))
    time.sleep(0.5)  # a second event would come within this time
    assert (whole.storage.depth(JOB_EVENTS) or 0) - before == 2


def test_nothing_of_the_bad_goes_to_poison(whole: Whole) -> None:
    """After all of the above, the poison queues hold nothing."""
    for queue in ("ocr-jobs-poison", "webjobs-blobtrigger-poison"):
        assert whole.storage.depth(queue) == 0
