"""The embedding endpoints of Azure AI Foundry: vectors of texts, of pictures, and of pairs of both.

Five routes serve three shapes of request. `models` (a Foundry resource) and `serverless` take texts and pictures at
addresses of their own; `cohere` takes either, and pairs, at one; `v1` and `deployments` are OpenAI's and take texts
only. On all of them a picture that arrives among the texts is embedded as its letters, without an error.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from shared.clients.body import FileInJson, Json
from shared.clients.refusals import error_within
from shared.clients.transport import Body, Transport
from shared.embedding_catalog import EmbeddingRoute
from shared.errors import Invalid, TooLarge, Unavailable

_INFERENCE_VERSION = "2024-05-01-preview"  # the one version of `models` and `serverless`; azure-ai-inference 1.0.0b9
_STRICT: Mapping[str, str] = {"extra-parameters": "error"}  # else a field that is unknown there is left out in silence
_COHERE_INPUT_TYPES = {None: "search_document", "document": "search_document", "query": "search_query"}
_DATA_URL = re.compile(r"\s*data:[^,]{0,200};base64,", re.IGNORECASE)
_PNG = "image/png"
_LARGEST_ANSWER = 192 * 1024 * 1024  # it is whole in memory; 2,048 vectors of 3,072 numbers in digits have 140 MB


@dataclass(frozen=True)
class EmbeddingRequest:
    """One call: texts, or one picture (a PNG on disk) with at most one text beside it as a pair.

    What is None, and the format `float`, is not sent where the service has it by itself.
    """

    deployment: str
    route: EmbeddingRoute
    texts: tuple[str, ...] = ()
    image: Path | None = None
    input_type: str | None = None
    dimensions: int | None = None
    encoding_format: str = "float"

    @property
    def vectors(self) -> int:
        """How many vectors answer it."""
        return len(self.texts) if self.image is None else 1


@dataclass(frozen=True)
class EmbeddingClient:
    """Has vectors computed at one endpoint; `seconds` bound each call by the wall clock."""

    endpoint: str
    api_version: str
    transport: Transport
    seconds: float

    @property
    def host(self) -> str:
        """The endpoint's host."""
        return urlsplit(self.endpoint).hostname or ""

    def url(self, request: EmbeddingRequest) -> str:
        """The address to post to."""
        return self.endpoint + _path(request, self.api_version)

    def embed(self, request: EmbeddingRequest, answer: Path) -> None:
        """Have vectors computed and keep the answer in a file, for `EmbeddingAnswer.read`.

        Raises:
            Deferred: throttled, unavailable, an answer that is none, unauthorised, not deployed or blocked.
            Permanent: refused, invalid or too large.
        """
        _check(request)
        self.transport.post(
            self.url(request),
            _body(request),
            answer,
            deployment=request.deployment,
            seconds=self.seconds,
            headers=_STRICT if request.route in ("models", "serverless") else {},
        )
        told = _json(answer)
        error = error_within(told, request.deployment, self.transport.now())
        if error is not None:
            raise error
        _with_vectors(told)


def answered(answer: Path) -> dict[str, Any]:
    """The JSON of an embedding answer, with vectors of whatever sort under `data` or `embeddings`.

    Raises:
        Unavailable: it is empty, cut, `null` or has none; the service is known to send such with HTTP 200.
        TooLarge: above 192 MB.
    """
    return _with_vectors(_json(answer))


def _json(answer: Path) -> Any:
    if answer.stat().st_size > _LARGEST_ANSWER:
        limit = _LARGEST_ANSWER // 1024 // 1024
        raise TooLarge(f"The model's answer with vectors is above {limit} MB.", code="answer_too_large")
    try:
        return json.loads(answer.read_bytes())
    except (ValueError, RecursionError):
        raise Unavailable("The model's answer is not complete JSON.") from None


def _with_vectors(told: Any) -> dict[str, Any]:
    if not isinstance(told, dict) or not (told.get("data") or told.get("embeddings")):
        raise Unavailable("The model answered without vectors.")
    return told


def _check(request: EmbeddingRequest) -> None:
    """Stop what the service would take for a text and embed as its letters."""
    if any(_DATA_URL.match(text) for text in request.texts):
        raise Invalid(
            "A text is a data URL, which would be embedded as its letters and not as a picture.",
            code="picture_as_text",
            remedy="Upload the picture and name its blob as an image.",
        )
    if request.image is not None and request.route in ("v1", "deployments"):
        raise Invalid(f"The route {request.route} takes text only.", code="option_not_supported")


def _path(request: EmbeddingRequest, api_version: str) -> str:
    pictures = "" if request.image is None else "/images"
    match request.route:
        case "models":
            return f"/models{pictures}/embeddings?api-version={_INFERENCE_VERSION}"
        case "serverless":
            return f"{pictures}/embeddings?api-version={_INFERENCE_VERSION}"
        case "cohere":
            return "/providers/cohere/v2/embed"
        case "v1":
            return "/openai/v1/embeddings"
        case "deployments":
            deployment, version = (quote(part, safe="") for part in (request.deployment, api_version))
            return f"/openai/deployments/{deployment}/embeddings?api-version={version}"


def _body(request: EmbeddingRequest) -> Body:
    fields = _cohere(request) if request.route == "cohere" else _inference(request)
    content = {name: value for name, value in fields.items() if value is not None}
    return Json(content) if request.image is None else FileInJson(content, request.image, _PNG)


def _inference(request: EmbeddingRequest) -> dict[str, Any]:
    """The fields of every route but Cohere's."""
    caption = {"text": request.texts[0]} if request.texts else {}
    return {
        "model": request.deployment,
        "input": request.texts if request.image is None else [{"image": FileInJson.HERE, **caption}],
        "input_type": None if request.route in ("v1", "deployments") else request.input_type,
        "dimensions": request.dimensions,
        "encoding_format": None if request.encoding_format == "float" else request.encoding_format,
    }


def _cohere(request: EmbeddingRequest) -> dict[str, Any]:
    """The fields of Cohere's own route, after the package `cohere` 7.3.1; a text that is too long is an error."""
    return {
        "model": request.deployment,
        "input_type": _COHERE_INPUT_TYPES.get(request.input_type, request.input_type),
        "embedding_types": [request.encoding_format],
        "output_dimension": request.dimensions,
        "truncate": "NONE",
        **_cohere_input(request),
    }


def _cohere_input(request: EmbeddingRequest) -> dict[str, Any]:
    if request.image is None:
        return {"texts": request.texts}
    if not request.texts:
        return {"images": [FileInJson.HERE], "input_type": "image"}
    text = {"type": "text", "text": request.texts[0]}
    picture = {"type": "image_url", "image_url": {"url": FileInJson.HERE}}
    return {"inputs": [{"content": [text, picture]}]}
