"""Storage that fails as a whole: jobs wait for it, and are not failures because of it."""

import json

import pytest
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ServiceRequestError

from shared import image_jobs, ocr_jobs
from shared.jobs import MAX_ATTEMPTS
from shared.messages import Status
from shared.names import IMAGE_JOBS, OCR_JOBS, image_folder
from shared.records import read_record
from tests import corpus
from tests.fakes import Bench


def refused(status: int) -> HttpResponseError:
    """An answer of storage with this status."""
    error = HttpResponseError("no")
    error.status_code = status
    return error


AWAY = [ServiceRequestError("reset"), ClientAuthenticationError("no token"), *map(refused, (403, 404, 429, 500, 503))]


def failing(monkeypatch: pytest.MonkeyPatch, bench: Bench, error: AzureError) -> None:
    """Have every blob request fail; the queues are another service."""

    def fail(*_: object, **__: object) -> None:
        raise error

    for request in ("find", "create", "read", "write", "lease"):
        monkeypatch.setattr(bench.storage, request, fail)


@pytest.mark.parametrize("error", AWAY, ids=repr)
def test_a_document_waits_for_storage_that_is_away(error: AzureError) -> None:
    """Four attempts may do when it is away for seconds; the last one puts the message back for minutes."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    [message] = bench.storage.queues[OCR_JOBS]
    with pytest.MonkeyPatch.context() as patched:
        failing(patched, bench, error)
        for attempt in range(1, MAX_ATTEMPTS):
            with pytest.raises(type(error)):
                ocr_jobs.ocr_message(bench.services, message.text.encode(), attempt)
        bench.step(MAX_ATTEMPTS)

    [back] = bench.storage.queues[OCR_JOBS]
    assert (json.loads(back.text), back.delay) == (json.loads(message.text), 300)
    bench.run()
    assert (bench.record("a.pdf").status, len(bench.events())) == (Status.SUCCEEDED, 1)


def test_a_picture_waits_for_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is one message and one record."""
    bench = Bench.make()
    message = b'{"prompt": "A lighthouse", "job_id": "mine"}'
    with monkeypatch.context() as patched:
        failing(patched, bench, refused(403))
        image_jobs.image_message(bench.services, message, MAX_ATTEMPTS, message_id="m-1")

    [back] = bench.storage.queues[IMAGE_JOBS]
    image_jobs.image_message(bench.services, back.text.encode(), 1, message_id="m-2")
    record = read_record(bench.storage, image_folder("mine"))
    assert record is not None
    assert record.status is Status.SUCCEEDED


def test_a_request_that_storage_will_never_take_is_counted_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be put back for ever."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    failing(monkeypatch, bench, refused(400))

    with pytest.raises(HttpResponseError):
        bench.step(MAX_ATTEMPTS)

    assert bench.storage.queues[OCR_JOBS] == []
