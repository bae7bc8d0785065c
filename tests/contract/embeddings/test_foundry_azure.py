"""The routes below `/models` and on serverless endpoints, against Microsoft's own client, unchanged."""

import json
from typing import Any, cast

import numpy as np
import pytest
from azure.ai.inference import EmbeddingsClient, ImageEmbeddingsClient
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.core.rest import HttpResponse

from tests.contract.embeddings.official import FORMS, KEY, VERSION, azure, entry, numbers, picture, post
from tests.contract.tokens import Tokens

TEXTS, IMAGES = "/embeddings", "/images/embeddings"


def body(error: HttpResponseError) -> dict[str, Any]:
    """The error's JSON, as the client received it."""
    return dict(json.loads(cast(HttpResponse, error.response).text()))


def test_the_official_client_embeds_texts(url: str) -> None:
    """Vectors come in order, with the deployment's model, usage and an id."""
    # when
    answer = azure(EmbeddingsClient, url).embed(input=["a fox", "a red fox"], model="finder", dimensions=512)
    # then
    assert [item.index for item in answer.data] == [0, 1]
    assert [len(item.embedding) for item in answer.data] == [512, 512]
    assert (answer.model, answer.usage.prompt_tokens, answer.usage.total_tokens) == ("embed-v-4-0", 5, 5)
    assert answer.id


def test_the_official_client_embeds_a_picture_with_a_text(url: str) -> None:
    """A pair gives one vector, between those of the picture and the text."""
    # given
    client, texts = azure(ImageEmbeddingsClient, url), azure(EmbeddingsClient, url)
    # when
    pair, seen = client.embed(input=[entry("red", "the annual report"), entry("red")], model="embed-v-4-0").data
    [told] = texts.embed(input=["the annual report"], model="embed-v-4-0").data
    # then
    vectors = [numbers(item.embedding) for item in (seen, pair, told)]
    assert min(vectors[0] @ vectors[1], vectors[1] @ vectors[2]) > 0.6 > vectors[0] @ vectors[2]


@pytest.mark.parametrize(
    ("model", "dimensions"),
    [
        ("Cohere-embed-v3-english", 1024),
        ("Cohere-embed-v3-multilingual", 1024),
        ("embed-v-4-0", 1536),
        ("text-embedding-3-small", 1536),
        ("text-embedding-3-large", 3072),
    ],
)
def test_every_model_of_the_route_has_its_length(url: str, model: str, dimensions: int) -> None:
    """Unasked, each gives vectors of its own length, and of length one."""
    [item] = azure(EmbeddingsClient, url).embed(input=["a fox"], model=model).data
    vector = numbers(item.embedding)
    assert vector.size == dimensions
    assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_vectors_come_in_every_format(url: str, form: str) -> None:
    """Floats, base64 and whole numbers all tell of the same vector."""
    # given
    client = azure(ImageEmbeddingsClient, url)
    [item] = client.embed(input=[entry()], model="embed-v-4-0", dimensions=256).data
    whole = numbers(item.embedding)
    # when
    [item] = client.embed(input=[entry()], model="embed-v-4-0", dimensions=256, encoding_format=form).data
    # then
    vector = numbers(item.embedding)
    if form in ("binary", "ubinary"):
        vector = np.unpackbits((vector + (128 if form == "binary" else 0)).astype(np.uint8)) - np.float32(0.5)
    elif form == "uint8":
        vector = vector - 128
    assert vector.size == 256
    assert vector @ whole / np.linalg.norm(vector) > (0.7 if "binary" in form else 0.99)


def test_queries_and_documents_are_told_apart(url: str) -> None:
    """The input type changes the vector, and being a document is the usual."""
    client = azure(EmbeddingsClient, url)
    query, document, usual = (
        client.embed(input=["a fox"], model="embed-v-4-0", input_type=kind).data[0].embedding
        for kind in ("query", "document", None)
    )
    assert query != document
    assert usual == document


def test_serverless_endpoints_need_no_model_and_read_bearer_keys_only(url: str) -> None:
    """The same client works on the endpoint's own routes, where a key in `api-key` alone is not read."""
    assert azure(EmbeddingsClient, url, "").embed(input=["a fox"]).model == "Cohere-embed-v3-english"
    assert azure(ImageEmbeddingsClient, url, "").embed(input=[entry()]).model == "Cohere-embed-v3-english"
    assert azure(ImageEmbeddingsClient, url, "").embed(input=[entry()], model="finder").model == "embed-v-4-0"
    assert post(url, TEXTS, KEY, input=["a fox"]).status_code == 401


def test_keys_and_tokens_open_the_route(url: str) -> None:
    """A wrong key is the client's authentication error; a token for the right audience is as good as a key."""
    with pytest.raises(ClientAuthenticationError):
        azure(EmbeddingsClient, url, key="wrong").embed(input=["a fox"], model="embed-v-4-0")
    [scope, other] = ["https://cognitiveservices.azure.com/.default", "https://ml.azure.com/.default"]
    for name, status in ((scope, 200), (other, 401)):
        token = Tokens().get_token(name).token
        answer = post(
            url,
            f"/models{TEXTS}?api-version={VERSION}",
            {"authorization": f"Bearer {token}"},
            model="embed-v-4-0",
            input=["a fox"],
        )
        assert answer.status_code == status


@pytest.mark.parametrize("version", ["", "?api-version=2024-08-01-preview"])
def test_the_version_is_needed_and_only_one_exists(url: str, version: str) -> None:
    """Without it, or with another, there is no such resource."""
    for path in (TEXTS, IMAGES):
        answer = post(url, f"/models{path}{version}", model="embed-v-4-0", input=["a fox"])
        assert (answer.status_code, answer.json()["error"]["message"]) == (404, "Resource not found")


