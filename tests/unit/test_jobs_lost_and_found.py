"""Documents whose event or message was poisoned."""

import json

import pytest

from shared import ocr_jobs
from shared.messages import Status
from shared.names import BlobRef
from tests import corpus
from tests.fakes import Bench


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
