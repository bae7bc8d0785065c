"""The control API under /emulator/: health, counts, faults, limits and the engine, for tests and benchmarks."""

import json
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.foundry.engines import Engines, EngineSettings
from local.foundry.faults import Fault
from local.foundry.gateway import Desk
from local.foundry.images.shelf import Shelf
from local.foundry.limits import LimitSettings

Body = TypeVar("Body", bound=BaseModel)


class Control:
    """Handlers of /emulator/; they need no key, and answer 422 with the reasons when a body does not fit."""

    def __init__(self, desk: Desk, engines: Engines, shelf: Shelf) -> None:
        """Control this desk, these engines and the pictures on this shelf."""
        self._desk = desk
        self._engines = engines
        self._shelf = shelf

    def routes(self) -> list[Route]:
        """The routes of the control API."""
        return [
            Route("/emulator/health", self.health, methods=["GET"]),
            Route("/emulator/stats", self.stats, methods=["GET"]),
            Route("/emulator/reset", self.reset, methods=["POST"]),
            Route("/emulator/faults", self.add_fault, methods=["POST"]),
            Route("/emulator/faults", self.clear_faults, methods=["DELETE"]),
            Route("/emulator/limits", self.set_limits, methods=["PUT"]),
            Route("/emulator/engine", self.set_engine, methods=["PUT"]),
            Route("/emulator/pictures/expire", self.expire_pictures, methods=["POST"]),
        ]

    async def health(self, _request: Request) -> Response:
        """Say that the emulator serves, with which deployments and engine."""
        deployments = dict(self._desk.settings.deployments)
        return JSONResponse({"status": "ok", "deployments": deployments, **self._engines.settings.model_dump()})

    async def stats(self, _request: Request) -> Response:
        """Everything counted since the last reset."""
        return JSONResponse(self._desk.stats.as_json())

    async def reset(self, _request: Request) -> Response:
        """Forget counts, faults and limits, and go back to the OCR engine."""
        self._desk.reset()
        self._engines.configure(EngineSettings())
        return JSONResponse({"status": "ok"})

    async def add_fault(self, request: Request) -> Response:
        """Let one more fault wait for its calls; answers with all that wait."""
        fault = await _read(request, Fault)
        if isinstance(fault, Response):
            return fault
        self._desk.faults.add(fault)
        return JSONResponse({"faults": [waiting.model_dump() for waiting in self._desk.faults.waiting()]})

    async def clear_faults(self, _request: Request) -> Response:
        """Drop every fault."""
        self._desk.faults.clear()
        return JSONResponse({"faults": []})

    async def set_limits(self, request: Request) -> Response:
        """Replace the limits."""
        limits = await _read(request, LimitSettings)
        if isinstance(limits, Response):
            return limits
        self._desk.limits.configure(limits)
        return JSONResponse(limits.model_dump())

    async def set_engine(self, request: Request) -> Response:
        """Choose what reads the documents, and how pictures are made."""
        settings = await _read(request, EngineSettings)
        if isinstance(settings, Response):
            return settings
        self._engines.configure(settings)
        return JSONResponse(settings.model_dump())

    async def expire_pictures(self, _request: Request) -> Response:
        """Let the addresses of all pictures run out now."""
        return JSONResponse({"expired": self._shelf.expire()})


async def _read(request: Request, shape: type[Body]) -> Body | Response:
    try:
        return shape.model_validate_json(await request.body())
    except ValidationError as error:
        return JSONResponse({"errors": json.loads(error.json(include_url=False, include_context=False))}, 422)
