"""Azure OpenAI's embedding routes against OpenAI's own client, unchanged."""

from typing import Any, cast

import numpy as np
import pytest
from openai import APIStatusError, AuthenticationError, BadRequestError, NotFoundError, OpenAI

from tests.contract.embeddings.official import numbers, openai, picture, post


@pytest.fixture(params=["v1", "deployments"])
def client(request: pytest.FixtureRequest, url: str) -> OpenAI:
    """The official client for either route."""
    return openai(url, request.param)


def body(error: APIStatusError) -> dict[str, Any]:
    """The error object that the client kept."""
    assert isinstance(error.body, dict)
    return cast(dict[str, Any], error.body)


@pytest.mark.parametrize(
    ("model", "dimensions"), [("text-embedding-3-small", 1536), ("text-embedding-3-large", 3072), ("embed-v-4-0", 1536)]
)
def test_the_official_client_embeds_texts(client: OpenAI, model: str, dimensions: int) -> None:
    """Vectors come in order, of the model's length and of length one, with usage."""
    # when
    answer = client.embeddings.create(model=model, input=["a fox", "a red fox"])
    # then
    assert [item.index for item in answer.data] == [0, 1]
    assert [len(item.embedding) for item in answer.data] == [dimensions] * 2
    assert [float(np.linalg.norm(item.embedding)) for item in answer.data] == pytest.approx([1, 1], abs=1e-6)
    assert (answer.model, answer.usage.prompt_tokens, answer.usage.total_tokens) == (model, 5, 5)


def test_floats_and_base64_tell_the_same(client: OpenAI) -> None:
    """The client asks for base64 by itself and decodes it; asked for, floats come as numbers."""
    decoded = client.embeddings.create(model="text-embedding-3-small", input="a fox").data[0].embedding
    plain = client.embeddings.create(model="text-embedding-3-small", input="a fox", encoding_format="float")
    assert decoded == pytest.approx(plain.data[0].embedding, abs=1e-8)


def test_tokens_are_taken_by_openai_s_models(client: OpenAI) -> None:
    """Lists of token numbers give a vector each."""
    answer = client.embeddings.create(model="text-embedding-3-large", input=[[5, 17], [9]], dimensions=100)
    assert [len(item.embedding) for item in answer.data] == [100, 100]
    assert answer.usage.prompt_tokens == 3


def test_a_data_url_is_embedded_as_text_without_an_error(client: OpenAI) -> None:
    """The trap of these routes: the vector is one of letters, nothing like that of the picture, and nothing says so."""
    # when
    red, blue = client.embeddings.create(model="embed-v-4-0", input=[picture("red"), picture("blue")]).data
    [word] = client.embeddings.create(model="embed-v-4-0", input="red").data
    # then
    assert numbers(red.embedding) @ numbers(blue.embedding) > 0.3
    assert abs(numbers(red.embedding) @ numbers(word.embedding)) < 0.2


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"input": ""}, "'$.input' is invalid"),
        ({"input": []}, "'$.input' is invalid"),
        ({"input": "fox " * 8193}, "maximum context length is 8192 tokens, however you requested 8193"),
        ({"input": ["a"] * 2049}, "maximum length 2048"),
        ({"dimensions": 1537}, "Must be less than or equal to 1536"),
        ({"extra_body": {"input_type": "query"}}, "Unrecognized request argument supplied: input_type"),
        ({"model": "gpt-image-2"}, "The embeddings operation does not work with the specified model, gpt-image-2"),
    ],
)
def test_the_official_client_meets_a_refusal(client: OpenAI, fields: dict[str, Any], words: str) -> None:
    """A refused request is the client's BadRequestError with the service's sentence."""
    with pytest.raises(BadRequestError) as refusal:
        client.embeddings.create(**{"model": "text-embedding-3-small", "input": "a fox", **fields})
    assert words in body(refusal.value)["message"]


def test_wrong_keys_and_names_are_the_client_s_own_errors(url: str, client: OpenAI) -> None:
    """A wrong key, an unknown deployment and a model of another route are told apart."""
    with pytest.raises(AuthenticationError):
        openai(url, "v1", key="wrong").embeddings.create(model="text-embedding-3-small", input="a fox")
    for model, code in (
        ("nobody", "DeploymentNotFound"),
        ("Cohere-Embed-V5-Pro", "api_not_supported"),
        ("Cohere-embed-v3-english", "api_not_supported"),
    ):
        with pytest.raises(NotFoundError) as refusal:
            client.embeddings.create(model=model, input="a fox")
        assert body(refusal.value)["code"] == code


def test_a_deployment_route_needs_a_version_and_names_the_deployment(url: str) -> None:
    """Without a version there is no such resource; with it, the path decides and not the body."""
    path = "/openai/deployments/finder/embeddings"
    assert post(url, path, input="a fox").status_code == 404
    answer = post(url, f"{path}?api-version=2024-10-21", input="a fox", model="nobody")
    assert answer.json()["model"] == "embed-v-4-0"
