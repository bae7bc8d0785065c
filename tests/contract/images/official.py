"""OpenAI's own clients, plain requests and pictures, for the tests of the emulator's image routes."""

import base64
import io
from typing import Any, cast

import requests
from openai import (
    APIError,
    AzureOpenAI,
)
from PIL import Image, ImageDraw

VERSION = "2025-04-01-preview"
KEY = {"api-key": "local-key"}
V1 = "/openai/v1/images"
DEPLOYED = "/openai/deployments/{}/images"
SIZE = (1024, 640)


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
