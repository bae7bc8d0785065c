"""The route `/providers/cohere/v2/embed`, against Cohere's own client, unchanged."""

import base64
from typing import Any

import numpy as np
import pytest
from azure.ai.inference import ImageEmbeddingsClient
from cohere.core.api_error import ApiError
from cohere.errors import BadRequestError, NotFoundError, UnauthorizedError
from cohere.types import EmbedByTypeResponse

from tests.contract.embeddings.official import FORMS, azure, cohere, entry, numbers, picture, post

ROUTE = "/providers/cohere/v2/embed"
MODELS = ("embed-v-4-0", "Cohere-Embed-V5-Pro", "Cohere-embed-v3-english")


def embed(url: str, model: str = "finder", **fields: Any) -> EmbedByTypeResponse:
    """Ask with the official client, once."""
    asked = {"input_type": "search_document", "request_options": {"max_retries": 0}, **fields}
    return cohere(url).embed(model=model, **asked)


def floats(answer: EmbedByTypeResponse) -> Any:
    """The vectors of an answer in floats, one a row."""
    assert answer.embeddings.float_
    return np.array(answer.embeddings.float_, np.float32)


@pytest.mark.parametrize("model", MODELS)
def test_the_official_client_embeds_texts(url: str, model: str) -> None:
    """Texts come back with their vectors and what was billed."""
    # when
    answer = embed(url, model, texts=["a fox", "a red fox"])
    # then
    assert floats(answer).shape == (2, 1024 if "v3" in model else 1536)
    assert answer.texts == ["a fox", "a red fox"]
    assert answer.response_type == "embeddings_by_type"
    assert answer.meta and answer.meta.billed_units and answer.meta.billed_units.input_tokens == 5


@pytest.mark.parametrize("model", MODELS)
def test_the_official_client_embeds_a_picture(url: str, model: str) -> None:
    """A picture comes back with its size and is billed as one."""
    answer = embed(url, model, images=[picture("red", (64, 48))], input_type="image")
    assert answer.images
    assert [(seen.width, seen.height, seen.format, seen.bit_depth) for seen in answer.images] == [(64, 48, "png", 8)]
    assert answer.meta and answer.meta.billed_units and answer.meta.billed_units.images == 1


def test_the_official_client_embeds_pairs(url: str) -> None:
    """Pictures, texts and both together are inputs of one call, a vector each."""
    # given
    text, image = {"type": "text", "text": "annual report"}, {"type": "image_url", "image_url": {"url": picture()}}
    # when
    vectors = floats(embed(url, inputs=[{"content": content} for content in ([text], [image], [text, image])]))
    # then
    told, seen, pair = vectors
    assert min(pair @ told, pair @ seen) > 0.6 > told @ seen


def test_an_input_may_hold_several_pictures(url: str) -> None:
    """Pictures put together lie between those that they are made of, in the order of the inputs."""
    # given
    red, blue = ({"type": "image_url", "image_url": {"url": picture(colour)}} for colour in ("red", "blue"))
    # when
    answer = embed(url, inputs=[{"content": content} for content in ([red, blue], [red], [blue])])
    # then
    both, one, other = floats(answer)
    assert min(both @ one, both @ other) > 0.6 > one @ other
    assert answer.images and len(answer.images) == 4


def test_one_call_gives_every_form(url: str) -> None:
    """All forms that were asked for tell of the same vectors."""
    # when
    answer = embed(url, texts=["a fox"], embedding_types=list(FORMS), output_dimension=256).embeddings
    # then
    assert answer.float_ and answer.base64 and answer.int8 and answer.uint8 and answer.binary and answer.ubinary
    [vector] = floats(embed(url, texts=["a fox"], output_dimension=256))
    assert np.frombuffer(base64.b64decode(answer.base64[0]), "<f4") == pytest.approx(vector, abs=1e-8)
    assert [number + 128 for number in answer.int8[0]] == answer.uint8[0]
    assert [number + 128 for number in answer.binary[0]] == answer.ubinary[0]
    assert np.unpackbits(np.array(answer.ubinary[0], np.uint8)).tolist() == (vector > 0).tolist()
    assert numbers(answer.int8[0]) @ vector / np.linalg.norm(answer.int8[0]) > 0.99


@pytest.mark.parametrize("dimensions", [256, 512, 1024, 1536])
def test_vectors_have_the_length_asked_for(url: str, dimensions: int) -> None:
    """Each of the model's lengths can be had, always of length one."""
    [vector] = floats(embed(url, texts=["a fox"], output_dimension=dimensions))
    assert vector.size == dimensions
    assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-6)


def test_a_picture_has_the_same_vector_on_every_route(url: str) -> None:
    """Which route computed it makes no difference."""
    [here] = floats(embed(url, "embed-v-4-0", images=[picture()], input_type="image"))
    [item] = azure(ImageEmbeddingsClient, url).embed(input=[entry()], model="embed-v-4-0").data
    assert numbers(item.embedding).tolist() == here.tolist()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"texts": ["a"] * 97}, "total number of texts must be at most 96 - received 97"),
        ({"texts": ["a"], "input_type": "query"}, "valid input_type must be provided"),
        ({"texts": [""]}, "must not be empty"),
        ({"texts": ["a"], "output_dimension": 7}, "output_dimension 7 is not supported"),
        ({"texts": ["fox " * 600], "truncate": "NONE"}, "too long text"),
        ({"images": ["aGVsbG8="], "input_type": "image"}, "must be a valid data URI"),
        ({"images": [picture("red", (1500, 1400))], "input_type": "image"}, "at most 2000000 pixels"),
        ({"model": "Cohere-embed-v3-english", "images": [picture()] * 2}, "images must be at most 1 - received 2"),
        ({"model": "Cohere-embed-v3-multilingual", "images": [picture()]}, "images must be at most 0"),
    ],
)
def test_the_official_client_meets_a_refusal(url: str, fields: dict[str, Any], words: str) -> None:
    """What the model does not take is the client's BadRequestError with the model's sentence."""
    with pytest.raises(BadRequestError) as refusal:
        embed(url, **fields)
    assert words in refusal.value.body["message"]


@pytest.mark.parametrize("cut", [{"truncate": "START"}, {"truncate": "END"}, {}])
def test_long_texts_are_cut_unless_that_is_forbidden(url: str, cut: dict[str, str]) -> None:
    """512 tokens are read and billed, from either side."""
    answer = embed(url, texts=["fox " * 600], **cut)
    assert answer.meta and answer.meta.billed_units and answer.meta.billed_units.input_tokens == 512


def test_tiny_pictures_break_the_model(url: str) -> None:
    """A picture of two by two pixels is a 500 whatever is asked, as on the service."""
    with pytest.raises(ApiError) as broken:
        embed(url, images=[picture("red", (2, 2))], input_type="image")
    assert broken.value.status_code == 500


def test_wrong_keys_models_and_routes_are_the_client_s_own_errors(url: str) -> None:
    """A wrong key is a 401; other models, unknown ones and the older route are 404."""
    with pytest.raises(UnauthorizedError):
        cohere(url, key="wrong").embed(model="finder", input_type="search_query", texts=["a"])
    for model, code in (("text-embedding-3-small", "api_not_supported"), ("nobody", "DeploymentNotFound")):
        with pytest.raises(NotFoundError) as refusal:
            embed(url, model, texts=["a"])
        assert refusal.value.body["error"]["code"] == code
    assert post(url, ROUTE.replace("v2", "v1"), model="finder", texts=["a"]).status_code == 404
    assert post(url, ROUTE, texts=["a"]).json() == {"message": "invalid request: model is required"}
