"""What Azure OpenAI's embedding routes accept: text, and whatever looks like one."""

from typing import Any

import pytest

from local.foundry.embeddings import openai
from local.foundry.embeddings.models import EMBEDDING_MODELS, EmbeddingModel
from tests.unit.foundry_embeddings.asking import SMALL, V4, data_url, file, plain, refused

LARGE = EMBEDDING_MODELS["text-embedding-3-large"]


def refusal(model: EmbeddingModel = SMALL, **content: Any) -> dict[str, Any]:
    """The error object that a request gets."""
    error = refused(openai.wanted, content, model)
    assert error.status == 400
    return dict(error.body["error"])


@pytest.mark.parametrize(
    ("value", "texts"),
    [("a fox", ["a fox"]), (["a", "b"], ["a", "b"]), ([1, 2], ["1 2"]), ([[1, 2], [3]], ["1 2", "3"])],
)
def test_texts_and_tokens_come_alone_or_in_lists(value: Any, texts: list[str]) -> None:
    """A text, several, a list of tokens and several of them are all understood."""
    assert [one.text for one in openai.wanted({"input": value}, SMALL).inputs] == texts


@pytest.mark.parametrize("value", [None, "", [], ["a", ""], 7, [[]], [["a"]], [-1], {"image": "x"}])
def test_anything_else_is_no_input(value: Any) -> None:
    """An empty text, an empty list and other types get the service's sentence."""
    assert refusal(input=value)["message"].startswith("'$.input' is invalid.")


def test_cohere_s_model_takes_no_tokens() -> None:
    """Token numbers are those of OpenAI's tokeniser, of which embed-v-4-0 knows nothing."""
    assert refusal(V4, input=[1, 2])["message"].startswith("'$.input' is invalid.")


def test_a_picture_is_embedded_as_text_without_a_word() -> None:
    """The trap of these routes: a data URL is text, cut to the model's limit, and gives no error."""
    wanted = openai.wanted({"input": data_url(file(plain("red", (400, 400))))}, V4)
    assert not wanted.pictures
    assert 0 < wanted.text_tokens <= 512


@pytest.mark.parametrize(("model", "dimensions"), [(SMALL, 7), (LARGE, 3072), (LARGE, 256), (V4, 512)])
def test_dimensions_are_free_below_the_model_s_own(model: EmbeddingModel, dimensions: int) -> None:
    """OpenAI's models are shortened to any length, Cohere's to some."""
    assert openai.wanted({"input": "a", "dimensions": dimensions}, model).dimensions == dimensions


@pytest.mark.parametrize(
    ("model", "fields", "words"),
    [
        (SMALL, {"dimensions": 1537}, "Invalid value for 'dimensions' = 1537. Must be less than or equal to 1536."),
        (SMALL, {"dimensions": 0}, "integer below minimum value"),
        (SMALL, {"dimensions": "9"}, "expected an integer"),
        (V4, {"dimensions": 300}, "Must be one of 256, 512, 1024, 1536."),
        (V4, {"encoding_format": "int8"}, "Supported values are: 'float' and 'base64'."),
        (V4, {"input_type": "query"}, "Unrecognized request argument supplied: input_type"),
    ],
)
def test_options_outside_the_model_are_refused(model: EmbeddingModel, fields: dict[str, Any], words: str) -> None:
    """The sentence names the option and what would do."""
    assert words in refusal(model, input="a", **fields)["message"]


def test_texts_have_limits_each_and_together() -> None:
    """8,192 tokens a text, 2,048 texts and 300,000 tokens a call, each with its own sentence."""
    assert "however you requested 8193 tokens" in refusal(input="fox " * 8193)["message"]
    assert refusal(input=["a"] * 2049)["code"] == "array_above_max_length"
    assert refusal(input=["fox " * 8000] * 38)["code"] == "max_tokens_per_request"
    assert openai.wanted({"input": ["fox " * 8192]}, SMALL).text_tokens == 8192
