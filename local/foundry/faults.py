"""Faults made on request: error statuses, missing bodies, cut, slow, broken and spoiled answers, reset connections."""

import asyncio
import json
import random
from collections.abc import Callable
from datetime import datetime
from typing import Literal, cast, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Send

from local.foundry import errors
from local.foundry.embeddings.spoiling import Spoiling, spoiled

_DRIP_PIECES = 20
_SPOILING: tuple[Spoiling, ...] = get_args(Spoiling)
_WORK_DONE = {"cut", "slow", "drip", *_SPOILING}
_STRIKES_THE_ANSWER = {*_WORK_DONE, "stream_error"}


class Fault(BaseModel):
    """The body of POST /emulator/faults: what goes wrong, for which calls, and how often (see docs/emulator.md)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["status", "null", "empty", "cut", "slow", "drip", "reset", "stream_error"] | Spoiling
    status: int = Field(default=503, ge=400, le=599)
    after_seconds: float | None = Field(default=None, ge=0)
    after_ms: float | None = Field(default=None, ge=0)
    retry_after_date: bool = False
    message_only: bool = False
    seconds: float = Field(default=1.0, ge=0)
    bytes: int = Field(default=100, ge=0)
    events: int = Field(default=0, ge=0)
    times: int | None = Field(default=1, ge=1)
    probability: float = Field(default=1.0, gt=0, le=1)
    seed: int = 0
    deployment: str | None = None
    route: str | None = None
    billed: bool | None = None

    @model_validator(mode="after")
    def _delay_has_a_value(self) -> "Fault":
        if (self.message_only or self.retry_after_date) and self.after_seconds is None:
            raise ValueError("message_only and retry_after_date need after_seconds")
        return self

    @property
    def bills(self) -> bool:
        """Whether the service did the work nevertheless; true by default for answers that come, however late or bad."""
        return self.kind in _WORK_DONE if self.billed is None else self.billed

    @property
    def answers_itself(self) -> bool:
        """Whether the fault stands in place of the service's answer."""
        return self.kind not in _STRIKES_THE_ANSWER

    def concerns(self, route: str, deployment: str) -> bool:
        """Whether a call on this route to this deployment can meet the fault."""
        return self.route in (None, route) and self.deployment in (None, deployment)

    def error(self, now: datetime, sentence: str = errors.OCR_RATE) -> errors.ServiceError:
        """The error answer of a `status` fault; `sentence` says what a 429 refuses."""
        headers = {} if self.message_only else self._headers(now)
        return errors.by_status(self.status, self.after_seconds, headers, sentence)

    def _headers(self, now: datetime) -> dict[str, str]:
        return errors.retry_headers(self.after_seconds, self.after_ms, self.retry_after_date, now)


class FaultBook:
    """The faults that wait for a call, in the order they were added."""

    def __init__(self) -> None:
        """Start without faults."""
        self._waiting: list[_Waiting] = []

    def add(self, fault: Fault) -> None:
        """Let a fault wait for its calls."""
        self._waiting.append(_Waiting(fault))

    def clear(self) -> None:
        """Drop every fault."""
        self._waiting.clear()

    def waiting(self) -> list[Fault]:
        """The faults that can still strike."""
        return [entry.fault for entry in self._waiting]

    def take(self, route: str, deployment: str) -> Fault | None:
        """The first waiting fault that strikes this call, used up by one."""
        for entry in self._waiting:
            if entry.fault.concerns(route, deployment) and entry.strikes():
                self._waiting = [other for other in self._waiting if other.left != 0]
                return entry.fault
        return None


class _Waiting:
    """A fault with its remaining count and its own dice."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.left = fault.times
        self._dice = random.Random(fault.seed)  # noqa: S311 - reproducible faults, not secrets

    def strikes(self) -> bool:
        if self._dice.random() >= self.fault.probability:
            return False
        if self.left is not None:
            self.left -= 1
        return True


class CutOffError(Exception):
    """The answer has been cut; nothing more may be sent."""


def shape(fault: Fault | None, send: Send) -> Send:
    """Wrap `send` so that the answer arrives cut, dripping, broken or spoiled, if the fault says so."""
    wrappers: dict[str, Callable[[Fault, Send], Send]] = {
        "cut": _cutting,
        "drip": _dripping,
        "stream_error": _breaking,
        **dict.fromkeys(_SPOILING, _spoiling),
    }
    wrapper = wrappers.get(fault.kind) if fault else None
    return wrapper(fault, send) if fault and wrapper else send


def _cutting(fault: Fault, send: Send) -> Send:
    left = fault.bytes

    async def cut(message: Message) -> None:
        nonlocal left
        body = message.get("body", b"")
        if len(body) <= left:
            left -= len(body)
            await send(message)
            return
        await send({**message, "body": body[:left], "more_body": True})
        raise CutOffError

    return cut


def _breaking(fault: Fault, send: Send) -> Send:
    streams, left = False, fault.events

    async def break_off(message: Message) -> None:
        nonlocal streams, left
        if message["type"] == "http.response.start":
            streams = Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")
        elif streams and not left:
            event = f"event: error\ndata: {json.dumps(errors.in_stream())}\n\n"
            await send({**message, "body": event.encode(), "more_body": False})
            raise CutOffError
        else:
            left -= 1
        await send(message)

    return break_off


def _spoiling(fault: Fault, send: Send) -> Send:
    start: Message = {}
    kept = bytearray()

    async def spoil(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
            return
        kept.extend(message.get("body", b""))
        if not message.get("more_body"):
            body = spoiled(bytes(kept), cast(Spoiling, fault.kind))
            MutableHeaders(scope=start)["content-length"] = str(len(body))
            await send(start)
            await send({**message, "body": body})

    return spoil


def _dripping(fault: Fault, send: Send) -> Send:
    kept = bytearray()

    async def drip(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        kept.extend(message.get("body", b""))
        if not message.get("more_body"):
            await _send_in_pieces(bytes(kept), fault.seconds, send)

    return drip


async def _send_in_pieces(body: bytes, seconds: float, send: Send) -> None:
    size = max(1, -(-len(body) // _DRIP_PIECES))
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    for piece in pieces:
        await asyncio.sleep(seconds / len(pieces))
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
