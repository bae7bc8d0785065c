"""What cannot be done ends in one failed record with one sentence: nothing paid, nothing raised, nothing in poison."""

import json
from typing import Any

import pytest
from PIL import Image

from shared.messages import Status
from tests import corpus
from tests.fakes import small_png
from tests.unit.images.studio import PROMPT, Message, Studio, encoded, mask_png, problem

MIB = 1024 * 1024
EDIT: dict[str, Any] = {"operation": "edit", "prompt": "Add a boat"}


def failed(studio: Studio, message: Message) -> tuple[str, str]:
    """Deliver a message twice, as queues do, and give code and sentence of its one failure."""
    for attempt in (1, 2):
        studio.deliver(message, attempt)
    [record] = studio.records()
    [event] = studio.bench.events()
    assert (record.status, event.status) == (Status.FAILED, Status.FAILED)
    assert (studio.model.calls, studio.waiting()) == ([], [])
    sentence = problem(record).message
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return problem(record).code, sentence


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"{", "not JSON"),
        (b"[" * 40_000, "not JSON"),
        (b"null", "not a JSON object"),
        (b'["prompt"]', "not a JSON object"),
        (b'{"prompt": "\\ud800"}', "prompt"),
        ({}, "prompt: Field required"),
        ({"prompt": 7}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": " \n\t "}, "the prompt is empty"),
        ({"prompt": "x" * 41_000}, "prompt: String should have at most"),
        (PROMPT | {"promt": "x"}, "promt: Extra inputs"),
        (PROMPT | {"id": "x"}, "id: Extra inputs"),
        (PROMPT | {"dequeueCount": 1}, "dequeueCount: Extra inputs"),
        (PROMPT | {"image_url": "https://example.org/a.png"}, "image_url: Extra inputs"),
        (PROMPT | {"n": 0}, "n: "),
        (PROMPT | {"n": 11}, "n: "),
        (PROMPT | {"n": "many"}, "n: "),
        (PROMPT | {"size": "large"}, "size: "),
        (PROMPT | {"size": "1024x1024\n"}, "size: "),
        (PROMPT | {"operation": "vary"}, "operation: "),
        (PROMPT | {"background": "blue"}, "background: "),
        (PROMPT | {"output_format": "gif"}, "output_format: "),
        (PROMPT | {"output_compression": 101}, "output_compression: "),
        (PROMPT | {"partial_images": 4}, "partial_images: "),
        (PROMPT | {"stream": "perhaps"}, "stream: "),
        (PROMPT | {"job_id": "../x"}, "job_id: "),
        (PROMPT | {"job_id": "x" * 101}, "job_id: "),
        (PROMPT | {"images": ["images/a.png"]}, "images belongs to an edit"),
        (PROMPT | {"mask": "images/a.png"}, "mask belongs to an edit"),
        (PROMPT | {"input_fidelity": "high"}, "input_fidelity belongs to an edit"),
        (EDIT, "an edit names the pictures"),
        (EDIT | {"images": []}, "images: "),
        (EDIT | {"images": [f"images/{n}.png" for n in range(17)]}, "at most 16 items"),
        (EDIT | {"images": "images/a.png"}, "images: "),
        (EDIT | {"images": ["a.png"]}, "images.0: "),
        (EDIT | {"images": ["/images/a.png"]}, "images.0: "),
        (EDIT | {"images": ["https://x.blob.core.windows.net/images/a.png"]}, "images.0: "),
        (EDIT | {"images": ["../images/a.png"]}, "images.0: "),
        (EDIT | {"images": ["images/a.png"], "mask": "file:///etc/passwd"}, "mask: "),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_message_that_cannot_be_used_is_told_with_the_key_that_is_wrong(message: Message, says: str) -> None:
    """Under an id of its own, with the text of the message for whoever looks for it."""
    studio = Studio.make()

    code, sentence = failed(studio, message)

    assert (code, says in sentence) == ("invalid_message", True), sentence
    assert studio.records()[0].job_id.startswith("rejected-")


def test_no_value_of_a_message_is_quoted_in_the_sentence_about_it() -> None:
    """A prompt in the wrong place stays out of events and logs."""
    _, sentence = failed(Studio.make(), PROMPT | {"size": "canary-7f3a", "n": "canary-7f3a"})

    assert "canary" not in sentence


@pytest.mark.parametrize(
    ("message", "code", "says"),
    [
        (PROMPT | {"model": "gpt-image-9"}, "unknown_model", "'gpt-image-9' is not known"),
        (PROMPT | {"model": "mistral-ocr-4-0"}, "unknown_model", "is not known for pictures"),
        (PROMPT | {"style": "vivid"}, "option_not_supported", "does not take the option style"),
        (
            EDIT | {"images": ["images/none.png"]},
            "input_missing",
            "picture images/none.png cannot be used: it is not there.",
        ),
        (EDIT | {"images": ["results/a.png"]}, "container_not_allowed", "documents and images only"),
        (EDIT | {"images": ["ledger/a.png"]}, "container_not_allowed", "documents and images only"),
        (EDIT | {"images": ["images/../ledger/a"]}, "invalid_name", "no segment . or .."),
        (EDIT | {"images": ["images/..\\a"]}, "invalid_name", "no backslash"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_job_that_cannot_be_done_fails_with_its_reason(message: Message, code: str, says: str) -> None:
    """Models, options and names are checked before anything is paid."""
    found = failed(Studio.make(), message)

    assert found[0] == code
    assert says in found[1]


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (corpus.text_pdf(), "unsupported_type", "it is no PNG, JPEG, WEBP"),
        (b"PK\x03\x04" + bytes(40), "unsupported_type", "it is no PNG, JPEG, WEBP"),
        (bytes(4) + b"ftypheic" + bytes(40), "unsupported_type", "it is no PNG, JPEG, WEBP"),
        (corpus.PLAIN_TEXT, "unsupported_type", "it is no PNG, JPEG, WEBP"),
        (b"", "empty", "is empty"),
        (corpus.bomb_png(), "too_many_pixels", "megapixels"),
        (corpus.bomb_png(10_000), "too_many_pixels", "89 megapixels"),
        (corpus.garbage_tiff(), "damaged", "damaged"),
        (corpus.gif()[:60], "damaged", "damaged"),
        (small_png().ljust(50 * MIB), "too_large", "it has 50.0 MB, and the limit is 50 MB"),
    ],
    ids=["pdf", "zip", "heic", "text", "empty", "bomb", "large", "garbage", "cut", "50 MB"],
)
@pytest.mark.parametrize("field", ["images", "mask"])
def test_an_input_that_is_no_usable_picture_is_named_with_what_it_is(
    data: bytes, code: str, says: str, field: str
) -> None:
    """With sixteen pictures in a job, the sentence must say which one."""
    studio = Studio.make()
    studio.give("good.png", small_png())
    name = studio.give("bad one.png", data)
    message: dict[str, Any] = {"images": ["images/good.png", name]} if field == "images" else {"mask": name}

    found = failed(studio, {**EDIT, "images": ["images/good.png"], **message})

    assert found[1].startswith("The mask" if field == "mask" else "The picture images/bad one.png")
    if field == "images":
        assert found[0] == code
        assert says in found[1]


@pytest.mark.parametrize(
    ("mask", "code", "says"),
    [
        (encoded(Image.new("L", (8, 8)), "JPEG"), "invalid_mask", "it is image/jpeg, and must be image/png"),
        (mask_png((8, 9)), "invalid_mask", "it has 8 x 9 pixels, and the first picture 8 x 8"),
        (small_png(), "invalid_mask", "it has no alpha channel"),
        (mask_png(alpha=255), "invalid_mask", "no pixel of it is wholly transparent"),
        (mask_png(alpha=1), "invalid_mask", "no pixel of it is wholly transparent"),
        (mask_png().ljust(4 * MIB), "too_large", "it has 4.0 MB, and the limit is 4 MB"),
        (mask_png()[:45], "damaged", "damaged"),
        (corpus.text_pdf(), "unsupported_type", "it is no PNG"),
    ],
    ids=["jpeg", "size", "no alpha", "opaque", "nearly opaque", "4 MB", "cut", "pdf"],
)
def test_a_mask_that_cannot_be_used_is_told_with_what_was_found(mask: bytes, code: str, says: str) -> None:
    """The service would only say that it is invalid."""
    studio = Studio.make()
    names = {"images": [studio.give("a.png", small_png())], "mask": studio.give("m.png", mask)}

    found = failed(studio, {**EDIT, **names})

    assert found[0] == code
    assert says in found[1]


def test_a_mask_that_is_not_there_is_told() -> None:
    """As the mask, not as some picture."""
    studio = Studio.make()
    message = {**EDIT, "images": [studio.give("a.png", small_png())], "mask": "images/none.png"}

    assert failed(studio, message) == ("input_missing", "The mask images/none.png cannot be used: it is not there.")


@pytest.mark.parametrize(
    "message", [PROMPT | {"prompt": "é" * 30_000}, {"prompt": "x" * 100_000}, b'{"prompt": "x"}' + b" " * 50_000]
)
def test_a_message_above_48_kib_fails_with_a_sentence(message: Message) -> None:
    """No queue of Azure holds it, so it could never be put back."""
    code, sentence = failed(Studio.make(), message)

    assert (code, "48 KiB" in sentence) == ("too_large", True)


def test_a_key_that_is_no_text_is_recorded_all_the_same() -> None:
    """Half a surrogate pair cannot be written as UTF-8, and still the record is written."""
    assert failed(Studio.make(), b'{"prompt": "x", "\\ud800": 1}')[0] == "invalid_message"


def test_a_rejected_record_keeps_the_message_up_to_a_bound() -> None:
    """A message of megabytes does not make a record of megabytes."""
    studio = Studio.make()
    failed(studio, json.dumps({"x": "y" * 40_000}).encode())

    kept = studio.records()[0].message
    assert kept is not None
    assert kept.startswith('{"x": "yyy')
    assert len(kept) == 16 * 1024
