"""The image routes: generations and edits, below a deployment and below `/openai/v1`."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from local.foundry import errors
from local.foundry.engines import Engines
from local.foundry.gateway import MAX_BODY_BYTES, Endpoint
from local.foundry.images import moderation, parameters, refusals, uploads
from local.foundry.images.answers import Answer
from local.foundry.images.models import IMAGE_MODELS, ImageModel
from local.foundry.images.shelf import Shelf
from local.foundry.images.work import Work
from local.foundry.settings import Settings
from local.foundry.stats import Call

_RATE = (
    "Requests to the {operation} Operation under Azure OpenAI API version {{api_version}} have exceeded call rate "
    "limit of your current OpenAI S0 pricing tier."
)
_FIRST_WITH_EDITS = "2025-04-01"
_FORM = "multipart/form-data"
_MOST_FORM_BYTES = uploads.MOST_IMAGES * uploads.MOST_IMAGE_BYTES + uploads.MOST_MASK_BYTES + MAX_BODY_BYTES
# Room beyond the limit, so that the order itself can say by how much it is exceeded.
_MOST_FORM_FILES = 4 * uploads.MOST_IMAGES


@dataclass(frozen=True)
class _Studio:
    """What all image endpoints share."""

    settings: Settings
    engines: Engines
    shelf: Shelf
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class _Operation:
    """Generations or edits: its path, the name of its events, and Azure's names for it."""

    path: str
    event: str
    azure_name: str
    operation: str
    editing: bool


_GENERATIONS = _Operation("generations", "image_generation", "ImageGenerations_Create", "imageGenerations", False)
_EDITS = _Operation("edits", "image_edit", "ImageEdits_Create", "imageEdits", True)


def image_endpoints(
    settings: Settings, engines: Engines, shelf: Shelf, clock: Callable[[], datetime]
) -> list[Endpoint]:
    """Both operations on both routes; `shelf` keeps the pictures that are given by address."""
    studio = _Studio(settings, engines, shelf, clock)
    places = ("/openai/deployments/{deployment}/images", "/openai/v1/images")
    return [_endpoint(studio, operation, place) for operation in (_GENERATIONS, _EDITS) for place in places]


def _endpoint(studio: _Studio, operation: _Operation, place: str) -> Endpoint:
    return Endpoint(
        f"{place}/{operation.path}",
        partial(_read, studio, operation),
        receive=_receive_form if operation.editing else Request.body,
        max_body_bytes=_MOST_FORM_BYTES if operation.editing else MAX_BODY_BYTES,
        rate=_RATE.format(operation=operation.azure_name),
        rate_headers=True,
    )


async def _receive_form(request: Request) -> object:
    """Take in a form whose files go to disk; another body is taken in as it is, to be refused in its turn."""
    if not _is_form(request):
        return await request.body()
    try:
        return await request.form(max_files=_MOST_FORM_FILES)
    except HTTPException as error:
        raise refusals.broken_form(error.detail) from error


async def _read(studio: _Studio, operation: _Operation, request: Request) -> "ImageOrder":
    below_deployment = "deployment" in request.path_params
    if below_deployment:
        _check_version(request.query_params.get("api-version", ""), operation)
    content = await _content(request, operation)
    deployment = str(request.path_params["deployment"] if below_deployment else _named_in(content))
    model = studio.settings.deployments.get(deployment)
    if model is None:
        raise errors.no_deployment(deployment)
    known = IMAGE_MODELS.get(model)
    if known is None or (operation.editing and not known.edit_parameters):
        raise refusals.wrong_operation(operation.operation, model)
    form = await request.form() if operation.editing else None
    return ImageOrder(deployment, known, operation, content, form, studio, str(request.base_url))


def _check_version(version: str, operation: _Operation) -> None:
    if not version or (operation.editing and version < _FIRST_WITH_EDITS):
        raise errors.not_found()


async def _content(request: Request, operation: _Operation) -> Mapping[str, Any]:
    if operation.editing:
        if not _is_form(request):
            raise refusals.no_form(request.headers.get("content-type", ""))
        return dict((await request.form()).multi_items())
    try:
        content = json.loads(await request.body())
    except ValueError as error:
        raise refusals.no_json() from error
    if not isinstance(content, dict):
        raise refusals.no_json()
    return content


def _named_in(content: Mapping[str, Any]) -> str:
    model = content.get("model")
    if model is None:
        raise refusals.missing("model")
    if not isinstance(model, str):
        raise refusals.mistyped("model", "a string", model)
    return model


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith(_FORM)


@dataclass(frozen=True)
class ImageOrder:
    """A request for a known deployment whose other parameters are still to be validated."""

    deployment: str
    model: ImageModel
    operation: _Operation
    content: Mapping[str, Any]
    form: FormData | None
    studio: _Studio
    base_url: str

    async def answer(self, call: Call) -> Response:
        """Validate, note the bill, and draw; a stream is drawn while it is sent."""
        wanted = parameters.validated(self.content, self.model, self.operation.editing)
        sources = await asyncio.to_thread(uploads.opened, self.form) if self.form is not None else None
        created = int(self.studio.clock().timestamp())
        moderation.check_prompt(wanted.prompt, created)
        answer = Answer(Work.of(wanted, self.model, sources), self.studio.engines.settings, created)
        call.pictures = 0 if moderation.refused_output(wanted.prompt) else wanted.n
        if wanted.stream:
            return StreamingResponse(answer.events(self.operation.event), media_type="text/event-stream")
        if self.model.is_dall_e:
            return JSONResponse(await answer.as_dall_e(self.studio.shelf, self.base_url))
        return JSONResponse(await answer.as_json())
