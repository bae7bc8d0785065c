"""What the routes below `/models` accept, and their flat and nested 422."""

from typing import Any

import numpy as np
import pytest

from local.foundry.embeddings import azure
from local.foundry.embeddings.models import EmbeddingModel
from local.foundry.errors import ServiceError
from tests.unit.foundry_embeddings.asking import SMALL, V3, V4, data_url, file, plain, refused

FOX = data_url(file(plain("red")))


def test_defaults_are_the_model_s_own() -> None:
    """Texts alone ask for floats of the model's usual length, as documents."""
    wanted = azure.wanted_texts({"input": ["a fox"]}, V4)
    assert (wanted.dimensions, wanted.forms, wanted.purpose) == (1536, ("float",), "document")


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (V3, {"dimensions": 256}),
        (V4, {"dimensions": 2048}),
        (SMALL, {"dimensions": 1537}),
        (SMALL, {"encoding_format": "int8"}),
        (SMALL, {"input_type": "query"}),
        (V4, {"encoding_format": "float16"}),
        (V4, {"input_type": "search_query"}),
    ],
)
def test_a_value_that_the_model_does_not_support_is_a_flat_422(model: EmbeddingModel, fields: dict[str, Any]) -> None:
    """The body names the parameter and its value, and a header carries the code."""
    refusal = refused(azure.wanted_texts, {"input": ["a fox"], **fields}, model)
    [(name, value)] = fields.items()
    assert refusal.status == 422
    assert refusal.headers["x-ms-error-code"] == refusal.body["code"] == "parameter_not_supported"
    assert refusal.body["detail"] == {"loc": ["body", name], "input": value}


@pytest.mark.parametrize(
    ("content", "loc", "kind"),
    [
        ({}, ["body", "input"], "missing"),
        ({"input": "a fox"}, ["body", "input"], "list_type"),
        ({"input": []}, ["body", "input"], "value_error"),
        ({"input": ["a fox", 7]}, ["body", "input", 1], "string_type"),
        ({"input": ["a fox", ""]}, ["body", "input", 1], "value_error"),
        ({"input": ["a fox"], "dimensions": "256"}, ["body", "dimensions"], "int_type"),
    ],
)
def test_a_body_that_is_not_well_formed_is_a_nested_422(content: dict[str, Any], loc: list[Any], kind: str) -> None:
    """The details say where, and what kind of mistake it is."""
    refusal = refused(azure.wanted_texts, content, V4)
    assert (refusal.status, refusal.body["error"]["code"]) == (422, "Invalid input")
    [detail] = refusal.body["error"]["details"]
    assert (detail["loc"], detail["type"]) == (loc, kind)


@pytest.mark.parametrize("image", ["iVBORw0KGgo=", "https://example.com/fox.png", "data:image/png;base64,?", ""])
def test_an_image_that_is_no_data_url_is_a_nested_422(image: str) -> None:
    """Bare base64 and addresses are refused, with the place of the image."""
    refusal = refused(azure.wanted_images, {"input": [{"image": FOX}, {"image": image}]}, V4)
    [detail] = refusal.body["error"]["details"]
    assert (refusal.status, detail["loc"]) == (422, ["body", "input", 1, "image"])


def test_a_text_beside_an_image_is_for_some_models_only() -> None:
    """Cohere-embed-v3-english refuses the text, embed-v-4-0 makes a pair of it."""
    pair = {"input": [{"image": FOX, "text": "a fox"}]}
    assert azure.wanted_images(pair, V4).inputs[0].text == "a fox"
    assert refused(azure.wanted_images, pair, V3).body["detail"]["loc"] == ["body", "text"]


def test_the_older_model_takes_one_image_a_call() -> None:
    """Two images are refused with a sentence that counts them, one is not."""
    two = {"input": [{"image": FOX}, {"image": FOX}]}
    refusal = refused(azure.wanted_images, two, V3)
    assert (refusal.status, refusal.body["message"]) == (
        400,
        "invalid request: total number of images must be at most 1 - received 2",
    )
    assert len(azure.wanted_images(two, V4).inputs) == 2


def test_the_newer_model_takes_96_images_a_call() -> None:
    """Images and pairs below `/models` have the limit of inputs."""
    assert len(azure.wanted_images({"input": [{"image": FOX}] * 96}, V4).inputs) == 96
    refusal = refused(azure.wanted_images, {"input": [{"image": FOX}] * 97}, V4)
    assert "total number of inputs must be at most 96 - received 97" in refusal.body["message"]


