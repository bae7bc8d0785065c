"""What Cohere's own route accepts, and what it says about the rest."""

from typing import Any

import pytest

from local.foundry.embeddings import cohere
from local.foundry.embeddings.models import EMBEDDING_MODELS, EmbeddingModel
from local.foundry.embeddings.wanted import Wanted
from tests.unit.foundry_embeddings.asking import V3, V4, data_url, file, plain, refused, vectors

FOX = data_url(file(plain("red", (60, 40))))
MULTILINGUAL = EMBEDDING_MODELS["Cohere-embed-v3-multilingual"]
SEARCH: dict[str, Any] = {"input_type": "search_document"}


def accepted(model: EmbeddingModel = V4, **fields: Any) -> Wanted:
    """The request as its model understands it."""
    return cohere.wanted({**SEARCH, **fields}, model)


def refusal(model: EmbeddingModel = V4, **fields: Any) -> str:
    """What a request is refused with."""
    error = refused(cohere.wanted, {**SEARCH, **fields}, model)
    assert error.status == 400
    assert list(error.body) == ["message"]
    return str(error.body["message"])


def pair(*content: Any) -> dict[str, Any]:
    """One entry of `inputs`."""
    return {"content": list(content)}


def image(url: str = FOX) -> dict[str, Any]:
    """A picture as a piece of an input."""
    return {"type": "image_url", "image_url": {"url": url}}


TEXT = {"type": "text", "text": "a fox"}


@pytest.mark.parametrize("missing", [None, "query", "text", ["search_query"]])
def test_an_input_type_of_the_model_s_own_is_needed(missing: Any) -> None:
    """Without one, or with one of another route, the request is refused as the model refuses it."""
    assert refusal(input_type=missing, texts=["a"]) == (
        "invalid request: valid input_type must be provided with the provided model"
    )


@pytest.mark.parametrize(
    "given", [{}, {"texts": []}, {"texts": ["a"], "images": [FOX]}, {"texts": ["a"], "inputs": [1]}]
)
def test_exactly_one_kind_of_input_is_given(given: dict[str, Any]) -> None:
    """Nothing, an empty list, or two kinds at once are refused."""
    assert "exactly one of texts, images or inputs" in refusal(**given)


def test_a_call_takes_96_texts_and_96_inputs() -> None:
    """One more is counted in the refusal; pictures have no such limit with embed-v-4-0."""
    assert refusal(texts=["a"] * 97) == "invalid request: total number of texts must be at most 96 - received 97"
    assert "inputs must be at most 96 - received 97" in refusal(inputs=[pair(TEXT)] * 97)
    assert len(accepted(images=[FOX] * 97).inputs) == 97


def test_the_older_models_take_one_image_or_none() -> None:
    """v3 takes a single image a call and no pairs; its multilingual twin takes text only."""
    assert "images must be at most 1 - received 2" in refusal(V3, images=[FOX, FOX], input_type="image")
    assert "images must be at most 0 - received 1" in refusal(MULTILINGUAL, images=[FOX], input_type="image")
    assert "inputs are not supported" in refusal(V3, inputs=[pair(TEXT)])
    assert "output_dimension 256 is not supported" in refusal(V3, texts=["a"], output_dimension=256)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"texts": ["a", ""]}, "texts[1] must not be empty"),
        ({"texts": [7]}, "texts[0] must be a string"),
        ({"texts": "a"}, "texts must be an array"),
        ({"texts": ["a"], "input_type": "image"}, "texts must be empty"),
        ({"images": ["aGVsbG8="]}, "images[0] must be a valid data URI"),
        ({"inputs": ["a"]}, "inputs[0].content"),
        ({"inputs": [pair({"type": "video"})]}, "neither text nor image_url"),
        ({"inputs": [pair(image("https://example.com/a.png"))]}, "must be a valid data URI"),
        ({"texts": ["a"], "embedding_types": ["float16"]}, "embedding_types"),
        ({"texts": ["a"], "embedding_types": []}, "embedding_types"),
        ({"texts": ["a"], "output_dimension": 300}, "output_dimension 300"),
        ({"texts": ["a"], "truncate": "LEFT"}, "truncate must be one of"),
        ({"texts": ["a"], "max_tokens": 0}, "max_tokens"),
        ({"texts": ["a"], "dimensions": 256}, "parameter 'dimensions' is not a valid field"),
    ],
)
def test_what_does_not_fit_is_named(fields: dict[str, Any], words: str) -> None:
    """Each refusal says which part of the body it means."""
    assert words in refusal(**fields)


def test_long_texts_are_cut_where_the_request_says() -> None:
    """NONE refuses, START and END cut, at the model's limit or at one below it."""
    text = " ".join(f"w{number}" for number in range(600))
    assert "too long text: total number of tokens is 600, max is 512" in refusal(texts=[text], truncate="NONE")
    assert str(accepted(texts=[text]).inputs[0].text).endswith("w511")
    [cut] = accepted(texts=[text], truncate="START", max_tokens=2).inputs
    assert cut.text == "w598 w599"


def test_the_answer_has_every_form_and_the_bill() -> None:
    """One list of vectors a form, the pictures' sizes, and what was counted."""
    wanted = accepted(inputs=[pair(TEXT, image())], embedding_types=["float", "ubinary", "float"], output_dimension=256)
    answer = cohere.body(vectors("a fox", dimensions=256), wanted, V4)
    assert {form: len(numbers[0]) for form, numbers in answer["embeddings"].items()} == {"float": 256, "ubinary": 32}
    assert answer["images"] == [{"width": 60, "height": 40, "format": "png", "bit_depth": 8}]
    assert answer["texts"] == ["a fox"]
    assert answer["meta"]["billed_units"] == {"input_tokens": 2, "images": 1, "image_tokens": 6}
