"""The emulator's image routes against OpenAI's own client, unchanged, on both routes, and against plain HTTP."""

import base64
import io
import json
import time
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import pytest
import requests
from openai import (
    APIError,
    AuthenticationError,
    AzureOpenAI,
    BadRequestError,
    NotFoundError,
    OpenAI,
    RateLimitError,
)
from PIL import Image, ImageDraw

from local.foundry.process import running

VERSION = "2025-04-01-preview"
KEY = {"api-key": "local-key"}
V1 = "/openai/v1/images"
DEPLOYED = "/openai/deployments/{}/images"
SIZE = (1024, 640)


@pytest.fixture(scope="module")
def process_url() -> Iterator[str]:
    """An emulator with one deployment of another name."""
    with running({"FOUNDRY_EMULATOR_DEPLOYMENTS": "painter=gpt-image-2"}) as emulator:
        yield emulator.url


@pytest.fixture
def url(process_url: str) -> str:
    """The emulator as after a start."""
    requests.post(f"{process_url}/emulator/reset", timeout=10)
    return process_url


@pytest.fixture(params=["azure", "v1"])
def client(request: pytest.FixtureRequest, url: str) -> OpenAI:
    """The official client for the deployments' route and for the v1 route."""
    return azure(url) if request.param == "azure" else OpenAI(base_url=f"{url}/openai/v1", api_key="local-key")


def azure(url: str, key: str = "local-key", version: str = VERSION) -> AzureOpenAI:
    """The official Azure client, which gives up at the first error."""
    return AzureOpenAI(azure_endpoint=url, api_key=key, api_version=version, max_retries=0)


def control(url: str, method: str, what: str, **body: Any) -> requests.Response:
    """Call the control API."""
    return requests.request(method, f"{url}/emulator/{what}", json=body, timeout=10)


def stats(url: str) -> dict[str, Any]:
    """The emulator's counts."""
    return dict(control(url, "GET", "stats").json())


def generate(url: str, route: str = V1, **fields: Any) -> requests.Response:
    """Ask for a small, quick picture by plain HTTP."""
    body = {"model": "painter", "prompt": "a fox", "quality": "low", "size": "1024x640", **fields}
    return requests.post(f"{url}{route}/generations", json=body, headers=KEY, timeout=30)


def opened(encoded: str | None) -> Image.Image:
    """The picture in an answer."""
    assert encoded
    picture = Image.open(io.BytesIO(base64.b64decode(encoded)))
    picture.load()
    return picture


def png(name: str, picture: Image.Image) -> tuple[str, bytes, str]:
    """A file as the client takes it."""
    target = io.BytesIO()
    picture.save(target, "PNG")
    return name, target.getvalue(), "image/png"


def source() -> Image.Image:
    """An image to be edited."""
    return Image.linear_gradient("L").resize(SIZE).convert("RGB")


def mask() -> Image.Image:
    """A mask that lets the right half change."""
    whole = Image.new("RGBA", SIZE, (0, 0, 0, 255))
    ImageDraw.Draw(whole).rectangle((512, 0, *SIZE), fill=(0, 0, 0, 0))
    return whole


def body(error: APIError) -> dict[str, Any]:
    """The error object that the client kept."""
    assert isinstance(error.body, dict)
    return cast(dict[str, Any], error.body)


def test_the_official_client_generates(client: OpenAI) -> None:
    """Several pictures arrive in the size asked for, with settings and usage that add up."""
    # when
    answer = client.images.generate(model="painter", prompt="a red sun", n=2, size="1024x640", quality="low")
    # then
    pictures = [opened(entry.b64_json) for entry in answer.data or []]
    assert [picture.size for picture in pictures] == [SIZE, SIZE]
    assert pictures[0].tobytes() != pictures[1].tobytes()
    assert (answer.size, answer.quality, answer.output_format, answer.background) == (
        "1024x640",
        "low",
        "png",
        "opaque",
    )
    usage = answer.usage
    assert usage and usage.total_tokens == usage.input_tokens + usage.output_tokens
    assert usage.output_tokens_details and usage.output_tokens_details.image_tokens == usage.output_tokens


def test_the_official_client_edits_several_images_under_a_mask(client: OpenAI) -> None:
    """Two images and a mask give a picture that differs from the first only where the mask allows it."""
    # when
    answer = client.images.edit(
        model="painter",
        prompt="a night sky",
        image=[png("a.png", source()), png("b.png", Image.new("RGB", (64, 64), "red"))],
        mask=png("mask.png", mask()),
        quality="low",
        size=cast(Any, "1024x640"),
    )
    # then
    assert answer.data
    before, after = np.asarray(source()), np.asarray(opened(answer.data[0].b64_json))
    assert np.array_equal(before[:, :512], after[:, :512])
    assert (before[:, 512:] != after[:, 512:]).any(axis=2).mean() > 0.95
    assert answer.usage and answer.usage.input_tokens_details.image_tokens > 0


