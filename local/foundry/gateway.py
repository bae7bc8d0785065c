"""The front of every model endpoint: body limit, keys, limits, faults and the count of calls."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from local.foundry import auth, errors, faults
from local.foundry.errors import ServiceError
from local.foundry.faults import Fault, FaultBook
from local.foundry.limits import Limits
from local.foundry.settings import Settings
from local.foundry.stats import Call, Stats

MAX_BODY_BYTES = 64 * 1024 * 1024
_log = logging.getLogger("darkroom.foundry")


class Order(Protocol):
    """A request that has been read far enough to know which deployment it is for."""

    @property
    def deployment(self) -> str:
        """The deployment's name, which exists."""

    async def answer(self, call: Call) -> Response:
        """Validate the rest and answer; notes on the call what is billed. Raises ServiceError."""


@dataclass(frozen=True)
class Endpoint:
    """One route: its path, how it reads a request, and what the gateway is to know about it.

    `receive` takes the body in, whole and before anything is checked, so that no caller is cut off while it sends;
    `read` finds it in the request then. Both raise ServiceError, `read` also for a body without a known deployment.
    `keys_only` routes read nothing but bearer keys; `rate` is the sentence of a 429, into which `{api_version}` is put;
    `rate_headers` says whether every answer tells the rate limit.
    """

    path: str
    read: Callable[[Request], Awaitable[Order]]
    receive: Callable[[Request], Awaitable[object]] = Request.body
    max_body_bytes: int = MAX_BODY_BYTES
    keys_only: bool = False
    rate: str = errors.OCR_RATE
    rate_headers: bool = False


@dataclass
class Desk:
    """What all endpoints share: settings, clock, counts, limits and faults."""

    settings: Settings
    clock: Callable[[], datetime]
    faults: FaultBook = field(default_factory=FaultBook)

    def __post_init__(self) -> None:
        """Give the counts and the limits the same clock."""
        self.stats = Stats(self.clock)
        self.limits = Limits(self.clock)

    def reset(self) -> None:
        """Back to the state after a start."""
        self.stats.reset()
        self.faults.clear()
        self.limits = Limits(self.clock)


class Gateway:
    """Serves one endpoint as an ASGI app."""

    def __init__(self, endpoint: Endpoint, desk: Desk) -> None:
        """Put the endpoint behind the shared desk."""
        self._endpoint = endpoint
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a model endpoint knows POST only."""
        if scope["method"] != "POST":
            await errors.not_found().response()(scope, receive, send)
            return
        with self._desk.stats.open(self._endpoint.path) as call:
            await self._serve(call, scope, receive, send)

    async def _serve(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        request = _BoundedRequest(scope, receive, self._endpoint.max_body_bytes)
        send = self._telling_the_rate(send)
        try:
            await self._endpoint.receive(request)
            call.request_sha256 = request.fingerprint()
            auth.check(request.headers, self._desk.settings, self._endpoint.keys_only, self._desk.clock())
            with self._desk.limits.admit(self._rate(request)):
                await self._answer(call, request, send)
        except ServiceError as error:
            self._record(call, error.status)
            await error.response()(scope, receive, send)
        except ClientDisconnect:
            _log.info("caller left before the request was whole: %s", call.route)
        except faults.CutOffError:
            _log.info("answer cut on request: %s %s", call.route, call.model)
        except Exception:
            _log.exception("call failed: %s %s", call.route, call.model)
            raise
        finally:
            await request.close()

    async def _answer(self, call: Call, request: Request, send: Send) -> None:
        order = await self._endpoint.read(request)
        call.model = order.deployment
        fault = self._desk.faults.take(call.route, order.deployment)
        if fault and fault.answers_itself:
            await self._answer_with(fault, call, order, request, send)
            return
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        response = await order.answer(call)
        call.billed = fault.bills if fault else True
        self._record(call, response.status_code)
        await response(request.scope, request.receive, faults.shape(fault, send))

    async def _answer_with(self, fault: Fault, call: Call, order: Order, request: Request, send: Send) -> None:
        if fault.bills:
            await order.answer(call)
            call.billed = True
        if fault.kind == "status":
            raise fault.error(self._desk.clock(), self._rate(request))
        if fault.kind == "reset":
            self._record(call, 0)
            request.state.reset_connection()
            return
        self._record(call, 200)
        body = b"" if fault.kind == "empty" else b"null"
        await Response(body, media_type="application/json")(request.scope, request.receive, send)

    def _record(self, call: Call, status: int) -> None:
        call.status = status
        self._desk.stats.record(call)
        billed = f"{call.pages} pages, {call.pictures} pictures, {call.vectors} vectors"
        _log.info("call answered: %s %s status %d, %s billed", call.route, call.model, status, billed)

    def _rate(self, request: Request) -> str:
        return self._endpoint.rate.format(api_version=request.query_params.get("api-version", "v1"))

    def _telling_the_rate(self, send: Send) -> Send:
        if not self._endpoint.rate_headers:
            return send

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._desk.limits.headers())
            await send(message)

        return tell


class _BoundedRequest(Request):
    """A request whose body may only be so long, however it is read, and is told from others by what it asks for."""

    def __init__(self, scope: Scope, receive: Receive, limit: int) -> None:
        super().__init__(scope, receive)
        self._limit = limit
        self._digest = hashlib.sha256(scope["path"].encode())
        _, _, boundary = self.headers.get("content-type", "").partition("boundary=")
        self._boundary, self._kept = boundary.partition(";")[0].strip(' "').encode("latin-1"), b""

    def fingerprint(self) -> str:
        """The hash of path and body, once it is read; the same for the same request again."""
        whole = self._digest.copy()
        whole.update(self._kept)
        return whole.hexdigest()

    def _take_in(self, piece: bytes) -> None:
        """Hash a piece of the body without the boundary of a form, which callers make anew for every request."""
        if not self._boundary:
            self._digest.update(piece)
            return
        *whole, rest = (self._kept + piece).split(self._boundary)
        cut = max(0, len(rest) - len(self._boundary) + 1)
        self._digest.update(b"".join(whole) + rest[:cut])
        self._kept = rest[cut:]

    async def stream(self) -> AsyncGenerator[bytes, None]:
        if int(self.headers.get("content-length", "0")) > self._limit:
            raise errors.too_large(self._limit)
        seen = 0
        async for piece in super().stream():
            seen += len(piece)
            if seen > self._limit:
                raise errors.too_large(self._limit)
            self._take_in(piece)
            yield piece
