"""A job is one trace, from the event to the record, however often it waits and whoever goes on with it."""

import json

import pytest

from shared import embedding_jobs, image_jobs, ocr_jobs
from shared.errors import Throttled, Unavailable
from shared.messages import room
from shared.names import EMBEDDING_JOBS, IMAGE_JOBS, BlobRef
from shared.storage import LARGEST_MESSAGE
from tests import corpus
from tests.fakes import Bench, small_png
from tests.servers import answer, serving
from tests.telling import SMALL_PARTS, TWO_PAGES, Told, read_by
from tests.unit.test_canaries import ANSWERS, at

HOSTS_TRACE = "0af7651916cd43dd8448eb211c80319c"
HOSTS_SPAN = f"00-{HOSTS_TRACE}-b7ad6b7169203331-01"


def run_vectors(bench: Bench) -> None:
    """Deliver what waits for vectors, once."""
    for posted in bench.storage.queues.pop(EMBEDDING_JOBS, []):
        embedding_jobs.embedding_message(bench.services, posted.text.encode(), 1, "id")


def test_a_document_of_several_parts_is_one_trace_from_the_event_to_its_vectors() -> None:
    """Whoever looks for a document finds all that was done with it, on whichever worker, in one place."""
    with serving(answer(200, json.dumps(TWO_PAGES).encode(), x_request_id="r-1")) as server:
        bench = read_by(server, Bench.make(models=SMALL_PARTS, embed_documents=True))
        told = Told.by(bench)
        bench.storage.write(BlobRef("documents", "a.pdf"), corpus.text_pdf(4), "application/pdf")

        ocr_jobs.document_dropped(bench.services, BlobRef("documents", "a.pdf"), HOSTS_SPAN)
        bench.run()
        run_vectors(bench)

    vectors = "job(write results, record)"
    last = f"job(part(model call), assemble, record, {vectors})"
    assert told.traces() == [f"event(job(job(part(model call)), {last}))"]
    assert told.ids() == {HOSTS_TRACE}
    assert [(part["number"], part["pages"]) for part in told.all("part")] == [(1, "1-2"), (2, "3-4")]
    job_id = bench.record("a.pdf").job_id
    assert {about["job"] for name in ("part", "assemble") for about in told.all(name)} == {job_id}
    assert [job.get("outcome") for job in told.all("job")] == [None, None, "succeeded", "succeeded"]
    calls = told.all("model call")
    assert [(call["deployment"], call["status"], call["request_id"]) for call in calls] == [
        ("mistral-document-ai-2512", "200", "r-1")
    ] * 2
    assert all(call["sent"] > 1000 and call["seconds"] >= 0 for call in calls)


def test_a_job_that_waits_goes_on_in_its_trace() -> None:
    """Its attempts may be hours and workers apart."""
    bench = Bench.make()
    told = Told.by(bench)
    bench.images.faults += [Throttled("wait", after=7), Unavailable("away", reached=False)]
    bench.storage.send(IMAGE_JOBS, '{"prompt": "A lighthouse"}')

    while waiting := bench.storage.queues[IMAGE_JOBS]:
        image_jobs.image_message(bench.services, waiting.pop().text.encode(), 1, "id", HOSTS_SPAN)

    assert told.ids() == {HOSTS_TRACE}
    assert told.traces() == ["job(job(write results), job(write results), job(write results, record))"]
    assert [(job.get("outcome"), job.get("code")) for job in told.all("job")] == [
        (None, None),
        ("deferred", "throttled"),
        ("deferred", "unavailable"),
        ("succeeded", ""),
    ]


def test_a_job_that_came_without_a_trace_waits_with_the_one_that_began() -> None:
    """Its first attempt is part of what became of it."""
    bench = Bench.make()
    told = Told.by(bench)
    bench.ocr.faults += [Throttled("wait", after=7)]
    bench.storage.write(BlobRef("documents", "a.pdf"), corpus.text_pdf(), "application/pdf")
    bench.post(document="documents/a.pdf")

    bench.run()

    assert told.traces() == ["job(part, job(part, assemble, record))"]