def test_the_official_client_edits_a_single_image(client: OpenAI) -> None:
    """One image goes as one part of its own name, and a JPEG comes back when asked for."""
    answer = client.images.edit(
        model="gpt-image-1", prompt="warmer", image=png("a.png", source()), output_format="jpeg", quality="low"
    )
    assert answer.data
    assert (opened(answer.data[0].b64_json).format, answer.size) == ("JPEG", "1536x1024")


def test_the_official_client_streams_a_generation(client: OpenAI) -> None:
    """Partial images come before the final one, which carries the usage."""
    # when
    stream = client.images.generate(
        model="painter", prompt="waves", stream=True, partial_images=2, size="1024x640", quality="low"
    )
    events = list(stream)
    # then
    assert [event.type for event in events] == [
        "image_generation.partial_image",
        "image_generation.partial_image",
        "image_generation.completed",
    ]
    assert [event.partial_image_index for event in events if event.type == "image_generation.partial_image"] == [0, 1]
    assert {opened(event.b64_json).size for event in events} == {SIZE}
    last = events[-1]
    assert last.type == "image_generation.completed"
    assert (last.size, last.quality, last.usage.input_tokens) == ("1024x640", "low", 2)


def test_the_official_client_streams_an_edit(client: OpenAI) -> None:
    """An edit has events of its own names, on the multipart route."""
    # when
    stream = client.images.edit(
        model="painter", prompt="snow", image=png("a.png", source()), stream=True, partial_images=1, quality="low"
    )
    events = list(stream)
    # then
    assert [event.type for event in events] == ["image_edit.partial_image", "image_edit.completed"]
    assert events[-1].type == "image_edit.completed"
    assert events[-1].usage.input_tokens_details.image_tokens > 0


def test_dall_e_gives_an_address_that_can_be_fetched(client: OpenAI, url: str) -> None:
    """The picture lies behind a signed address until it expires, beside a revised prompt and filter results."""
    # when
    answer = client.images.generate(model="dall-e-3", prompt="a fox")
    # then
    assert answer.data and answer.data[0].url
    address = answer.data[0].url
    assert address.startswith(f"{url}/emulator/pictures/")
    assert Image.open(io.BytesIO(requests.get(address, timeout=10).content)).size == (1024, 1024)
    assert "a fox" in str(answer.data[0].revised_prompt)
    extras = answer.data[0].model_extra or {}
    assert extras["content_filter_results"]["hate"] == {"severity": "safe", "filtered": False}
    assert "jailbreak" in extras["prompt_filter_results"]
    # when
    control(url, "POST", "pictures/expire")
    # then
    assert requests.get(address, timeout=10).status_code == 403
    assert requests.get(f"{url}/emulator/pictures/other.png", timeout=10).status_code == 404


def test_dall_e_gives_the_picture_itself_on_request(client: OpenAI) -> None:
    """With `b64_json` there is no address."""
    answer = client.images.generate(model="dall-e-3", prompt="a fox", response_format="b64_json", size="1792x1024")
    assert answer.data
    assert answer.data[0].url is None
    assert opened(answer.data[0].b64_json).size == (1792, 1024)


@pytest.mark.parametrize(
    ("fields", "code", "kind"),
    [
        ({"size": "4096x4096"}, "invalid_value", "image_generation_user_error"),
        ({"extra_body": {"extra_body": {"a": 1}}}, "unknown_parameter", "invalid_request_error"),
        ({"prompt": ""}, "empty_string", "invalid_request_error"),
        ({"prompt": "[[refuse:violence]]"}, "moderation_blocked", "image_generation_user_error"),
        ({"prompt": "[[refuse-output]]"}, "moderation_blocked", "image_generation_user_error"),
        ({"prompt": "[[refuse:content_policy_violation]]"}, "content_policy_violation", "invalid_request_error"),
        ({"prompt": "[[refuse:contentFilter]]"}, "contentFilter", None),
    ],
)
def test_the_official_client_meets_a_refusal(
    client: OpenAI, url: str, fields: dict[str, Any], code: str, kind: str | None
) -> None:
    """A refused request is the client's BadRequestError with the service's code, and costs nothing."""
    with pytest.raises(BadRequestError) as refusal:
        client.images.generate(**{"model": "painter", "prompt": "a fox", "quality": "low", **fields})
    assert (refusal.value.code, refusal.value.type) == (code, kind)
    assert stats(url)["pictures"]["billed"] == 0


