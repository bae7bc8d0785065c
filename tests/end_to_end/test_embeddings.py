"""Embedding jobs posted on the queue, documents that flow on to them, and what becomes of both, through the stack."""

import io
import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from shared.messages import EmbeddingUsage, JobRecord, Status
from shared.names import EMBEDDING_JOBS, IMAGES, JOB_EVENTS, RESULTS, BlobRef, embedding_folder
from shared.records import read_record
from tests import corpus
from tests.end_to_end.conftest import Whole
from tests.fakes import small_png

pytestmark = pytest.mark.usefixtures("well_behaved_models")
CANARY = "canary51bd"


def give(whole: Whole, name: str, data: bytes) -> str:
    """Write an input; its name as a message has it."""
    whole.storage.write(BlobRef(IMAGES, name), data, "application/octet-stream")
    return f"images/{name}"


def picture(colour: str, size: tuple[int, int] = (320, 240), kind: str = "PNG") -> bytes:
    """A picture of one colour, as a file."""
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind)
    return buffer.getvalue()


def run(whole: Whole, job_id: str, *inputs: dict[str, str], **options: Any) -> JobRecord:
    """Post a job and wait for its end."""
    whole.storage.send(EMBEDDING_JOBS, json.dumps({"job_id": job_id, "inputs": inputs, **options}))
    return finished(whole, job_id)


def finished(whole: Whole, job_id: str) -> JobRecord:
    """The record of a job, once it has ended."""

    def ended() -> JobRecord | None:
        record = read_record(whole.storage, embedding_folder(job_id))
        return record if record is not None and record.final and record.announced else None

    return whole.until(ended)


def result(whole: Whole, record: JobRecord) -> tuple[list[dict[str, Any]], NDArray[np.float32]]:
    """What is told of the vectors, and the vectors, in length one."""
    folder = embedding_folder(record.job_id)
    lines, rows = (whole.storage.read(BlobRef(RESULTS, f"{folder}/vectors.{kind}")) or b"" for kind in ("jsonl", "npy"))
    numbers = np.load(io.BytesIO(rows))
    return [json.loads(line) for line in lines.splitlines()], numbers / np.linalg.norm(numbers, axis=1, keepdims=True)


def billed(whole: Whole) -> int:
    """What the service would bill."""
    calls: int = whole.emulator("GET", "stats")["totals"]["billed_calls"]
    return calls


def test_texts_pictures_and_pairs_become_vectors_in_one_space(whole: Whole) -> None:
    """In the order of the message, each by its own way; the colour that is named is the nearest picture."""
    red, blue = (give(whole, f"e2e-embed/{colour}.png", picture(colour)) for colour in ("red", "blue"))
    notes = give(whole, "e2e-embed/notes.txt", "Grüße\n\nfrom the lighthouse".encode())

    record = run(
        whole, "e2e-embed",
        {"text": "red"}, {"image": red}, {"image": blue}, {"image": blue, "text": "Fig. 1: blue"}, {"text_blob": notes},
    )  # fmt: skip
    lines, vectors = result(whole, record)

    assert (record.status, record.problem, record.outputs) == (Status.SUCCEEDED, None, ("vectors.jsonl", "vectors.npy"))
    assert (record.model, record.vectors, record.dimensions) == ("embed-v-4-0", 5, 1536)
    assert [line["input"] for line in lines] == [
        {"number": 1},
        {"number": 2, "image": red},
        {"number": 3, "image": blue},
        {"number": 4, "image": blue},
        {"number": 5, "text_blob": notes},
    ]
    assert [line.get("text") for line in lines] == ["red", None, None, "Fig. 1: blue", "Grüße\n\nfrom the lighthouse"]
    assert isinstance(record.usage, EmbeddingUsage)
    assert record.usage.images == 3
    assert record.estimated_usd
    similar = vectors[0] @ vectors.T
    assert similar[1] > similar[2] + 0.1
    assert vectors[2] @ vectors[3] > vectors[1] @ vectors[3] + 0.1


def test_all_pictures_below_a_prefix_are_embedded_as_the_model_takes_them(whole: Whole) -> None:
    """In name order; a JPEG that is too large is made fit, and the record says so."""
    give(whole, "e2e-prefix/b.jpg", picture("green", (3000, 2000), "JPEG"))
    give(whole, "e2e-prefix/a.png", picture("green"))

    record = run(whole, "e2e-prefix", {"images": "images/e2e-prefix/"}, dimensions=256)
    lines, vectors = result(whole, record)

    assert [line["input"]["image"] for line in lines] == ["images/e2e-prefix/a.png", "images/e2e-prefix/b.jpg"]
    assert [source.prepared for source in record.inputs] == [
        None,
        "converted from image/jpeg; scaled from 3000 x 2000 to 1732 x 1154",
    ]
    assert vectors.shape == (2, 256)
    assert vectors[0] @ vectors[1] > 0.9


