"""Embedding jobs: inputs become rows in order, each call is paid once, and what fails is told input by input."""

import json
from typing import Any

import pytest

from shared import embedding_jobs
from shared.errors import Throttled, Unavailable
from shared.jobs import MAX_ATTEMPTS
from shared.messages import EmbeddingUsage, Status
from shared.names import EMBEDDING_JOBS, EMBEDDING_JOBS_POISON, LEDGER, BlobRef
from tests.unit.embeddings.lab import JOB, Lab

SENTENCES = "The lighthouse stands on the cliff. It was built in 1887. " * 60


def test_every_input_becomes_a_row_in_its_place() -> None:
    """`vectors.jsonl` and `vectors.npy` have the inputs in order, whatever kind they are."""
    lab = Lab.make()
    inputs = [{"text": "first"}, {"image": lab.picture("a.png")}, {"text_blob": lab.give("t.txt", "third")}]

    record = lab.run(*inputs)

    told = [(line["index"], line["input"], line.get("text")) for line in lab.lines()]
    assert told == [
        (0, {"number": 1}, "first"),
        (1, {"number": 2, "image": "images/a.png"}, None),
        (2, {"number": 3, "text_blob": "images/t.txt"}, "third"),
    ]
    assert lab.matrix().tolist() == [line["vector"] for line in lab.lines()]
    assert (record.status, record.vectors, record.dimensions) == (Status.SUCCEEDED, 3, 1536)
    assert record.outputs == ("vectors.jsonl", "vectors.npy")


def test_texts_go_together_and_pictures_one_by_one() -> None:
    """96 texts are one call; a service that gets many pictures may answer with one vector."""
    lab = Lab.make()
    texts = [{"text": f"text {number}"} for number in range(97)]

    lab.run(*texts, {"image": lab.picture("a.png", 1)}, {"image": lab.picture("b.png", 2)})

    assert sorted((len(call.texts), call.image is not None) for call in lab.model.calls) == [
        (0, True), (0, True), (1, False), (96, False),
    ]  # fmt: skip


def test_a_prefix_is_its_pictures_in_name_order() -> None:
    """Blobs that only stand for folders are none of them."""
    lab = Lab.make()
    for name in ("shop/b.png", "shop/a.png", "shop/deep/c.png", "shopping.png"):
        lab.picture(name, len(name))
    lab.bench.storage.write(BlobRef("images", "shop/deep"), b"", "", metadata={"hdi_isfolder": "true"})

    lab.run({"images": "images/shop/"})

    assert [line["input"]["image"] for line in lab.lines()] == [
        "images/shop/a.png", "images/shop/b.png", "images/shop/deep/c.png",
    ]  # fmt: skip


def test_a_long_text_has_a_vector_for_each_chunk_with_its_place() -> None:
    """Chunks cover the text, and their offsets find them in it."""
    lab = Lab.make()

    lab.run({"text": SENTENCES})

    lines = lab.lines()
    assert len(lines) > 1
    assert all(SENTENCES[line["chunk"]["start"] : line["chunk"]["end"]] == line["text"] for line in lines)
    assert lines[0]["chunk"]["start"] == 0
    assert lines[-1]["chunk"]["end"] == len(SENTENCES.rstrip())


def test_a_job_can_ask_for_one_vector_an_input() -> None:
    """Then a long text is cut, and the row says where."""
    lab = Lab.make()

    lab.run({"text": SENTENCES}, truncate=True)

    [line] = lab.lines()
    assert 0 < line["chunk"]["end"] < len(SENTENCES)


def test_a_pair_is_sent_as_one() -> None:
    """The picture and what is said about it have one vector."""
    lab = Lab.make()

    lab.run({"image": lab.picture("a.png"), "text": "A red door"})

    [call] = lab.model.calls
    assert (call.image is not None, call.texts) == (True, ("A red door",))


