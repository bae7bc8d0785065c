"""The official clients, plain requests and pictures, for the tests of the emulator's embedding routes."""

import base64
import io
from typing import Any, TypeVar

import numpy as np
import requests
from azure.ai.inference import EmbeddingsClient, ImageEmbeddingsClient
from azure.ai.inference.models import ImageEmbeddingInput
from azure.core.credentials import AzureKeyCredential
from cohere import ClientV2
from numpy.typing import NDArray
from openai import AzureOpenAI, OpenAI
from PIL import Image

VERSION = "2024-05-01-preview"
KEY = {"api-key": "local-key"}
FORMS = ("float", "base64", "int8", "uint8", "binary", "ubinary")
Client = TypeVar("Client", EmbeddingsClient, ImageEmbeddingsClient)


def azure(kind: type[Client], url: str, place: str = "/models", key: str = "local-key") -> Client:
    """Microsoft's client for `/models`, or for a serverless endpoint, that gives up at the first error."""
    return kind(f"{url}{place}", AzureKeyCredential(key), retry_total=0)


def cohere(url: str, key: str = "local-key") -> ClientV2:
    """Cohere's client for the route of its models on Foundry."""
    return ClientV2(api_key=key, base_url=f"{url}/providers/cohere", timeout=20)


def openai(url: str, route: str, key: str = "local-key") -> OpenAI:
    """OpenAI's client for one of its two routes, that gives up at the first error."""
    if route == "v1":
        return OpenAI(base_url=f"{url}/openai/v1", api_key=key, max_retries=0)
    return AzureOpenAI(azure_endpoint=url, api_key=key, api_version="2024-10-21", max_retries=0)


def picture(colour: str = "red", size: tuple[int, int] = (64, 48)) -> str:
    """A picture of one colour as a data URL."""
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, "PNG")
    return f"data:image/png;base64,{base64.b64encode(target.getvalue()).decode()}"


def entry(colour: str = "red", text: str | None = None, size: tuple[int, int] = (64, 48)) -> ImageEmbeddingInput:
    """A picture as Microsoft's client takes it."""
    return ImageEmbeddingInput(image=picture(colour, size), text=text)


def numbers(vector: Any) -> NDArray[np.float32]:
    """A vector as it came: numbers, or floats in base64."""
    if isinstance(vector, str):
        return np.frombuffer(base64.b64decode(vector), "<f4")
    return np.array(vector, np.float32)


def control(url: str, method: str, what: str, **body: Any) -> requests.Response:
    """Call the control API."""
    return requests.request(method, f"{url}/emulator/{what}", json=body, timeout=10)


def stats(url: str) -> dict[str, Any]:
    """The emulator's counts."""
    return dict(control(url, "GET", "stats").json())


def post(url: str, path: str, headers: dict[str, str] | None = None, **body: Any) -> requests.Response:
    """Ask by plain HTTP."""
    return requests.post(f"{url}{path}", json=body, headers=KEY if headers is None else headers, timeout=20)
