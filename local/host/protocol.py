"""What the host and its worker say to each other, pickled over a socket pair."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ModelBindingData:
    """The reference that an SDK-type binding gets instead of the blob's bytes.

    The four names are those of the message ModelBindingData in the host's gRPC protocol.
    """

    version: str
    source: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Value:
    """A typed value as the real host sends it: kind `string`, `bytes`, `json` (text), `http` or
    `model_binding_data`.
    """

    kind: str
    data: Any


@dataclass(frozen=True)
class Function:
    """One indexed function: its name, its trigger as in a function.json, and whether it takes an SDK type."""

    name: str
    trigger: dict[str, Any]
    deferred: bool


@dataclass(frozen=True)
class Loaded:
    """The worker has indexed the app."""

    functions: tuple[Function, ...]


@dataclass(frozen=True)
class NotLoaded:
    """The worker cannot use the app: one sentence, and the end of a traceback when there is one."""

    sentence: str
    detail: str


@dataclass(frozen=True)
class Invocation:
    """Run a function once with this trigger value and this trigger metadata."""

    id: str
    function: str
    value: Value
    metadata: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class HttpReply:
    """What an http function answers."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Result:
    """How an invocation ended: without `error` it succeeded; `detail` is the end of the traceback."""

    id: str
    error: str = ""
    detail: str = ""
    reply: HttpReply | None = None