def test_the_stage_of_a_refusal_is_told(url: str) -> None:
    """Whether the prompt or the picture was refused stands in the moderation details."""
    stages = [
        generate(url, prompt=prompt).json()["error"]["moderation_details"]["moderation_stage"]
        for prompt in ("[[refuse:violence]]", "[[refuse-output]]")
    ]
    assert stages == ["input", "output"]


def test_the_official_client_meets_wrong_keys_names_and_versions(url: str) -> None:
    """A wrong key, an unknown deployment and an api-version without edits are errors of the client's own types."""
    with pytest.raises(AuthenticationError):
        azure(url, key="wrong").images.generate(model="painter", prompt="a fox")
    with pytest.raises(NotFoundError) as unknown:
        azure(url).images.generate(model="nobody", prompt="a fox")
    assert body(unknown.value)["code"] == "DeploymentNotFound"
    with pytest.raises(NotFoundError) as early:
        azure(url, version="2025-03-01-preview").images.edit(
            model="painter", prompt="a fox", image=png("a.png", source())
        )
    assert body(early.value)["message"] == "Resource not found"


def test_dall_e_and_readers_of_documents_do_not_edit(client: OpenAI) -> None:
    """A deployment whose model does something else is refused as such."""
    for model in ("dall-e-3", "mistral-ocr-4-0"):
        with pytest.raises(BadRequestError) as refusal:
            client.images.edit(model=model, prompt="a fox", image=png("a.png", source()))
        assert body(refusal.value)["code"] == "OperationNotSupported"


def test_a_deployment_route_needs_a_version_and_ignores_the_body_s_model(url: str) -> None:
    """Without api-version there is no such resource; with it the path names the deployment."""
    route = DEPLOYED.format("gpt-image-1")
    assert generate(url, route).status_code == 404
    body = {"model": "nobody", "prompt": "a fox", "quality": "low"}
    found = requests.post(f"{url}{route}/generations?api-version={VERSION}", json=body, headers=KEY, timeout=30)
    assert found.status_code == 200


def test_the_v1_route_needs_a_model(url: str) -> None:
    """Without a model in the body there is no deployment to ask."""
    error = generate(url, model=None).json()["error"]
    assert (error["code"], error["param"]) == ("missing_required_parameter", "model")


@pytest.mark.parametrize("sent", [b"{", b"[]", b""])
def test_a_generation_must_be_a_json_object(url: str, sent: bytes) -> None:
    """Anything else is refused with a sentence."""
    answer = requests.post(f"{url}{V1}/generations", data=sent, headers=KEY, timeout=10)
    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]["message"]


def test_an_edit_must_be_a_form(url: str) -> None:
    """JSON and broken forms are refused with a sentence."""
    edits = f"{url}{V1}/edits"
    as_json = requests.post(edits, json={"model": "painter", "prompt": "x"}, headers=KEY, timeout=10)
    assert (as_json.status_code, as_json.json()["error"]["code"]) == (400, "unsupported_content_type")
    headers = {**KEY, "content-type": "multipart/form-data; boundary=x"}
    broken = requests.post(edits, data=b"no form", headers=headers, timeout=10)
    assert (broken.status_code, "multipart" in broken.json()["error"]["message"]) == (400, True)


def test_transparent_pictures_have_an_alpha_channel(client: OpenAI) -> None:
    """A transparent background is one, and the answer says so."""
    answer = client.images.generate(model="gpt-image-1", prompt="a fox", background="transparent", quality="low")
    assert answer.data
    assert (opened(answer.data[0].b64_json).mode, answer.background) == ("RGBA", "transparent")


def test_limits_are_told_and_met(url: str) -> None:
    """Each answer tells what is left; beyond the limit the client raises its own error, with the operation's name."""
    # given
    control(url, "PUT", "limits", requests_per_minute=1)
    # when
    first = generate(url)
    with pytest.raises(RateLimitError) as refusal:
        azure(url).images.generate(model="painter", prompt="a fox")
    # then
    told = {name: value for name, value in first.headers.items() if name.startswith("x-ratelimit-")}
    assert (told["x-ratelimit-limit-requests"], told["x-ratelimit-remaining-requests"]) == ("1", "0")
    headers = refusal.value.response.headers
    assert 0 < int(headers["retry-after"]) <= 60
    assert int(headers["retry-after-ms"]) == int(headers["retry-after"]) * 1000
    message = body(refusal.value)["message"]
    assert f"ImageGenerations_Create Operation under Azure OpenAI API version {VERSION}" in message
    assert "call rate limit" in message and f"retry after {headers['retry-after']} seconds" in message


