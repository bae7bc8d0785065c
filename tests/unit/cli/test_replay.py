"""`darkroom replay` as it is typed: what goes back on which queue, what is left, and why."""

import json

import pytest
from azure.core.exceptions import HttpResponseError

from shared import image_jobs
from shared.errors import Invalid, Throttled
from shared.messages import Status
from shared.names import EMBEDDING_JOBS, RESULTS, BlobRef
from tests import corpus
from tests.fakes import Bench
from tests.unit.cli.operating import (
    MINE,
    account_of,
    failed_document,
    failed_picture,
    rejected,
    run,
    succeeded_document,
    waiting,
    waiting_document,
    waiting_pictures,
)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """An empty account."""
    return account_of(monkeypatch)


def test_a_failed_document_goes_back_and_ends_well(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Its id is on stdout, its failure on stderr."""
    job_id = failed_document(bench)

    assert run("replay", job_id) == 0

    said = capsys.readouterr()
    assert said.out == f"{job_id}\n"
    assert said.err == f"put back          {job_id}: refused: The content filter refused it.\n1 put back, 0 left.\n"
    assert waiting(bench) == [{"document": "documents/bad.pdf", "replays": 1}]
    bench.run()
    assert bench.record("bad.pdf").status is Status.SUCCEEDED


def test_a_failed_picture_goes_back_under_its_id(bench: Bench) -> None:
    """Each replay counts one more."""
    failed_picture(bench)

    assert run("replay", "mine") == 0
    [message] = waiting_pictures(bench)
    assert message == MINE | {"replays": 1}
    failed_picture(bench, message)
    bench.storage.queues["image-jobs"].clear()

    assert run("replay", "results/images/mine") == 0
    assert waiting_pictures(bench) == [MINE | {"replays": 2}]


def test_failed_vectors_go_back_on_their_own_queue(bench: Bench) -> None:
    """Each kind has its queue."""
    message = {"inputs": [{"text": "A lighthouse"}], "job_id": "words"}
    record = {
        "job_id": "words",
        "kind": "embedding",
        "status": "failed",
        "fingerprint": "f",
        "message": json.dumps(message),
    }
    record["created_at"] = "2026-11-20T12:00:00Z"
    metadata = {"status": "failed", "job": "words", "kind": "embedding"}
    ref = BlobRef(RESULTS, "embeddings/words/job.json")
    bench.storage.write(ref, json.dumps(record).encode(), "application/json", metadata=metadata)

    assert run("replay", "words") == 0

    assert waiting(bench, EMBEDDING_JOBS) == [message | {"replays": 1}]


def test_all_that_failed_goes_back_and_nothing_else(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Jobs that succeeded or wait are not asked."""
    good, slow = succeeded_document(bench), waiting_document(bench)
    bench.storage.queues["ocr-jobs"].clear()
    bad, mine = failed_document(bench), failed_picture(bench)

    assert run("replay", "--failed") == 0

    assert sorted(capsys.readouterr().out.split()) == sorted([bad, mine])
    assert good and slow
    assert [message["document"] for message in waiting(bench)] == ["documents/bad.pdf"]
    assert waiting_pictures(bench) == [MINE | {"replays": 1}]


@pytest.mark.parametrize(
    ("filters", "back"),
    [
        (["--kind", "image"], ["mine"]),
        (["--code", "gave_up"], ["documents/old.pdf"]),
        (["--since", "2h"], ["documents/bad.pdf", "mine"]),
        (["--since", "2026-11-21T15:00"], ["documents/bad.pdf", "mine"]),
        (["--since", "2026-11-20", "--kind", "ocr", "--code", "refused"], ["documents/bad.pdf"]),
    ],
)
def test_filters_choose_among_the_failed(bench: Bench, filters: list[str], back: list[str]) -> None:
    """By kind, by code and by when it ended; all of them at once."""
    waiting_document(bench, "old.pdf")
    bench.clock.forward(hours=25)
    bench.run()
    bench.clock.forward(hours=3)
    failed_document(bench)
    failed_picture(bench)

    assert run("replay", "--failed", *filters) == 0

    posted = [message.get("document") or message["job_id"] for message in waiting(bench) + waiting_pictures(bench)]
    assert posted == back


def test_a_dry_run_posts_nothing(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what would be."""
    job_id = failed_document(bench)

    assert run("replay", "--failed", "--dry-run") == 0

    said = capsys.readouterr()
    why = "refused: The content filter refused it."
    assert (said.out, said.err) == ("", f"would be put back {job_id}: {why}\n1 would be put back, 0 left.\n")
    assert waiting(bench) == []


def test_programs_get_an_object_a_job(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Of those that are left, too."""
    job_id = failed_document(bench)

    assert run("replay", job_id, "none", "--json") == 1

    back, left = map(json.loads, capsys.readouterr().out.splitlines())
    assert back == {
        "name": job_id,
        "job_id": job_id,
        "kind": "ocr",
        "outcome": "put back",
        "queue": "ocr-jobs",
        "why": "refused: The content filter refused it.",
        "record": "results/ocr/bad.pdf/job.json",
    }
    assert (left["name"], left["outcome"], left["job_id"], left["queue"]) == ("none", "left", None, None)


def test_a_job_that_succeeded_or_goes_on_is_left(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """It would do nothing, and the status says that something was not done."""
    good, slow = succeeded_document(bench), waiting_document(bench)
    bench.storage.queues["ocr-jobs"].clear()

    assert run("replay", good, slow) == 1

    said = capsys.readouterr().err
    assert f"left              {good}: it succeeded\n" in said
    assert f"left              {slow}: it is waiting; only failed jobs, and those that are silent for an hour," in said
    assert waiting(bench) == []


def test_the_message_of_a_job_that_is_silent_for_an_hour_is_posted_again(bench: Bench) -> None:
    """It is the same run of the same job, which goes on where it was."""
    job_id = waiting_document(bench)
    bench.storage.queues["ocr-jobs"].clear()
    bench.clock.forward(minutes=61)

    assert run("replay", job_id) == 0
    bench.run()

    record = bench.record("slow.pdf")
    assert (record.status, record.replays, record.attempts) == (Status.SUCCEEDED, 0, 2)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("gone", "its document documents/bad.pdf is gone; drop it again"),
        ("changed", "its document documents/bad.pdf has a newer version, which is a job of its own"),
    ],
)
def test_a_document_that_is_not_what_it_was_is_left(
    bench: Bench, change: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A replay would read something else, or nothing."""
    job_id = failed_document(bench)
    bench.storage.delete(BlobRef("documents", "bad.pdf"))
    if change == "changed":
        bench.storage.write(BlobRef("documents", "bad.pdf"), b"%PDF", "application/pdf")

    assert run("replay", job_id) == 1

    assert f"left              {job_id}: {why}\n" in capsys.readouterr().err
    assert waiting(bench) == []


@pytest.mark.parametrize(("kept", "ends"), [(True, None), (False, "part_missing")])
def test_a_silent_job_whose_document_is_gone_ends_all_the_same(bench: Bench, kept: bool, ends: str | None) -> None:
    """With the parts that are kept; where they are not, it would be running for ever."""
    bench.drop("a.pdf", corpus.text_pdf(pages=65))
    bench.step()
    bench.storage.queues["ocr-jobs"].clear()
    bench.storage.delete(BlobRef("documents", "a.pdf"))
    for part in [] if kept else list(bench.storage.list("ledger", "parts/")):
        bench.storage.delete(part.ref)
    bench.clock.forward(hours=2)

    assert run("replay", "a.pdf") == 0
    bench.run()

    assert [event.code for event in bench.events()] == [ends]


def test_a_job_whose_document_came_late_is_put_back(bench: Bench) -> None:
    """Its message was there first, with options that the document's own event does not have."""
    bench.post(document="documents/late.pdf", pages="1", job_id="monday")
    bench.run()
    assert run("replay", "monday") == 1
    bench.storage.write(BlobRef("documents", "late.pdf"), corpus.text_pdf(pages=2), "application/pdf")

    assert run("replay", "monday") == 0
    bench.run()

    assert (bench.record("late.pdf").status, bench.record("late.pdf").options["pages"]) == (Status.SUCCEEDED, "1")


def test_storage_that_refuses_a_request_is_a_sentence_and_status_3(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback, whatever happens in the middle."""
    failed_document(bench)

    def busy(*_: object, **__: object) -> None:
        raise HttpResponseError("busy")

    monkeypatch.setattr(bench.storage, "send", busy)

    assert run("replay", "--failed") == 3
    assert capsys.readouterr().err == "darkroom: Storage refused a request: HttpResponseError. Try again in a while.\n"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"no JSON", "its message cannot be used; post a right one instead"),
        (b'{"document": "elsewhere/a.pdf"}', "its message cannot be used; post a right one instead"),
        (b"\xff", "its message is not kept whole, for it was too long or no text"),
        (b'{"prompt": "' + b"x" * 20_000, "its message is not kept whole, for it was too long or no text"),
    ],
)
def test_what_never_was_a_message_is_left(
    bench: Bench, body: bytes, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would be rejected again."""
    job_id = rejected(bench, body)
    assert run("replay", job_id) == 1
    assert f"left              {job_id}: {why}\n" in capsys.readouterr().err
    assert waiting_pictures(bench) == []


def test_a_message_that_was_rejected_for_a_taken_id_is_left_with_what_helps(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another id must be given by whoever posts it."""
    failed_picture(bench)
    job_id = rejected(bench, json.dumps(MINE | {"prompt": "A boat"}).encode())

    assert run("replay", job_id) == 1

    assert "There is a job mine already, and it asked for something else. Give another" in capsys.readouterr().err


def test_a_rejected_message_that_can_be_used_by_now_becomes_one_job(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newer Darkroom may know a key that an older one refused; however often it is replayed, it is paid once."""
    with monkeypatch.context() as older:
        older.setattr("shared.single_jobs.SingleJobs.parse", _refuse)
        job_id = rejected(bench, b'{"prompt": "A lighthouse"}')

    assert (run("replay", job_id), run("replay", "--failed")) == (0, 0)

    messages = waiting_pictures(bench)
    assert messages == [{"prompt": "A lighthouse", "job_id": job_id}] * 2
    for message in messages:
        image_jobs.image_message(bench.services, json.dumps(message).encode(), 1, "m-1")
    assert len(bench.images.calls) == 1


def _refuse(jobs: object, body: bytes) -> None:
    raise Invalid("The message cannot be used.", code="invalid_message")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["mine", "--failed"],
        ["mine", "--since", "2h"],
        ["mine", "--code", "crashed"],
        ["mine", "--kind", "ocr"],
        ["--failed", "--since", "yesterday"],
        ["--failed", "--kind", "vectors"],
        ["documents/../x"],
    ],
)
def test_wrong_use_is_status_2_and_posts_nothing(bench: Bench, arguments: list[str]) -> None:
    """What cannot be meant is told before anything happens."""
    failed_picture(bench)
    assert run("replay", *arguments) == 2
    assert waiting_pictures(bench) == []


def test_more_jobs_than_are_held_at_once_all_go_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many failed."""
    monkeypatch.setattr("cli.replay._BATCH", 2)
    for number in range(5):
        failed_document(bench, f"{number}.pdf")

    assert run("replay", "--failed") == 0

    assert len(waiting(bench)) == 5
    bench.ocr.faults.append(Throttled("wait"))
    bench.run()
    assert {event.status for event in bench.events()[5:]} == {Status.SUCCEEDED}