@pytest.mark.parametrize(
    ("model", "content", "status", "words"),
    [
        (V4, file(plain("red", (1600, 1300))), 400, "at most 2000000 pixels - received 2080000"),
        (V4, file(plain("red", (2, 2))), 500, "error processing"),
        (V4, b"no picture", 400, "could not be decoded"),
        (V4, file(plain("red"))[:80], 400, "could not be decoded"),
        (V4, file(plain("red"), "BMP"), 400, "could not be decoded"),
        (V4, bytes(20_000_001), 400, "at most 20MB"),
        (V3, bytes(5_000_001), 400, "at most 5MB"),
    ],
)
def test_pictures_that_the_model_cannot_take(model: EmbeddingModel, content: bytes, status: int, words: str) -> None:
    """Too many pixels or bytes, damaged and foreign files are refused; the smallest break the newer model."""
    refusal = refused(azure.wanted_images, {"input": [{"image": data_url(content)}]}, model)
    assert refusal.status == status
    assert words in str(refusal.body)


def test_all_pictures_of_a_call_have_a_limit_together() -> None:
    """Two pictures that are each within the limit can be beyond it together."""
    noise = np.random.default_rng(0).bytes(11_000_000)
    refusal = refused(azure.wanted_images, {"input": [{"image": data_url(noise)}] * 2}, V4)
    assert "total size of images must be at most 20MB" in refusal.body["message"]


def test_the_older_model_takes_large_and_tiny_pictures() -> None:
    """The pixel limit and the breakdown are embed-v-4-0's alone."""
    for size in ((1600, 1300), (2, 2)):
        assert azure.wanted_images({"input": [{"image": data_url(file(plain("red", size)))}]}, V3).pictures


@pytest.mark.parametrize(("model", "most"), [(V3, 96), (V4, 96), (SMALL, 2048)])
def test_a_call_takes_only_so_many_texts(model: EmbeddingModel, most: int) -> None:
    """The limit itself is within it, one more is a 400."""
    assert len(azure.wanted_texts({"input": ["fox"] * most}, model).inputs) == most
    assert refused(azure.wanted_texts, {"input": ["fox"] * (most + 1)}, model).status == 400


def test_long_texts_are_cut_by_cohere_s_models_and_refused_by_openai_s() -> None:
    """512 tokens of a longer text count with Cohere; OpenAI's models take 8,192 and say how many there were."""
    assert azure.wanted_texts({"input": ["fox " * 600]}, V4).text_tokens == 512
    refusal = refused(azure.wanted_texts, {"input": ["fox " * 8193]}, SMALL)
    assert "maximum context length is 8192 tokens, however you requested 8193" in refusal.body["error"]["message"]


@pytest.mark.parametrize("option", [None, "error"])
def test_extra_parameters_are_refused_by_name(option: str | None) -> None:
    """Without a header, or when it asks for errors, parameters of the model's own are a 400."""
    with pytest.raises(ServiceError) as refusal:
        azure.settled({"input": [], "output_dimension": 256, "truncate": "END"}, option)
    assert refusal.value.status == 400
    assert refusal.value.body["detail"].startswith("Extra parameters ['output_dimension', 'truncate'] are not allowed")


def test_extra_parameters_are_dropped_or_passed_on() -> None:
    """`drop` leaves them out, `pass-through` gives them to the model, which knows some of its own."""
    content = {"input": ["fox " * 600], "output_dimension": 256, "truncate": "NONE", "foo": 1}
    assert azure.settled(content, "drop") == {"input": content["input"]}
    passed = azure.settled({**content, "truncate": "END"}, "pass-through")
    assert azure.wanted_texts(passed, V4).dimensions == 256
    assert "too long" in refused(azure.wanted_texts, azure.settled(content, "pass-through"), V4).body["message"]


def test_an_unknown_option_for_extra_parameters_is_refused() -> None:
    """The header has three values and no more."""
    with pytest.raises(ServiceError) as refusal:
        azure.settled({"input": []}, "ignore")
    assert "Unexpected EXTRA_PARAMETERS option ignore" in refusal.value.body["detail"]
