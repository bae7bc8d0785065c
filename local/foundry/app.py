"""The emulator as one ASGI app: model endpoints behind their gateways, and the control API beside them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.foundry import errors
from local.foundry.control import Control
from local.foundry.embeddings.endpoint import embedding_endpoints
from local.foundry.engines import Engines
from local.foundry.gateway import Desk, Gateway
from local.foundry.images.endpoint import image_endpoints
from local.foundry.images.shelf import Shelf
from local.foundry.ocr.endpoint import ocr_endpoints
from local.foundry.settings import Settings


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(settings: Settings, clock: Callable[[], datetime] = _now) -> Starlette:
    """Build the app; `clock` stamps calls and moves the rate window."""
    desk = Desk(settings, clock)
    engines = Engines()
    shelf = Shelf(clock)
    endpoints = [
        *ocr_endpoints(settings, engines),
        *image_endpoints(settings, engines, shelf, clock),
        *embedding_endpoints(settings, engines),
    ]

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        engines.close()

    return Starlette(
        routes=[
            *(Route(endpoint.path, Gateway(endpoint, desk)) for endpoint in endpoints),
            *shelf.routes(),
            *Control(desk, engines, shelf).routes(),
        ],
        exception_handlers={404: _not_found, 405: _not_found},
        lifespan=lifespan,
    )


async def _not_found(_request: Request, _error: Exception) -> Response:
    return errors.not_found().response()