@pytest.mark.parametrize(
    ("model", "code", "error"),
    [
        (None, "no_model_name", HttpResponseError),
        ("nobody", "unknown_model", ResourceNotFoundError),
        ("Cohere-embed-v3-multilingual", "api_not_supported", ResourceNotFoundError),
        ("text-embedding-3-large", "api_not_supported", ResourceNotFoundError),
        ("Cohere-Embed-V5-Pro", "api_not_supported", ResourceNotFoundError),
        ("mistral-ocr-4-0", "api_not_supported", ResourceNotFoundError),
        ("gpt-image-2", "api_not_supported", ResourceNotFoundError),
    ],
)
def test_a_model_that_takes_no_pictures_is_not_offered(
    url: str, model: str | None, code: str, error: type[HttpResponseError]
) -> None:
    """Models without pictures, unknown ones and none at all are refused with the service's codes."""
    with pytest.raises(error) as refusal:
        azure(ImageEmbeddingsClient, url).embed(input=[entry()], model=model)
    assert body(refusal.value)["error"]["code"] == code


@pytest.mark.parametrize(
    ("model", "fields", "status"),
    [
        ("Cohere-embed-v3-english", {"input": [entry(), entry()]}, 400),
        ("Cohere-embed-v3-english", {"input": [entry(text="a fox")]}, 422),
        ("Cohere-embed-v3-english", {"dimensions": 256}, 422),
        ("embed-v-4-0", {"dimensions": 1000}, 422),
        ("embed-v-4-0", {"input_type": "search_query"}, 422),
        ("embed-v-4-0", {"encoding_format": "float16"}, 422),
        ("embed-v-4-0", {"input": [entry(size=(1500, 1400))]}, 400),
        ("embed-v-4-0", {"input": [entry(size=(2, 2))]}, 500),
        ("embed-v-4-0", {"body": {"model": "embed-v-4-0", "input": [{"image": "aGVsbG8="}]}}, 422),
        ("embed-v-4-0", {"body": {"model": "embed-v-4-0"}}, 422),
    ],
)
def test_the_official_client_meets_a_refusal(url: str, model: str, fields: dict[str, Any], status: int) -> None:
    """What the model does not take is the client's error with the service's status."""
    asked = fields if "body" in fields else {"input": [entry()], "model": model, **fields}
    with pytest.raises(HttpResponseError) as refusal:
        azure(ImageEmbeddingsClient, url).embed(**asked)
    assert refusal.value.status_code == status


def test_both_shapes_of_a_422_are_read_by_the_official_client(url: str) -> None:
    """Flat for values, nested for what is not well formed; the client finds code and message in both."""
    client = azure(EmbeddingsClient, url)
    with pytest.raises(HttpResponseError) as flat:
        client.embed(input=["a fox"], model="embed-v-4-0", dimensions=7)
    with pytest.raises(HttpResponseError) as nested:
        client.embed(input=[""], model="embed-v-4-0")
    assert body(flat.value)["detail"] == {"loc": ["body", "dimensions"], "input": 7}
    assert cast(HttpResponse, flat.value.response).headers["x-ms-error-code"] == "parameter_not_supported"
    assert body(nested.value)["error"]["details"][0]["loc"] == ["body", "input", 0]
    assert nested.value.error and nested.value.error.code == "Invalid input"


def test_extra_parameters_pass_through_the_official_client(url: str) -> None:
    """The client asks to pass its extras on: the model follows those it knows; without the header they are refused."""
    # given
    client = azure(EmbeddingsClient, url)
    # when
    answer = client.embed(input=["a fox"], model="embed-v-4-0", model_extras={"output_dimension": 256, "foo": 1})
    plain = post(url, f"/models{TEXTS}?api-version={VERSION}", model="embed-v-4-0", input=["a fox"], foo=1)
    dropped = post(
        url,
        f"/models{TEXTS}?api-version={VERSION}",
        {**KEY, "extra-parameters": "drop"},
        model="embed-v-4-0",
        input=["a fox"],
        output_dimension=256,
    )
    # then
    assert len(answer.data[0].embedding) == 256
    assert plain.status_code == 400
    assert plain.json()["detail"].startswith("Extra parameters ['foo'] are not allowed")
    assert len(dropped.json()["data"][0]["embedding"]) == 1536


def test_a_picture_is_found_by_its_colour(url: str) -> None:
    """Words and pictures share a space: the query `blue` is nearest to the blue picture."""
    # given
    client, colours = azure(ImageEmbeddingsClient, url), ["red", "green", "blue"]
    seen = [
        client.embed(input=[entry(colour)], model="Cohere-embed-v3-english").data[0].embedding for colour in colours
    ]
    # when
    [query] = (
        azure(EmbeddingsClient, url).embed(input=["blue"], model="Cohere-embed-v3-english", input_type="query").data
    )
    # then
    likeness = [numbers(vector) @ numbers(query.embedding) for vector in seen]
    assert colours[int(np.argmax(likeness))] == "blue"


def test_a_data_url_among_texts_is_a_text(url: str) -> None:
    """The text route reads letters, not pictures."""
    [text] = azure(EmbeddingsClient, url).embed(input=[picture()], model="embed-v-4-0").data
    [seen] = azure(ImageEmbeddingsClient, url).embed(input=[entry()], model="embed-v-4-0").data
    assert abs(numbers(text.embedding) @ numbers(seen.embedding)) < 0.2