def test_a_throttling_fault_names_the_operation(url: str) -> None:
    """A 429 made on request says which operation it refuses, and in which version."""
    # given
    control(url, "POST", "faults", kind="status", status=429, after_seconds=7)
    # when
    with pytest.raises(RateLimitError) as refusal:
        azure(url).images.edit(model="painter", prompt="a fox", image=png("a.png", source()))
    # then
    message = body(refusal.value)["message"]
    assert f"ImageEdits_Create Operation under Azure OpenAI API version {VERSION}" in message
    assert "retry after 7 seconds" in message


@pytest.mark.parametrize("kind", ["null", "status", "slow", "drip", "cut", "reset"])
def test_faults_strike_image_routes_too(url: str, kind: str) -> None:
    """Every fault that documents meet is met by pictures, once."""
    # given
    control(url, "POST", "faults", kind=kind, seconds=0.2, route=f"{V1}/generations")
    # when
    try:
        struck = generate(url)
        outcome = "null" if struck.content == b"null" else str(struck.status_code)
    except requests.exceptions.RequestException as error:
        outcome = type(error).__name__
    # then
    expected = {"status": "503", "null": "null", "cut": "ChunkedEncodingError", "reset": "ConnectionError"}
    assert outcome == expected.get(kind, "200")
    assert generate(url).status_code == 200


def test_a_stream_can_break_off_with_an_error(url: str) -> None:
    """After the events asked for, the client raises the error in the stream, and nothing is billed."""
    # given
    control(url, "POST", "faults", kind="stream_error", events=1)
    stream = azure(url).images.generate(model="painter", prompt="x", stream=True, partial_images=2, quality="low")
    # when
    events = list[str]()
    with pytest.raises(APIError) as broken:
        events.extend(event.type for event in stream)
    # then
    assert (events, body(broken.value)["type"]) == (["image_generation.partial_image"], "server_error")
    assert stats(url)["pictures"]["billed"] == 0


def test_the_picture_can_be_refused_within_a_stream(url: str) -> None:
    """A picture that is refused after its partial images is an error in the stream."""
    lines = generate(url, prompt="[[refuse-output]]", stream=True, partial_images=1).text.split("\n\n")
    assert [line.split("\n")[0] for line in lines if line] == [
        "event: image_generation.partial_image",
        "event: error",
    ]
    assert json.loads(lines[1].split("data: ")[1])["error"]["code"] == "moderation_blocked"


def test_the_final_picture_can_come_before_all_partial_ones(url: str) -> None:
    """With the switches set, fewer partial images come than were asked for, and the stream ends with its mark."""
    # given
    control(url, "PUT", "engine", partial_images_sent=1, done_mark=True)
    # when
    text = generate(url, stream=True, partial_images=3).text
    # then
    assert [line for line in text.splitlines() if line.startswith("event:")] == [
        "event: image_generation.partial_image",
        "event: image_generation.completed",
    ]
    assert text.endswith("data: [DONE]\n\n")
    stream = azure(url).images.generate(model="painter", prompt="x", stream=True, partial_images=3, quality="low")
    assert [event.type for event in stream][-1] == "image_generation.completed"


def test_pictures_take_the_time_and_have_the_bytes_that_are_set(url: str) -> None:
    """Time and size of a picture can be fixed for benchmarks."""
    # given
    control(url, "PUT", "engine", seconds_per_picture=0.3, picture_bytes=3_000_000)
    # when
    started = time.monotonic()
    answer = generate(url, n=2).json()
    # then
    assert time.monotonic() - started >= 0.6
    assert [len(base64.b64decode(entry["b64_json"])) for entry in answer["data"]] == [3_000_000] * 2
    assert opened(answer["data"][0]["b64_json"]).size == SIZE


def test_pictures_are_billed_by_model(url: str) -> None:
    """The counts hold every picture that the service would have put on the bill, and for which model."""
    # when
    generate(url, n=3)
    generate(url, model="gpt-image-1", size="1024x1024")
    generate(url, size="9x9")
    # then
    counted = stats(url)
    assert counted["pictures"] == {"billed": 4, "by_model": {"painter": 3, "gpt-image-1": 1}}
    assert [call["pictures"] for call in counted["calls"]] == [3, 1, 0]
    assert counted["calls"][0]["route"] == f"{V1}/generations"