@pytest.mark.parametrize(
    ("model", "dimensions"),
    [("Cohere-embed-v3-english", 1024), ("Cohere-Embed-V5-Pro", None), ("text-embedding-3-small", 1536)],
)
def test_other_models_are_asked_in_their_own_way(whole: Whole, model: str, dimensions: int | None) -> None:
    """Each at its usual route."""
    record = run(whole, f"e2e-{model}", {"text": "a lighthouse"}, {"text": "ein Leuchtturm"}, model=model)

    assert (record.status, record.vectors) == (Status.SUCCEEDED, 2), record.problem
    assert dimensions in (None, record.dimensions)


def test_a_long_text_has_a_vector_for_each_chunk(whole: Whole) -> None:
    """Each tells where in the text it is; cut short, it has one."""
    text = "".join(f"Chapter {number} is about lamp {number}.\n\n" for number in range(400))
    name = give(whole, "e2e-long/book.txt", text.encode())

    record = run(whole, "e2e-chunks", {"text_blob": name}, model="Cohere-embed-v3-english")
    short = run(whole, "e2e-short", {"text_blob": name}, model="Cohere-embed-v3-english", truncate=True)

    lines, _ = result(whole, record)
    assert len(lines) == record.vectors and len(lines) > 3
    assert all(line["text"] == text[line["chunk"]["start"] : line["chunk"]["end"]] for line in lines)
    assert lines[-1]["text"].endswith("lamp 399.")
    assert (short.status, short.vectors) == (Status.SUCCEEDED, 1)


def test_a_document_goes_on_to_embedding_with_its_pages_and_figures(whole: Whole) -> None:
    """The OCR record names the job, the job's record the document, and each vector its page and figure."""
    etag = whole.drop("e2e/flow.pdf", corpus.scanned_pdf(2, "Lighthouse keeper"), embed="true")

    read = whole.finished("e2e/flow.pdf", etag)
    assert read.embedding_job
    record = finished(whole, read.embedding_job)
    lines, _ = result(whole, record)

    assert (record.status, record.source) == (Status.SUCCEEDED, read.source)
    inputs = [line["input"] for line in lines]
    assert {one["document"] for one in inputs} == {"documents/e2e/flow.pdf"}
    assert [one["page"] for one in inputs if "figure" not in one] == [1, 2]
    figures = [one["figure"] for one in inputs if "figure" in one]
    assert len(figures) == read.figures
    assert set(figures) <= set(read.outputs)
    assert "Lighthouse keeper" in lines[0]["text"]


def test_a_document_that_does_not_ask_for_it_is_not_embedded(whole: Whole) -> None:
    """It costs."""
    etag = whole.drop("e2e/still.pdf", corpus.text_pdf())

    assert whole.finished("e2e/still.pdf", etag).embedding_job is None


def test_vectors_that_can_be_computed_are_kept_when_one_cannot(whole: Whole) -> None:
    """The job fails as partial, and says which input has none."""
    broken = give(whole, "e2e-embed/broken.png", picture("red")[:60])

    record = run(whole, "e2e-partial", {"text": "a"}, {"image": broken}, {"text": "b"})
    lines, _ = result(whole, record)

    assert record.problem is not None
    assert (record.status, record.problem.code, record.vectors) == (Status.FAILED, "partial", 2)
    [failed] = record.failed_inputs
    assert (failed.input, failed.name, failed.code) == (2, broken, "damaged")
    assert [line["text"] for line in lines] == ["a", "b"]


def test_the_same_inputs_again_are_not_paid_twice(whole: Whole) -> None:
    """Under another job id: vectors, unlike pictures, are the same each time."""
    inputs = ({"text": "paid once"}, {"image": give(whole, "e2e-embed/once.png", picture("purple"))})

    first = run(whole, "e2e-once", *inputs)
    paid = billed(whole)
    again = run(whole, "e2e-again", *inputs)

    assert paid == billed(whole) == 2
    assert result(whole, first)[0] == result(whole, again)[0]


