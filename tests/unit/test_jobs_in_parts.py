"""Long documents in parts: side by side, in order, each paid once."""

import json

from shared import ocr_jobs
from shared.errors import (
    Refused,
    Throttled,
)
from shared.messages import Status, Usage
from tests import corpus
from tests.fakes import Bench


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


def test_a_buried_part_fails_its_document() -> None:
    """Though only the part was in the poison queue."""
    bench = Bench.make()
    bench.drop("long.pdf", corpus.text_pdf(pages=65))
    bench.step()
    ocr_jobs.buried(bench.services, bench.storage.queues["ocr-jobs"].pop().text.encode())
    problem = bench.record("long.pdf").problem
    assert problem is not None
    assert problem.code == "crashed"
