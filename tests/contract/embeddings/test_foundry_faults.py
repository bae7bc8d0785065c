"""The faults, limits, times and counts of the emulator's embedding routes, as the official clients meet them."""

import math
import time
from collections.abc import Callable
from json import JSONDecodeError
from typing import Any

import pytest
import requests
from azure.ai.inference import EmbeddingsClient
from openai import RateLimitError

from tests.contract.embeddings.official import VERSION, azure, cohere, control, numbers, openai, picture, post, stats

TEXTS = f"/models/embeddings?api-version={VERSION}"
IMAGES = f"/models/images/embeddings?api-version={VERSION}"
COHERE = "/providers/cohere/v2/embed"


def entries(url: str, **fields: Any) -> list[dict[str, Any]]:
    """What comes for two texts."""
    answer = post(url, TEXTS, model="embed-v-4-0", input=["a", "b"], dimensions=256, **fields)
    assert answer.status_code == 200
    return list(answer.json()["data"])


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("one_vector", lambda data: [entry["index"] for entry in data] == [0]),
        ("short_vectors", lambda data: [len(entry["embedding"]) for entry in data] == [248, 248]),
        ("nan_vectors", lambda data: math.isnan(data[0]["embedding"][0])),
        ("zero_vectors", lambda data: not any(data[0]["embedding"] + data[1]["embedding"])),
        ("same_index", lambda data: [entry["index"] for entry in data] == [1, 1]),
        ("no_index", lambda data: not any("index" in entry for entry in data)),
    ],
)
def test_answers_can_be_spoiled(url: str, kind: str, wrong: Callable[[Any], bool]) -> None:
    """Each way in which models fail without an error can be had once, and is billed."""
    # given
    control(url, "POST", "faults", kind=kind)
    # then
    assert wrong(entries(url))
    assert not wrong(entries(url))
    assert stats(url)["vectors"] == {"billed": 4, "by_model": {"embed-v-4-0": 4}}


def test_spoiled_vectors_reach_the_official_clients(url: str) -> None:
    """The clients hand on what came: NaN out of base64, and one vector for several pictures."""
    # given
    control(url, "POST", "faults", kind="nan_vectors")
    control(url, "POST", "faults", kind="one_vector", route=COHERE)
    # when
    answer = openai(url, "v1").embeddings.create(model="text-embedding-3-small", input="a fox")
    one = cohere(url).embed(model="embed-v-4-0", input_type="image", images=[picture("red"), picture("blue")])
    # then
    assert math.isnan(answer.data[0].embedding[0])
    assert one.embeddings.float_ and len(one.embeddings.float_) == 1


@pytest.mark.parametrize(
    ("kind", "content", "error"), [("empty", b"", JSONDecodeError), ("null", b"null", AttributeError)]
)
def test_a_success_can_come_without_a_body(url: str, kind: str, content: bytes, error: type[Exception]) -> None:
    """The 200 that has nothing in it breaks Microsoft's client as it does in the field, and costs nothing."""
    # given
    control(url, "POST", "faults", kind=kind, times=2)
    # when
    answer = post(url, TEXTS, model="embed-v-4-0", input=["a"])
    with pytest.raises(error):
        assert azure(EmbeddingsClient, url).embed(input=["a"], model="embed-v-4-0").data
    # then
    assert (answer.status_code, answer.content) == (200, content)
    assert stats(url)["vectors"]["billed"] == 0


def test_limits_and_throttling_name_the_operation(url: str) -> None:
    """A 429 says how long to wait, in headers and words, on the routes of both families."""
    # given
    control(url, "PUT", "limits", requests_per_minute=0)
    # when
    with pytest.raises(RateLimitError) as refusal:
        openai(url, "deployments").embeddings.create(model="text-embedding-3-small", input="a fox")
    refused = post(url, IMAGES, model="embed-v-4-0", input=[{"image": picture()}])
    # then
    assert "Embeddings_Create Operation under Azure OpenAI API version 2024-10-21" in refusal.value.message
    assert refused.status_code == 429
    assert int(refused.headers["retry-after-ms"]) == 1000 * int(refused.headers["retry-after"])
    assert refused.headers["x-ratelimit-limit-requests"] == "0"


