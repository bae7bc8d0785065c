"""Documents that are taken away while they are read, or asked for again after."""

import json

from shared import ocr_jobs
from shared.messages import Status
from shared.names import BlobRef
from tests import corpus
from tests.fakes import Bench

DOCUMENT = BlobRef("documents", "a.pdf")


def begun(pages: int) -> Bench:
    """A bench that has begun a document, which is gone since."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf(pages=pages))
    bench.step()
    bench.storage.delete(DOCUMENT)
    return bench


def codes(bench: Bench) -> list[str | None]:
    """The codes of all events."""
    return [event.code for event in bench.events()]


def test_a_second_event_does_not_end_the_job_whose_parts_are_being_read() -> None:
    """Everything that is needed is kept in parts; nobody put a newer version there."""
    bench = begun(pages=65)
    ocr_jobs.document_dropped(bench.services, DOCUMENT)

    bench.run()

    assert (bench.record("a.pdf").status, codes(bench)) == (Status.SUCCEEDED, [None])


def test_a_job_that_comes_back_goes_on_with_its_parts() -> None:
    """Its worker died before all of them were in the queue."""
    bench = begun(pages=65)
    bench.storage.queues["ocr-jobs"].clear()

    ocr_jobs.ocr_message(bench.services, (bench.record("a.pdf").message or "").encode(), 2)
    bench.run()

    assert (bench.record("a.pdf").status, codes(bench)) == (Status.SUCCEEDED, [None])


def test_a_buried_message_of_a_job_in_work_fails_that_job() -> None:
    """And no other job, with an event of its own."""
    bench = begun(pages=65)
    before = bench.record("a.pdf").job_id

    ocr_jobs.buried(bench.services, b'{"document": "documents/a.pdf"}')

    assert [(event.job_id, event.code) for event in bench.events()] == [(before, "crashed")]


def test_who_asks_for_more_of_a_document_that_was_read_is_told_that_it_is_gone() -> None:
    """In a record of its own: the results and their record stay."""
    bench = begun(pages=1)
    before = bench.record("a.pdf")

    for _ in range(2):
        bench.post(document=str(DOCUMENT), job_id="mine", pages="1")
        bench.run()

    assert bench.record("a.pdf") == before
    assert codes(bench) == [None, "document_missing"]
    rejected = json.loads(bench.result(bench.events()[1].record.removeprefix("results/")))
    assert json.loads(rejected["message"]) == {"document": str(DOCUMENT), "job_id": "mine", "pages": "1"}


def test_a_late_event_for_a_document_that_was_read_with_options_is_none() -> None:
    """Nobody asks for anything by it."""
    bench = Bench.make()
    bench.storage.write(DOCUMENT, corpus.text_pdf(pages=2), "application/pdf")
    bench.post(document=str(DOCUMENT), pages="1")
    bench.run()
    bench.storage.delete(DOCUMENT)

    ocr_jobs.document_dropped(bench.services, DOCUMENT)
    bench.run()

    assert (bench.record("a.pdf").status, codes(bench)) == (Status.SUCCEEDED, [None])