def test_a_trace_that_the_caller_names_is_gone_on_with() -> None:
    """It is kept out of what makes the job the same job, and out of its record."""
    bench = Bench.make()
    told = Told.by(bench)
    message = {"prompt": "A lighthouse", "job_id": "mine"}

    image_jobs.image_message(bench.services, json.dumps(message | {"trace": HOSTS_SPAN}).encode(), 1, "id")
    image_jobs.image_message(bench.services, json.dumps(message).encode(), 1, "id")

    assert HOSTS_TRACE in told.ids()
    assert [event.status for event in bench.events()] == ["succeeded"]
    assert HOSTS_TRACE not in (bench.storage.read(BlobRef("results", "images/mine/job.json")) or b"").decode()


@pytest.mark.parametrize("named", [{}, {"job_id": "mine"}], ids=["unnamed", "named"])
@pytest.mark.parametrize("spare", [0, 60, 71, 72, 119, 120, 130, 247, 248])
def test_a_trace_makes_no_message_too_large_for_its_queue(named: dict[str, str], spare: int) -> None:
    """One that has room for a trace, an id and counts waits as often as it must; another is refused at once."""
    bench = Bench.make()
    told = Told.by(bench)
    bench.images.faults += [Unavailable("away", reached=False)] * 12
    pictures = [BlobRef("images", f"{'n' * 1000}{number}") for number in range(16)]
    for picture in pictures:
        bench.storage.write(picture, small_png(), "image/png")
    asked = {"operation": "edit", "images": [*map(str, pictures)], **named, "prompt": ""}
    length = LARGEST_MESSAGE - spare - len(json.dumps(asked, separators=(",", ":")))
    bench.storage.send(IMAGE_JOBS, json.dumps(asked | {"prompt": "x" * length}, separators=(",", ":")))

    while waiting := bench.storage.queues[IMAGE_JOBS]:
        image_jobs.image_message(bench.services, waiting.pop().text.encode(), 1, "id")

    fits = spare >= room(named)
    assert [event.code for event in bench.events()] == [None if fits else "too_large"]
    assert len(told.all("job")) == (0 if not fits else 13 if named else 14)


@pytest.mark.parametrize("host", [None, "", "none", "00-short-b7ad6b7169203331-01"])
def test_without_a_trace_to_go_on_with_one_begins(host: str | None) -> None:
    """The host tells none while it is not listened to."""
    bench = Bench.make()
    told = Told.by(bench)

    image_jobs.image_message(bench.services, b'{"prompt": "A lighthouse", "job_id": "mine"}', 1, "id", host)

    assert (len(told.ids()), told.traces()) == (1, ["job(write results, record)"])


def test_a_buried_job_ends_in_its_trace() -> None:
    """A crash loop leaves no span of its own: its worker died."""
    bench = Bench.make()
    told = Told.by(bench)
    bench.storage.write(BlobRef("documents", "a.pdf"), corpus.text_pdf(), "application/pdf")

    for bury, body in (
        (ocr_jobs.buried, {"document": "documents/a.pdf"}),
        (image_jobs.buried, {"prompt": "A lighthouse"}),
    ):
        bury(bench.services, json.dumps(body | {"trace": HOSTS_SPAN}).encode())

    assert (told.traces(), told.ids()) == (["bury(record)"] * 2, {HOSTS_TRACE})
    assert [about["code"] for about in told.all("bury")] == ["crashed"] * 2


def test_the_calls_of_one_job_are_its_own_in_whichever_thread() -> None:
    """They are made side by side in threads, which know nothing of the job by themselves."""
    with serving(*ANSWERS["success"]("")) as server:
        bench = at(server.url)
        told = Told.by(bench)
        inputs = [{"text": f"text {number}"} for number in range(4)]
        message = {"inputs": inputs, "model": "text-embedding-3-small", "job_id": "vectors"}
        embedding_jobs.embedding_message(bench.services, json.dumps(message).encode(), 5, "id")

    with serving(*ANSWERS["picture"](server.url)) as server:
        bench = at(server.url)
        pictured = Told.by(bench)
        image_jobs.image_message(bench.services, b'{"prompt": "A", "job_id": "a", "model": "gpt-image-1"}', 5, "id")

    assert told.traces() == ["job(model call, write results, record)"]
    assert pictured.traces()[0].startswith("job(model call, write results")