def test_the_same_picture_is_paid_once_in_any_job() -> None:
    """Under another name, twice in a job, in another job: the bytes, the model and the options count."""
    lab = Lab.make(embedding_calls=4)
    inputs = [{"image": lab.picture(name, 7)} for name in ("a.png", "b.png", "c.png")]

    lab.run(*inputs)
    lab.run(inputs[0], job_id="second")
    paid = len(lab.model.calls)
    lab.run(inputs[0], job_id="third", dimensions=256)

    assert (paid, len(lab.model.calls)) == (1, 2)
    assert len(lab.lines()) == 3


def test_a_throttled_job_goes_on_where_it_was() -> None:
    """What is paid is neither read nor paid again."""
    lab = Lab.make()
    names = [lab.picture(f"{shade}.png", shade) for shade in range(4)]
    lab.model.faults.extend([None, None, Throttled("later", after=7)])
    lab.deliver(*({"image": name} for name in names))
    read = _reads(lab)

    assert lab.record().status is Status.WAITING
    posted = lab.again()

    assert (lab.record().status, len(lab.model.calls)) == (Status.SUCCEEDED, 4)
    assert posted.delay >= 7
    assert sorted(read) == sorted(names[2:])


def _reads(lab: Lab) -> list[str]:
    """The pictures that are read from now on."""
    read: list[str] = []
    download = lab.bench.storage.download

    def noting(ref: BlobRef, *args: Any, **options: Any) -> str | None:
        if ref.container != LEDGER:
            read.append(str(ref))
        return download(ref, *args, **options)

    object.__setattr__(lab.bench.storage, "download", noting)
    return read


def test_a_partly_failed_job_keeps_its_vectors_and_lists_the_others() -> None:
    """It is `failed` with the code `partial`, and says which inputs have no vector and why."""
    lab = Lab.make()

    record = lab.run(
        {"text": "good"}, {"text": " "}, {"text": "bad"}, {"image": lab.give("n.png", "no picture")}, {"text": "fine"}
    )

    assert (record.status, record.problem and record.problem.code) == (Status.FAILED, "partial")
    assert [(one.input, one.name, one.code) for one in record.failed_inputs] == [
        (2, "", "empty_text"), (3, "", "invalid"), (4, "images/n.png", "unsupported_type"),
    ]  # fmt: skip
    assert [(line["index"], line["text"]) for line in lab.lines()] == [(0, "good"), (1, "fine")]
    assert lab.matrix().shape == (2, 1536)


def test_the_replay_of_a_partly_failed_job_pays_only_for_what_was_missing() -> None:
    """Though a mended input changes what would go together in a call."""
    lab = Lab.make()
    missing = {"text_blob": "images/late.txt"}
    inputs = [missing, *({"text": f"text {number}"} for number in range(100))]
    lab.run(*inputs)
    lab.model.calls.clear()

    lab.give("late.txt", "now it is there")
    record = lab.run(*inputs, replays=1)

    assert record.status is Status.SUCCEEDED
    assert [call.texts for call in lab.model.calls] == [("now it is there",)]
    assert [line["input"]["number"] for line in lab.lines()] == list(range(1, 102))


@pytest.mark.parametrize(
    ("answered", "said"),
    [
        ([[1.0] * 1536], "2 inputs with 1"),
        ([[1.0] * 1536, [1.0] * 7], "7 dimensions"),
        ([[1.0] * 1536, [0.0] * 1536], "zeros"),
    ],
)
def test_a_wrong_answer_is_refused_and_asked_for_again_only_by_a_replay(answered: Any, said: str) -> None:
    """A vector that belongs to nothing is worse than none; and asking on would be paid each time."""
    lab = Lab.make()
    inputs = [{"text": "one"}, {"text": "two"}]
    lab.model.vectors.append(answered)

    record = lab.run(*inputs)
    paid = len(lab.model.calls)
    lab.deliver(*inputs)
    after = lab.run(*inputs, replays=1)

    assert record.status is Status.FAILED
    assert record.problem is not None
    assert said in record.problem.message
    assert (paid, after.status, len(lab.model.calls)) == (1, Status.SUCCEEDED, 2)