@pytest.mark.parametrize("path", ["/models/embeddings", "/embeddings", "/openai/v1/embeddings"])
def test_a_fault_can_be_kept_to_one_route(url: str, path: str) -> None:
    """A fault for a route strikes nothing else."""
    # given
    control(url, "POST", "faults", kind="status", status=503, route=path)
    # when
    other = post(url, IMAGES, model="embed-v-4-0", input=[{"image": picture()}])
    headers = {"authorization": "Bearer local-key"}
    struck = post(url, f"{path}?api-version={VERSION}", headers, model="embed-v-4-0", input=["a"])
    # then
    assert (other.status_code, struck.status_code) == (200, 503)


def test_a_call_takes_the_time_that_is_set_and_a_refusal_none(url: str) -> None:
    """The model's time is fixed a call, however many inputs it has."""
    # given
    control(url, "PUT", "engine", seconds_per_embedding_call=0.4)
    # when
    started = time.monotonic()
    entries(url)
    answered = time.monotonic()
    refused = post(url, TEXTS, model="embed-v-4-0", input=[])
    # then
    assert 0.4 <= answered - started < 2
    assert (refused.status_code, time.monotonic() - answered < 0.4) == (422, True)


def test_pictures_are_read_when_that_is_switched_on(url: str) -> None:
    """With the switch, a picture is found by the words that are drawn in it."""
    # given
    drawn = post(url, "/openai/v1/images/generations", model="gpt-image-2", prompt="A lighthouse", size="1024x640")
    image = f"data:image/png;base64,{drawn.json()['data'][0]['b64_json']}"
    [query] = post(url, TEXTS, model="embed-v-4-0", input=["lighthouse"], input_type="query").json()["data"]
    # when
    likeness = []
    for reading in (False, True):
        control(url, "PUT", "engine", read_pictures=reading)
        [seen] = post(url, IMAGES, model="embed-v-4-0", input=[{"image": image}]).json()["data"]
        likeness.append(float(numbers(seen["embedding"]) @ numbers(query["embedding"])))
    # then
    assert likeness[0] < 0.15
    assert likeness[1] > 0.25


def test_vectors_are_counted_by_deployment(url: str) -> None:
    """Every vector that the service would have put on the bill is counted, and no refused one."""
    # when
    entries(url)
    post(url, COHERE, model="finder", input_type="image", images=[picture()] * 3)
    post(url, COHERE, model="finder", input_type="image", images=["x"])
    # then
    counted = stats(url)
    assert counted["vectors"] == {"billed": 5, "by_model": {"embed-v-4-0": 2, "finder": 3}}
    assert [(call["vectors"], call["billed"]) for call in counted["calls"]] == [(2, True), (3, True), (0, False)]
    assert "text-embedding-3-large" in control(url, "GET", "health").json()["deployments"]


def test_what_is_not_billed_is_not_counted(url: str) -> None:
    """Vectors that came by a fault that is said not to be billed are not on the bill."""
    # given
    control(url, "POST", "faults", kind="no_index", billed=False)
    # when
    entries(url)
    # then
    assert stats(url)["vectors"] == {"billed": 0, "by_model": {}}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"model": "\\ud83e"}',
        b'{"model": "embed-v-4-0", "input": ["a"], "dimensions": NaN}',
        b'{"model": "embed-v-4-0", "input": ["a"], "dimensions": 1e999}',
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("path", [TEXTS, IMAGES, COHERE, "/openai/v1/embeddings", "/embeddings", "/images/embeddings"])
def test_a_body_that_is_no_json_object_is_the_caller_s_mistake(url: str, path: str, body: bytes) -> None:
    """Whatever is sent, the answer is a refusal and not a breakdown."""
    headers = {"authorization": "Bearer local-key"}
    assert requests.post(f"{url}{path}", data=body, headers=headers, timeout=10).status_code in (400, 422)