@pytest.mark.parametrize(
    ("fault", "deferrals"),
    [({"kind": "status", "status": 429, "after_ms": 200, "times": 2}, 2), ({"kind": "null"}, 1)],
    ids=["throttled", "null"],
)
def test_what_passes_is_waited_for(whole: Whole, fault: dict[str, Any], deferrals: int) -> None:
    """Neither throttling nor an answer that is none is a failure."""
    whole.emulator("POST", "faults", fault)

    record = run(whole, f"e2e-wait-{fault['kind']}", {"text": f"waits for {fault['kind']}"})

    assert record.status is Status.SUCCEEDED
    assert record.deferrals == deferrals


@pytest.mark.parametrize(
    ("inputs", "options", "code"),
    [
        ([{"text": "a"}], {"model": "embed-9"}, "unknown_model"),
        ([{"text": "a"}], {"dimensions": 100}, "option_not_supported"),
        ([{"image": "images/e2e-bad/a.png"}], {"model": "text-embedding-3-large"}, "option_not_supported"),
        (
            [{"image": "images/e2e-bad/a.png", "text": "a"}],
            {"model": "Cohere-embed-v3-english"},
            "option_not_supported",
        ),
        ([{"image": "images/e2e-bad/none.png"}], {}, "input_missing"),
        ([{"image": "images/e2e-bad/a.pdf"}], {}, "unsupported_type"),
        ([{"image": "images/e2e-bad/bomb.png"}], {}, "too_many_pixels"),
        ([{"image": "images/e2e-bad/tiny.png"}], {}, "too_small"),
        ([{"image": "images/e2e-bad/two.gif"}], {}, "animated"),
        ([{"image": "ledger/a"}], {}, "container_not_allowed"),
        ([{"images": "images/e2e-bad/none/"}], {}, "nothing_to_embed"),
        ([{"text_blob": "images/e2e-bad/a.pdf"}], {}, "not_text"),
        ([{"document": "documents/e2e-bad/none.pdf"}], {}, "document_not_read"),
        ([{"text": " "}], {}, "empty_text"),
        ([{"text": "data:image/png;base64,iVBORw0KGgo="}], {}, "picture_as_text"),
    ],
    ids=str,
)
def test_what_cannot_be_embedded_fails_at_once_with_a_sentence_and_costs_nothing(
    whole: Whole, inputs: list[dict[str, str]], options: dict[str, Any], code: str
) -> None:
    """One attempt, one record, one event."""
    for name, data in (
        ("a.png", picture("red")),
        ("a.pdf", corpus.text_pdf()),
        ("bomb.png", corpus.bomb_png()),
        ("tiny.png", small_png()),
        ("two.gif", corpus.gif(2)),
    ):
        give(whole, f"e2e-bad/{name}", data)
    before = whole.storage.depth(JOB_EVENTS) or 0

    record = run(whole, f"e2e-bad-{before}", *inputs, **options)

    assert record.problem is not None
    assert (record.status, record.problem.code, record.attempts) == (Status.FAILED, code, 1)
    assert record.problem.message.endswith(".")
    assert billed(whole) == 0
    assert (whole.storage.depth(JOB_EVENTS) or 0) - before == 1


@pytest.mark.parametrize(
    "text",
    [
        f"{CANARY} no JSON",
        f'{{"inputs": [{{"text": "{CANARY}"}}], "dequeueCount": "abc"}}',
        f'{{"inputs": [{{"text": "{CANARY}", "images": "images/a/"}}]}}',
    ],
)
def test_a_message_that_cannot_be_used_ends_in_a_record_under_an_id_of_its_own(whole: Whole, text: str) -> None:
    """Even one whose key makes the host's own conversion fail."""
    whole.storage.send(EMBEDDING_JOBS, text)

    def rejected() -> dict[str, Any] | None:
        for blob in whole.storage.list(RESULTS, "rejected/"):
            record = json.loads(whole.storage.read(blob.ref) or b"{}")
            if record.get("message") == text and record["status"] == "failed":
                return dict(record)
        return None

    record = whole.until(rejected)
    assert (record["kind"], "The message" in record["problem"]["message"]) == ("embedding", True)


def test_no_log_line_holds_a_word_of_a_text(whole: Whole) -> None:
    """Canaries in good jobs, refused ones, and through faults of the model."""
    whole.emulator("POST", "faults", {"kind": "null"})
    run(whole, "e2e-embed-log-1", {"text": f"{CANARY} lighthouse"})
    run(whole, "e2e-embed-log-2", {"text": f"{CANARY} data"}, {"text": f"data:image/png;base64,{CANARY}"})

    logs = {path.name: path.read_text(errors="replace") for path in whole.logs.glob("*.log")}
    assert "vectors paid" in logs["host.log"]
    for name, text in logs.items():
        for secret in (CANARY, "local-key"):
            assert not [line for line in text.splitlines() if secret in line], name