def test_usage_and_price_are_those_of_all_calls() -> None:
    """Tokens of texts and of pictures have prices of their own."""
    lab = Lab.make()

    record = lab.run({"text": "one"}, {"image": lab.picture("a.png")})

    assert record.usage == EmbeddingUsage(text_tokens=10, image_tokens=10, images=1)
    assert record.estimated_usd == pytest.approx(10 * (0.12 + 0.47) / 1e6, abs=1e-6)


def test_a_round_ends_before_the_host_would_end_it() -> None:
    """What is left goes on in the next delivery, at once."""
    lab = Lab.make()
    names = [lab.picture(f"{shade}.png", shade) for shade in range(30)]
    find = lab.bench.storage.find

    def slow(ref: BlobRef) -> Any:
        lab.bench.clock.forward(seconds=20)
        return find(ref)

    object.__setattr__(lab.bench.storage, "find", slow)
    lab.deliver(*({"image": name} for name in names))

    assert lab.record().status is Status.WAITING
    [posted] = lab.waiting()
    assert posted.delay < 2
    assert 0 < len(lab.model.calls) < 30


def test_a_model_that_is_away_fails_no_job() -> None:
    """The job waits and says for what."""
    lab = Lab.make()
    lab.model.faults.append(Unavailable("The model did not answer."))

    lab.deliver({"text": "a"})

    problem = lab.record().problem
    assert (lab.record().status, problem and problem.code) == (Status.WAITING, "unavailable")
    assert lab.run({"text": "a"}).status is Status.SUCCEEDED


def test_a_refused_text_does_not_spoil_those_that_went_with_it() -> None:
    """Texts of a refused call are asked for again by halves; nothing was billed for the call."""
    lab = Lab.make()

    record = lab.run({"text": "good"}, {"text": "bad"}, {"text": "fine"})

    assert [one.input for one in record.failed_inputs] == [2]
    assert [call.texts for call in lab.model.calls] == [("good",), ("fine",)]


def test_a_fault_in_a_call_is_counted_by_the_host_and_ends_the_job_at_last() -> None:
    """It is raised in the thread that the host waits for, not lost in another."""
    lab = Lab.make()
    for attempt in range(1, MAX_ATTEMPTS):
        lab.model.faults.append(RuntimeError("secret words"))
        with pytest.raises(Exception, match="RuntimeError"):
            lab.deliver({"text": "a"}, attempt=attempt)
    lab.model.faults.append(RuntimeError("secret words"))
    lab.deliver({"text": "a"}, attempt=MAX_ATTEMPTS)

    problem = lab.record().problem
    assert problem is not None
    assert (problem.code, "secret" in problem.message) == ("unexpected", False)


def test_a_poison_message_becomes_a_failed_record_that_can_be_replayed() -> None:
    """The record keeps the message."""
    lab = Lab.make()
    body = json.dumps({"inputs": [{"text": "a"}], "job_id": JOB}).encode()

    embedding_jobs.buried(lab.bench.services, body)

    record = lab.record()
    assert record.problem is not None
    assert (record.status, record.problem.code) == (Status.FAILED, "crashed")
    assert json.loads(record.message or "")["inputs"] == [{"text": "a"}]
    assert EMBEDDING_JOBS_POISON not in lab.bench.storage.queues


def test_a_message_without_a_job_id_gets_one_first() -> None:
    """Made from the queue message's own id."""
    lab = Lab.make()

    embedding_jobs.embedding_message(lab.bench.services, b'{"inputs": [{"text": "a"}]}', 1, "id")

    [posted] = lab.bench.storage.queues[EMBEDDING_JOBS]
    assert json.loads(posted.text)["job_id"].startswith("embedding-")
