"""The one place that touches the azure-functions library and the extension base.

The library is 1.26 below Python 3.13 and 2.3 from it. What is used here is the same in both:
`get_binding_registry()`, converters with `check_input_type_annotation`, `decode` and `encode`, and
`meta.Datum`, which is no public name in either.
"""

from __future__ import annotations

import sys
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import azure.functions as func
from azure.functions import meta

from local.host.protocol import HttpReply, Value

_EXTENSION_BASE = "azurefunctions.extensions.base"

THREAD = threading.local()
"""Holds `invocation_id` in the thread that runs a synchronous function, for the loggers of user code."""


@dataclass(frozen=True)
class TraceContext:
    """Where an invocation is in a distributed trace, as W3C headers."""

    trace_parent: str
    trace_state: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


class Context(func.Context):
    """What a function sees as its `context`; the local host retries nothing."""

    def __init__(self, invocation: str, function: str, folder: str) -> None:
        self._invocation, self._function, self._folder = invocation, function, folder

    @property
    def invocation_id(self) -> str:
        """Name this run."""
        return self._invocation

    @property
    def thread_local_storage(self) -> Any:
        """Hold the invocation id in the function's own thread."""
        return THREAD

    @property
    def function_name(self) -> str:
        """Name the function."""
        return self._function

    @property
    def function_directory(self) -> str:
        """Name the app's folder."""
        return self._folder

    @property
    def trace_context(self) -> Any:
        """A trace that begins with this invocation, as the real host begins one; nobody is told of it."""
        trace = uuid.UUID(self._invocation).hex
        return TraceContext(f"00-{trace}-{trace[:16]}-01")

    @property
    def retry_context(self) -> Any:
        """Nothing: retry policies are not for queue and blob triggers."""
        return None


def extension_base() -> ModuleType | None:
    """Give the package of the SDK types when the app has imported it, as the real worker does: nobody else pays
    for it.
    """
    return sys.modules.get(_EXTENSION_BASE)


def is_sdk_type(annotation: Any) -> bool:
    """Tell whether a parameter of this type is handed a reference instead of data."""
    base = extension_base()
    return base is not None and bool(base.get_binding_registry().check_supported_type(annotation))


def converter(binding: str, sdk_type: bool) -> Any:
    """Find the library's converter for a binding; None when nobody registered one."""
    base = extension_base()
    if sdk_type and base is not None:
        return base.get_binding_registry().get(binding)
    return func.get_binding_registry().get(binding)  # type: ignore[no-untyped-call]  # the library annotates it not


def datum(value: Value | None) -> Any:
    """Turn a wire value into the library's Datum; the parts of an http request become Datums too."""
    if value is None:
        return None
    return meta.Datum(value=_datum_data(value.data), type=value.kind)


def _datum_data(data: Any) -> Any:
    if isinstance(data, Value):
        return datum(data)
    if isinstance(data, dict):
        return {name: _datum_data(part) for name, part in data.items()}
    return data


def http_reply(returned: Any) -> HttpReply:
    """Encode what an http function returned with the library's converter; None is an empty 204 as on the real host."""
    if returned is None:
        return HttpReply(204, {}, b"")
    encoded = converter("http", sdk_type=False).encode(returned, expected_type=None)
    if encoded.type == "string":
        return HttpReply(200, {"content-type": "text/plain; charset=utf-8"}, encoded.value.encode())
    parts = encoded.value
    headers = {name: value.value for name, value in parts["headers"].items()}
    return HttpReply(int(parts["status_code"].value), headers, bytes(parts["body"].value))
