"""The host's http side: status, running a function by hand, the blob webhook, and http triggers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local.host import event_grid
from local.host.blob_trigger import BlobEvent
from local.host.errors import Refused
from local.host.invoker import Invoker
from local.host.protocol import Function, Value

_ALL_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
_ROUTE_PARAMETER = re.compile(r"\{(\*?)(\w+)(?::[^{}]*)?\}")

Endpoint = Callable[[Request], Awaitable[Response]]
Status = Callable[[], dict[str, Any]]
Run = Callable[[], Coroutine[Any, Any, None]]
ByHand = Callable[[str], Run]
Announce = Callable[[str, BlobEvent], Awaitable[None]]


def bind(port: int) -> socket.socket:
    """Take a port on the loopback address, 0 for a free one; raises Refused when it is in use."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise Refused(
            f"Port {port} cannot be used ({error.strerror}): end what uses it or choose another --port."
        ) from None
    return listener


class Server(uvicorn.Server):
    """uvicorn without its own signal handling: the host decides when it ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the host."""
        yield


def server(routes: list[BaseRoute], grace: int) -> Server:
    """Make the server for these routes; at its end it waits `grace` seconds for open requests."""
    app = Starlette(routes=routes)
    return Server(
        uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=grace)
    )


def admin_routes(status: Status, by_hand: Mapping[str, ByHand], announce: Announce | None) -> list[BaseRoute]:
    """Make the host's own routes; the webhook exists only beside a blob trigger, as on the real host.

    `by_hand` maps a function to what turns an input into one run of it, raising ValueError when the input does not fit.
    """
    routes: list[BaseRoute] = [
        Route("/admin/host/status", _status_endpoint(status)),
        Route("/admin/functions/{name}", _by_hand_endpoint(by_hand), methods=["POST"]),
    ]
    if announce is not None:
        routes.append(Route("/runtime/webhooks/blobs", _webhook_endpoint(announce), methods=["POST"]))
    return routes


def _status_endpoint(status: Status) -> Endpoint:
    async def endpoint(_: Request) -> Response:
        return JSONResponse(status())

    return endpoint


def _by_hand_endpoint(by_hand: Mapping[str, ByHand]) -> Endpoint:
    running: set[asyncio.Task[None]] = set()

    async def endpoint(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in by_hand:
            return JSONResponse({"error": f"There is no function {name} that can be run by hand."}, 404)
        try:
            run = by_hand[name](_admin_input(await request.body()))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        task = asyncio.create_task(run())
        running.add(task)
        task.add_done_callback(running.discard)
        return Response(status_code=202)

    return endpoint


def _webhook_endpoint(announce: Announce) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        answer = event_grid.answer(request.headers.get("aeg-event-type", ""), await request.body())
        for event in answer.events:
            await announce(request.query_params.get("functionName", ""), event)
        return JSONResponse(answer.body, answer.status) if answer.body else Response(status_code=answer.status)

    return endpoint


def _admin_input(body: bytes) -> str:
    try:
        posted = json.loads(body or b"{}")
    except ValueError:
        raise ValueError('The body must be JSON: {"input": "..."}.') from None
    text = posted.get("input", "") if isinstance(posted, dict) else ""
    return text if isinstance(text, str) else json.dumps(text)


def function_route(function: Function, prefix: str, invoker: Invoker) -> Route:
    """Make the route of an http function; keys are not asked for on a developer's machine."""
    trigger = function.trigger
    path = _ROUTE_PARAMETER.sub(
        lambda m: f"{{{m[2]}:path}}" if m[1] else f"{{{m[2]}}}", trigger.get("route") or function.name
    )
    methods = [str(method).upper() for method in trigger.get("methods") or _ALL_METHODS]

    async def endpoint(request: Request) -> Response:
        outcome = await invoker.run(function.name, await _request_value(request), {})
        reply = outcome.reply
        return Response(status_code=500) if reply is None else Response(reply.body, reply.status, reply.headers)

    return Route("/" + "/".join(filter(None, (prefix, path.strip("/")))), endpoint, methods=methods)


async def _request_value(request: Request) -> Value:
    def strings(pairs: dict[str, Any]) -> dict[str, Value]:
        return {name: Value("string", str(text)) for name, text in pairs.items()}

    return Value(
        "http",
        {
            "method": Value("string", request.method),
            "url": Value("string", str(request.url)),
            "headers": strings(dict(request.headers)),
            "params": strings(request.path_params),
            "query": strings(dict(request.query_params)),
            "body": Value("bytes", await request.body()),
        },
    )
