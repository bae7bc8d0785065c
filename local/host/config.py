"""host.json with the defaults and ranges of the real host.

Sources: QueuesOptions.cs and BlobsOptions.cs of the storage extensions (azure-sdk-for-net), host.json reference
on Microsoft Learn.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from local.host.errors import Refused

_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d{1,7})?)")
_DEFAULT_FUNCTION_TIMEOUT = 30 * 60.0
_OVERLAY = "AzureFunctionsJobHost"
_ENCODINGS = ("base64", "none")

Section = Mapping[str, Any]


@dataclass(frozen=True)
class QueueOptions:
    """How one queue is read; all times in seconds."""

    batch_size: int
    new_batch_threshold: int
    max_dequeue_count: int
    max_polling_interval: float
    visibility_timeout: float
    base64: bool = True


@dataclass(frozen=True)
class HostConfig:
    """What host.json says; `function_timeout` is in seconds, None means unbounded."""

    function_timeout: float | None
    queues: QueueOptions
    blobs: QueueOptions
    route_prefix: str


def read_config(app: Path, settings: Mapping[str, str], processors: int | None = None) -> HostConfig:
    """Read `host.json` of the app folder; raises Refused when it is missing, damaged or out of range.

    An app setting `AzureFunctionsJobHost__extensions__queues__batchSize` stands over the value at that path, as
    in Azure.
    """
    document = _overlaid(_document(app / "host.json"), settings)
    if document.get("version") != "2.0":
        raise Refused('host.json must say "version": "2.0".')
    if _section(document, "concurrency").get("dynamicConcurrencyEnabled"):
        raise Refused("host.json turns dynamic concurrency on, which the local host does not have: remove it there.")
    extensions = _section(document, "extensions")
    cores = processors or os.cpu_count() or 1
    development = settings.get("AZURE_FUNCTIONS_ENVIRONMENT") == "Development"
    queues = _queue_options(_section(extensions, "queues"), cores, development)
    return HostConfig(
        function_timeout=_function_timeout(document),
        queues=queues,
        blobs=_blob_options(_section(extensions, "blobs"), cores, queues.max_polling_interval),
        route_prefix=str(_section(extensions, "http").get("routePrefix", "api")).strip("/"),
    )


def time_span(text: str, name: str) -> float:
    """Turn `[days.]hh:mm:ss[.fraction]` into seconds; raises Refused naming the setting `name` otherwise."""
    match = _TIME_SPAN.fullmatch(text)
    if match is None:
        raise Refused(f"{name} is {text!r}, which is not a time of the form hh:mm:ss.")
    days, hours, minutes, seconds = match.groups()
    return int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _document(path: Path) -> Section:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise Refused(f"{path} is missing: a function app needs a host.json beside function_app.py.") from None
    except ValueError as error:
        raise Refused(f"{path} is not JSON: {error}.") from None
    if not isinstance(document, dict):
        raise Refused(f"{path} must hold a JSON object.")
    return document


def _overlaid(document: Section, settings: Mapping[str, str]) -> Section:
    result: dict[str, Any] = copy.deepcopy(dict(document))
    for name, text in settings.items():
        head, *path = name.split("__")
        if head == _OVERLAY and path:
            section = result
            for step in path[:-1]:
                section = section.setdefault(step, {})
                if not isinstance(section, dict):
                    raise Refused(f"The setting {name} does not fit host.json, where {step} is no object.")
            section[path[-1]] = int(text) if text.isdecimal() else text
    return result


def _section(parent: Section, name: str) -> Section:
    found = parent.get(name, {})
    if not isinstance(found, dict):
        raise Refused(f"{name} in host.json must be a JSON object.")
    return cast(Section, found)


def _function_timeout(document: Section) -> float | None:
    text = document.get("functionTimeout")
    if text is None:
        return _DEFAULT_FUNCTION_TIMEOUT
    return None if str(text) == "-1" else _at_least("functionTimeout", time_span(str(text), "functionTimeout"), 1)


def _queue_options(section: Section, cores: int, development: bool) -> QueueOptions:
    batch_size = _whole(section, "queues.batchSize", 16, 1, 32)
    encoding = str(section.get("messageEncoding", "base64"))
    if encoding not in _ENCODINGS:
        raise Refused(f"queues.messageEncoding in host.json is {encoding!r}; it can be base64 or none.")
    polling = time_span(
        str(section.get("maxPollingInterval", "00:00:02" if development else "00:01:00")), "queues.maxPollingInterval"
    )
    return QueueOptions(
        batch_size=batch_size,
        new_batch_threshold=_whole(section, "queues.newBatchThreshold", batch_size // 2 * cores, 0),
        max_dequeue_count=_whole(section, "queues.maxDequeueCount", 5, 1),
        max_polling_interval=_at_least("queues.maxPollingInterval", polling, 0.1),
        visibility_timeout=time_span(str(section.get("visibilityTimeout", "00:00:00")), "queues.visibilityTimeout"),
        base64=encoding == "base64",
    )


def _blob_options(section: Section, cores: int, polling: float) -> QueueOptions:
    degree = _whole(section, "blobs.maxDegreeOfParallelism", 8 * cores, 1)
    batch_size = min(32, degree // 2 + 1)
    return QueueOptions(
        batch_size=batch_size,
        new_batch_threshold=max(0, degree - batch_size),
        max_dequeue_count=_whole(section, "blobs.poisonBlobThreshold", 5, 1),
        max_polling_interval=polling,
        visibility_timeout=0,
    )


def _whole(section: Section, name: str, default: int, least: int, most: int | None = None) -> int:
    value = section.get(name.partition(".")[2], default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least or (most is not None and value > most):
        limits = f"from {least} to {most}" if most is not None else f"of at least {least}"
        raise Refused(f"{name} in host.json is {value!r}; it must be a whole number {limits}.")
    return value


def _at_least(name: str, seconds: float, least: float) -> float:
    if seconds < least:
        raise Refused(f"{name} in host.json must be at least {least:g} s, not {seconds:g} s.")
    return seconds
