"""Embedding jobs and inputs that vanish, change, are no pictures, or have letters and names of all sorts."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.chunks import chunks, tokens
from shared.clients.embeddings import EmbeddingRequest
from shared.messages import EmbeddingUsage, Status
from shared.names import DOCUMENTS, RESULTS, BlobRef
from tests.fakes import small_png
from tests.unit.embeddings.lab import JOB, Lab
from tests.unit.embeddings.mischief import before_each


def test_a_picture_that_vanishes_is_said_to_be_missing() -> None:
    """Between the look at its version and its bytes."""
    lab = Lab.make()
    name = lab.picture("a.png")
    ref = BlobRef.parse(name)
    before_each(lab, lambda _, args: lab.bench.storage.delete(ref) if args[0] == ref else None, "download")

    record = lab.run({"image": name})

    assert record.problem is not None
    assert (record.problem.code, lab.model.calls) == ("input_missing", [])


def test_a_picture_that_is_replaced_while_it_is_read_is_read_again() -> None:
    """The vector is that of the version that the record names."""
    lab = Lab.make()
    name = lab.picture("a.png", 1)
    shades = iter([2])

    def replace(_: str, args: tuple[Any, ...]) -> None:
        if args[0] == BlobRef.parse(name):
            for shade in shades:
                lab.picture("a.png", shade)

    before_each(lab, replace, "download")
    record = lab.run({"image": name})

    found = lab.bench.storage.find(BlobRef.parse(name))
    assert found is not None
    assert (record.status, record.deferrals, record.inputs[0].etag) == (Status.SUCCEEDED, 1, found.etag)


def test_what_is_no_picture_is_not_kept_on_the_disk() -> None:
    """A folder of films would fill it."""
    lab = Lab.make()
    seen: list[Path] = []
    real = lab.model.embed

    def embed(request: EmbeddingRequest, answer: Path) -> None:
        seen.extend(answer.parent.glob("picture-*"))
        real(request, answer)

    object.__setattr__(lab.model, "embed", embed)
    record = lab.run(*({"image": lab.give(f"{number}.mp4", bytes(100))} for number in range(5)), {"text": "the last"})

    assert (record.vectors, len(record.failed_inputs), seen) == (1, 5, [])


def test_a_document_of_blank_pages_is_told_so() -> None:
    """Not that its figures are too small: it has none."""
    lab = Lab.make()
    lab.bench.drop("a.png", small_png(1, (64, 64)))
    lab.bench.run()
    ref = BlobRef(RESULTS, "ocr/a.png/document.json")
    told = {"pages": [{"page_number": 1, "markdown": " ", "images": []}]}
    lab.bench.storage.write(ref, json.dumps(told).encode(), "application/json")

    record = lab.run({"document": f"{DOCUMENTS}/a.png"})

    assert record.problem is not None
    assert (record.problem.code, "blank" in record.problem.message) == ("nothing_to_embed", True)


def test_a_listed_name_that_http_would_resolve_is_refused() -> None:
    """It would name a blob of another container."""
    lab = Lab.make()
    lab.bench.storage.write(BlobRef("images", "shop/../../results/secret.png"), small_png(1, (64, 64)), "image/png")
    lab.picture("shop/a.png")

    record = lab.run({"images": "images/shop/"})

    assert [(one.input, one.code) for one in record.failed_inputs] == [(1, "invalid_name")]
    assert record.vectors == 1


@pytest.mark.parametrize("text", ["\0", "\u202eright to left\u202c", "Straße\u0301 図 😀", '"}\\', "\u2028"])
def test_any_letter_goes_through(text: str) -> None:
    """And each row stays one line, for every reader's idea of a line."""
    lab = Lab.make()

    record = lab.run({"text": f"before {text} after"}, {"text_blob": lab.give("t.txt", f"{text} x")})

    assert record.status is Status.SUCCEEDED
    assert lab.lines()[0]["text"] == f"before {text} after"


@pytest.mark.parametrize("name", ["Straße 図 😀.png", "100%25#a?b=c&d.png", "a+b c.png", "x" * 900 + ".png"])
def test_any_name_goes_through(name: str) -> None:
    """By itself and below a prefix."""
    lab = Lab.make()
    named = lab.picture(f"shop/{name}")

    record = lab.run({"image": named}, {"images": "images/shop/"})

    assert (record.status, record.vectors, len(lab.model.calls)) == (Status.SUCCEEDED, 2, 1)
    assert [line["input"]["image"] for line in lab.lines()] == [named, named]


def test_a_replay_that_has_no_vector_leaves_none_behind() -> None:
    """Files that the record does not name would be taken for its results."""
    lab = Lab.make()
    inputs = [{"text_blob": lab.give("t.txt", "one")}, {"text": "bad"}]
    lab.run(*inputs)
    lab.bench.storage.delete(BlobRef.parse("images/t.txt"))

    record = lab.run(*inputs, replays=1)

    assert (record.outputs, lab.bench.results(f"embeddings/{JOB}")) == ((), ["job.json"])


@pytest.fixture
def annotated() -> Iterator[Lab]:
    """A document with one figure, about which the model said nothing in so many blanks."""
    lab = Lab.make()
    lab.bench.drop("a.png", small_png(1, (64, 64)))
    lab.bench.run()
    ref = BlobRef(RESULTS, "ocr/a.png/document.json")
    told = json.loads(lab.bench.storage.read(ref) or b"")
    told["pages"][0]["images"] = [{"file": "figures/page-0001-img-0.png", "image_annotation": "  "}]
    lab.bench.storage.write(ref, json.dumps(told).encode(), "application/json")
    lab.bench.storage.write(
        BlobRef(RESULTS, "ocr/a.png/figures/page-0001-img-0.png"), small_png(2, (64, 64)), "image/png"
    )
    yield lab


def test_a_figure_with_a_blank_annotation_has_a_vector(annotated: Lab) -> None:
    """Of the picture alone; nothing is left out without a word."""
    record = annotated.run({"document": f"{DOCUMENTS}/a.png"})

    assert record.vectors == 2
    assert [call.texts for call in annotated.model.calls if call.image] == [()]


def test_a_text_without_a_space_takes_time_in_proportion(monkeypatch: pytest.MonkeyPatch) -> None:
    """Minified JSON of some megabytes would hold up a worker until the host kills it with all its jobs."""
    text, seen = "12345,67890;" * 5000, [0]

    def counted(chunk: str) -> int:
        seen[0] += len(chunk)
        return tokens(chunk)

    monkeypatch.setattr("shared.chunks.tokens", counted)

    assert chunks(text, 64)
    assert seen[0] < 50 * len(text)


def test_usage_that_is_no_number_is_not_counted() -> None:
    """An answer that was paid for is kept all the same."""
    lab = Lab.make()
    real = lab.model.embed

    def embed(request: EmbeddingRequest, answer: Path) -> None:
        real(request, answer)
        told = answer.read_text()
        answer.write_text(told.replace('"prompt_tokens": 10', '"prompt_tokens": 1e999'))

    object.__setattr__(lab.model, "embed", embed)
    record = lab.run({"text": "one"})

    assert record.usage == EmbeddingUsage(text_tokens=None, image_tokens=0, images=0)
    assert (record.status, record.estimated_usd) == (Status.SUCCEEDED, None)
