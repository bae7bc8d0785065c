"""The limits, faults, streams and bills of the emulator's image routes."""

import base64
import json
import time

import pytest
import requests
from openai import (
    APIError,
    RateLimitError,
)

from tests.contract.images.official import (
    KEY,
    SIZE,
    V1,
    VERSION,
    azure,
    body,
    control,
    generate,
    opened,
    png,
    source,
    stats,
)


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


def test_an_edit_is_the_same_request_whatever_the_boundary_of_its_form(url: str) -> None:
    """Callers make a new boundary for each request."""
    # when
    for prompt in ("a fox", "a fox", "a cat"):
        fields = {"model": "painter", "prompt": prompt, "size": "1024x640"}
        requests.post(f"{url}{V1}/edits", data=fields, files={"image": png("a.png", source())}, headers=KEY, timeout=30)
    # then
    counted = stats(url)
    first, again, other = (call["request_sha256"] for call in counted["calls"])
    assert [call["status"] for call in counted["calls"]] == [200] * 3
    assert first == again != other
