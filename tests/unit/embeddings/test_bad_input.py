"""Bad input of embedding jobs: a failed record with one sentence, and nothing paid where it can be known before."""

from typing import Any

import pytest

from shared.messages import Status
from shared.names import BlobRef
from tests.fakes import small_png
from tests.unit.embeddings.lab import Lab


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"inputs": [{"images": "images/nothing/"}]}, "nothing_to_embed"),
        ({"inputs": [{"image": "secrets/a.png"}]}, "container_not_allowed"),
        ({"inputs": [{"text": "a"}], "model": "gpt-5"}, "unknown_model"),
        ({"inputs": [{"text": "a"}], "dimensions": 1000}, "option_not_supported"),
        ({"inputs": [{"image": "images/a.png"}], "model": "Cohere-embed-v3-multilingual"}, "option_not_supported"),
        ({"inputs": [{"text": "a"}], "input_type": "query", "model": "text-embedding-3-small"}, "option_not_supported"),
        (
            {"inputs": [{"text": "a"}], "encoding_format": "int8", "model": "text-embedding-3-large"},
            "option_not_supported",
        ),
        ({"inputs": [{"document": "documents/never-read.pdf"}]}, "document_not_read"),
        ({"inputs": [{"text": "a"}, {"text": "b"}, {"text": "c"}, {"text": "d"}]}, "too_large"),
    ],
)
def test_what_cannot_be_done_is_known_before_anything_is_paid(message: dict[str, Any], code: str) -> None:
    """The record says it in a sentence, under the job's own name."""
    lab = Lab.make(max_embedding_inputs=3)

    record = lab.run(*message.pop("inputs"), **message)

    assert record.problem is not None
    assert (record.status, record.problem.code, lab.model.calls) == (Status.FAILED, code, [])


def test_a_prefix_with_ten_thousand_blobs_is_refused_by_the_limit_without_paying() -> None:
    """The sentence names the limit and what to do."""
    lab = Lab.make()
    picture = small_png(1, (64, 64))
    for number in range(10_000):
        lab.bench.storage.write(BlobRef("images", f"many/{number:05}.png"), picture, "image/png")

    record = lab.run({"images": "images/many/"})

    assert record.problem is not None
    assert "DARKROOM_MAX_EMBEDDING_INPUTS" in record.problem.message
    assert lab.model.calls == []


@pytest.mark.parametrize(
    "inputs",
    [
        [],
        [{}],
        [{"image": "images/a.png", "text_blob": "images/t.txt"}],
        [{"images": "images/no-slash"}],
        [{"url": "https://example.com/a.png"}],
        [{"text": "x" * 50_000}],
    ],
)
def test_a_message_that_is_none_becomes_a_failed_record_with_an_event(inputs: list[dict[str, Any]]) -> None:
    """It is never put back, for it would come again for ever."""
    lab = Lab.make()

    lab.deliver(*inputs)

    [event] = lab.bench.events()
    assert (event.kind, event.status, lab.waiting()) == ("embedding", "failed", [])


def test_a_picture_that_is_too_small_is_a_failed_input() -> None:
    """The service answers 500 to some of them, which would be tried again for a day."""
    lab = Lab.make()

    record = lab.run({"image": lab.give("dot.png", small_png(1, (1, 1)))})

    assert record.problem is not None
    assert (record.problem.code, lab.model.calls) == ("too_small", [])
    assert "images/dot.png" in record.problem.message
