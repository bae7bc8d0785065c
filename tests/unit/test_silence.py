"""A job that waits is only taken for lost when it does not come back at the time that it was told."""

import json

import pytest

from shared import sweep
from shared.errors import Throttled
from shared.messages import Status
from shared.names import OCR_JOBS
from tests import corpus
from tests.fakes import Bench


@pytest.fixture
def waiting() -> Bench:
    """A document whose job was told to come back in twelve hours, and whose message is lost."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    bench.ocr.faults.append(Throttled("The day's quota is spent.", after=12 * 3600.0))
    bench.step()
    assert bench.record("a.pdf").status is Status.WAITING
    bench.storage.queues[OCR_JOBS].clear()
    return bench


def test_the_sweep_leaves_a_job_until_it_should_have_come_back(waiting: Bench) -> None:
    """A second message would go round beside the first for half a day."""
    waiting.clock.forward(hours=12, minutes=59)
    assert sweep.sweep(waiting.services) == 0

    waiting.clock.forward(minutes=2)
    assert sweep.sweep(waiting.services) == 1
    waiting.run()
    assert waiting.record("a.pdf").status is Status.SUCCEEDED


def test_another_job_for_the_same_document_waits_for_it_as_long(waiting: Bench) -> None:
    """Two jobs for one version come one after the other."""
    waiting.clock.forward(hours=12, minutes=59)
    waiting.post(document="documents/a.pdf", pages="1")
    waiting.step()
    assert [json.loads(posted.text).get("pages") for posted in waiting.storage.queues[OCR_JOBS]] == ["1"]

    waiting.clock.forward(minutes=2)
    waiting.run()

    assert waiting.record("a.pdf").options["pages"] == "1"
