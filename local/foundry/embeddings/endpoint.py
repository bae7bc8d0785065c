"""The embedding routes: `/models`, its serverless twins, Cohere's own and Azure OpenAI's."""

import asyncio
import json
import math
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

from local.foundry import errors
from local.foundry.embeddings import azure, cohere, embedder, openai, refusals
from local.foundry.embeddings.models import EMBEDDING_MODELS, EmbeddingModel, Route
from local.foundry.embeddings.wanted import Wanted
from local.foundry.engines import Engines
from local.foundry.errors import ServiceError
from local.foundry.gateway import Endpoint
from local.foundry.images.refusals import missing, mistyped, no_json, wrong_operation
from local.foundry.settings import Settings
from local.foundry.stats import Call

_API_VERSION = "2024-05-01-preview"
_SERVERLESS_MODEL = "Cohere-embed-v3-english"
_RATE = "Requests to the embeddings operation have exceeded call rate limit of your current pricing tier."
_OPENAI_RATE = (
    "Requests to the Embeddings_Create Operation under Azure OpenAI API version {api_version} have exceeded call rate "
    "limit of your current OpenAI S0 pricing tier."
)


@dataclass(frozen=True)
class _Dialect:
    """How a family of routes asks and answers."""

    route: Route
    wanted: Callable[[Mapping[str, Any], EmbeddingModel], Wanted]
    body: Callable[[NDArray[Any], Wanted, EmbeddingModel], dict[str, Any]]


_TEXTS = _Dialect("texts", azure.wanted_texts, azure.body)
_IMAGES = _Dialect("images", azure.wanted_images, azure.body)
_COHERE = _Dialect("cohere", cohere.wanted, cohere.body)
_OPENAI = _Dialect("openai", openai.wanted, openai.body)


@dataclass(frozen=True)
class _Models:
    """What all embedding endpoints share; as many calls are computed at once as there are processors."""

    settings: Settings
    engines: Engines
    pool: ThreadPoolExecutor

    def order(self, dialect: _Dialect, deployment: str, content: Mapping[str, Any]) -> "EmbeddingOrder":
        """An order for a deployment that exists; raises ServiceError 404 when its model is not offered on the route."""
        model = EMBEDDING_MODELS.get(self.settings.deployments[deployment])
        if model is None or dialect.route not in model.routes:
            raise refusals.api_not_supported()
        return EmbeddingOrder(deployment, model, dialect, content, self)


def embedding_endpoints(settings: Settings, engines: Engines) -> list[Endpoint]:
    """Every embedding route."""
    pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="embedding")
    models = _Models(settings, engines, pool)
    spoken: list[Endpoint] = []
    for dialect, path in ((_TEXTS, "/embeddings"), (_IMAGES, "/images/embeddings")):
        spoken += [
            Endpoint(f"/models{path}", partial(_read_models, models, dialect), rate=_RATE, rate_headers=True),
            Endpoint(path, partial(_read_serverless, models, dialect), keys_only=True, rate=_RATE, rate_headers=True),
        ]
    for path in ("/openai/v1/embeddings", "/openai/deployments/{deployment}/embeddings"):
        spoken.append(Endpoint(path, partial(_read_openai, models), rate=_OPENAI_RATE, rate_headers=True))
    return [*spoken, Endpoint("/providers/cohere/v2/embed", partial(_read_cohere, models), rate=_RATE)]


async def _read_models(models: _Models, dialect: _Dialect, request: Request) -> "EmbeddingOrder":
    if request.query_params.get("api-version") != _API_VERSION:
        raise errors.not_found()
    content = await _content(request, _no_object)
    deployment = content.get("model")
    if not isinstance(deployment, str) or not deployment:
        raise refusals.no_model()
    if deployment not in models.settings.deployments:
        raise refusals.unknown_model(deployment)
    return models.order(dialect, deployment, azure.settled(content, request.headers.get("extra-parameters")))


async def _read_serverless(models: _Models, dialect: _Dialect, request: Request) -> "EmbeddingOrder":
    """The endpoint has one model; here a body may choose another, or several endpoints would have to run."""
    content = await _content(request, _no_object)
    named = str(content.get("model"))
    deployment = named if named in models.settings.deployments else _SERVERLESS_MODEL
    return models.order(dialect, deployment, azure.settled(content, request.headers.get("extra-parameters")))


async def _read_cohere(models: _Models, request: Request) -> "EmbeddingOrder":
    content = await _content(request, lambda: refusals.cohere("invalid request: the body must be a JSON object"))
    deployment = content.get("model")
    if not isinstance(deployment, str) or not deployment:
        raise refusals.cohere("invalid request: model is required")
    if deployment not in models.settings.deployments:
        raise errors.no_deployment(deployment)
    return models.order(_COHERE, deployment, content)


async def _read_openai(models: _Models, request: Request) -> "EmbeddingOrder":
    below_deployment = "deployment" in request.path_params
    if below_deployment and not request.query_params.get("api-version"):
        raise errors.not_found()
    content = await _content(request, no_json)
    deployment = request.path_params["deployment"] if below_deployment else content.get("model")
    if deployment is None:
        raise missing("model")
    if not isinstance(deployment, str):
        raise mistyped("model", "a string", deployment)
    if deployment not in models.settings.deployments:
        raise errors.no_deployment(deployment)
    if (model := models.settings.deployments[deployment]) not in EMBEDDING_MODELS:
        raise wrong_operation("embeddings", model)
    return models.order(_OPENAI, deployment, content)


async def _content(request: Request, refuse: Callable[[], ServiceError]) -> Mapping[str, Any]:
    try:
        content = _parsed(await request.body())
    except (ValueError, RecursionError) as error:
        raise refuse() from error
    if not isinstance(content, dict):
        raise refuse()
    return content


def _parsed(body: bytes) -> Any:
    """JSON to the letter: Python alone would let pass infinite numbers and halves of characters."""
    content = json.loads(body, parse_float=_finite, parse_constant=_finite)
    if b"\\u" in body:
        json.dumps(content, ensure_ascii=False).encode()
    return content


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _no_object() -> ServiceError:
    return refusals.invalid([], "dict_type", "Input should be a valid dictionary", None)


@dataclass(frozen=True)
class EmbeddingOrder:
    """A request for a known deployment whose other fields are still to be validated."""

    deployment: str
    model: EmbeddingModel
    dialect: _Dialect
    content: Mapping[str, Any]
    models: _Models

    async def answer(self, call: Call) -> Response:
        """Validate and compute, for at least the time that a call is set to take."""
        loop, engine = asyncio.get_running_loop(), self.models.engines.settings
        waiting = asyncio.ensure_future(asyncio.sleep(engine.seconds_per_embedding_call))
        try:
            body, count = await loop.run_in_executor(self.models.pool, self._computed, engine.read_pictures)
            await waiting
        finally:
            waiting.cancel()
        call.vectors = count
        return Response(body, media_type="application/json")

    def _computed(self, reading: bool) -> tuple[bytes, int]:
        wanted = self.dialect.wanted(self.content, self.model)
        vectors = embedder.embedded(self.model.name, wanted, reading)
        body = self.dialect.body(vectors, wanted, self.model)
        return json.dumps(body, ensure_ascii=False).encode(), len(vectors)
