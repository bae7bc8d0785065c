"""What is counted and measured adds up."""

import json
from collections.abc import Callable

import pytest

from shared import embedding_jobs, image_jobs, watch
from shared.errors import Refused, Throttled
from shared.names import IMAGE_JOBS, OCR_JOBS
from tests import corpus
from tests.fakes import Bench
from tests.servers import answer, head, sends, serving
from tests.telling import SMALL_PARTS, TWO_PAGES, Told, read_by


def test_metrics_add_up() -> None:
    """Jobs by how they ended, what was paid and what it cost, and what had to wait."""
    bench = Bench.make(models=SMALL_PARTS)
    told = Told.by(bench)
    bench.ocr.faults += [Throttled("wait", after=7)]
    bench.drop("a.pdf", corpus.text_pdf(3))
    bench.drop("b.pdf", b"")
    bench.run()
    bench.drop("a-again.pdf", corpus.text_pdf(3))
    bench.run()
    for job_id, fault in (("a", None), ("b", Refused("no"))):
        bench.images.faults += [fault]
        body = {"prompt": "A lighthouse", "job_id": job_id, "n": 2, "model": "gpt-image-1.5"}
        image_jobs.image_message(bench.services, json.dumps(body).encode(), 1, "id")
    vectors = {"inputs": [{"text": "a"}, {"text": "b"}], "job_id": "c"}
    embedding_jobs.embedding_message(bench.services, json.dumps(vectors).encode(), 1, "id")

    assert told.sums() == {
        "darkroom.jobs code= kind=ocr outcome=succeeded": 2,
        "darkroom.jobs code=empty kind=ocr outcome=failed": 1,
        "darkroom.jobs code= kind=image outcome=succeeded": 1,
        "darkroom.jobs code=refused kind=image outcome=failed": 1,
        "darkroom.jobs code= kind=embedding outcome=succeeded": 1,
        "darkroom.retries code=throttled kind=ocr": 1,
        "darkroom.pages model=mistral-document-ai-2512": 3,
        "darkroom.images model=gpt-image-1.5": 2,
        "darkroom.cost model=gpt-image-1.5": 0.00325,
        "darkroom.vectors model=embed-v-4-0": 2,
        "darkroom.cost model=mistral-document-ai-2512": bench.record("a.pdf").estimated_usd,
        "darkroom.cost model=embed-v-4-0": 0.000002,
    }


def test_a_job_that_a_newer_version_replaces_is_counted_as_ended() -> None:
    """Each job ends once, and this is its end."""
    bench = Bench.make()
    told = Told.by(bench)
    bench.ocr.faults += [Throttled("wait")]
    bench.drop("a.pdf", corpus.text_pdf())
    bench.step()
    bench.storage.queues[OCR_JOBS].clear()
    bench.drop("a.pdf", corpus.text_pdf(2))
    bench.run()

    ended = {name: count for name, count in told.sums().items() if name.startswith("darkroom.jobs")}
    assert ended == {
        "darkroom.jobs code=superseded kind=ocr outcome=failed": 1,
        "darkroom.jobs code= kind=ocr outcome=succeeded": 1,
    }


CUT = sends([head(content_length="5000"), b'{"pages": ['])


@pytest.mark.parametrize(
    ("script", "status"),
    [
        (answer(200, json.dumps({"pages": TWO_PAGES["pages"][:1]}).encode()), "200"),
        (answer(429), "429"),
        (answer(401), "401"),
        (answer(500), "500"),
        (CUT, "ProtocolError"),
        (lambda exchange: exchange.reset(), "ConnectionError"),
    ],
    ids=["200", "429", "401", "500", "cut", "reset"],
)
def test_each_call_is_measured_by_how_it_was_answered(script: Callable[..., None], status: str) -> None:
    """What is cut was not answered, whatever its head said."""
    with serving(script) as server:
        bench = read_by(server, Bench.make())
        told = Told.by(bench)
        bench.drop("a.pdf", corpus.text_pdf())
        bench.step()

    name = f"darkroom.model.latency deployment=mistral-document-ai-2512 status={status}"
    assert told.measured() == {name: 1}
    assert [call["status"] for call in told.all("model call")] == [status]


def test_the_watch_tells_depth_and_age_of_every_queue(caplog: pytest.LogCaptureFixture) -> None:
    """Alerts need them more often than the sweep comes; what is hidden has no age, what is not there is left out."""
    caplog.set_level("INFO", "darkroom.watch")
    bench = Bench.make()
    told = Told.by(bench)
    bench.storage.send(OCR_JOBS, "{}")
    bench.clock.forward(seconds=90)
    bench.storage.send(OCR_JOBS, "{}")
    bench.storage.send(IMAGE_JOBS, "{}", delay=600)
    bench.storage.prepare((), ("ocr-jobs-poison",))

    watch.watch(bench.services)

    assert told.sums() == {
        "darkroom.queue.depth queue=ocr-jobs": 2,
        "darkroom.queue.age queue=ocr-jobs": 90,
        "darkroom.queue.depth queue=image-jobs": 1,
        "darkroom.queue.age queue=image-jobs": 0,
        "darkroom.queue.depth queue=ocr-jobs-poison": 0,
        "darkroom.queue.age queue=ocr-jobs-poison": 0,
    }
    assert [record.getMessage() for record in caplog.records] == [
        "queue queue=ocr-jobs depth=2 age=90",
        "queue queue=ocr-jobs-poison depth=0 age=0",
        "queue queue=image-jobs depth=1 age=0",
    ]
