"""The emulator's image routes against OpenAI's own client, unchanged, on both routes, and against plain HTTP."""

import io
from typing import Any, cast

import numpy as np
import pytest
import requests
from openai import (
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    OpenAI,
)
from PIL import Image

from tests.contract.images.official import (
    DEPLOYED,
    KEY,
    SIZE,
    V1,
    VERSION,
    azure,
    body,
    control,
    generate,
    mask,
    opened,
    png,
    source,
    stats,
)


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
