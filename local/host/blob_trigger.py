"""Blob triggers: every event becomes a message in one control queue, and every such message an invocation.

Source: the blob extension of azure-sdk-for-net (BlobTriggerMessage, SharedBlobQueueListener). With the Event
Grid source the real host keeps no receipts and compares no ETag, so duplicates run twice and stale events run
late; so they do here.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob import BlobClient, BlobProperties, BlobServiceClient
from azure.storage.queue import QueueClient, QueueMessage

from local.host.errors import Refused
from local.host.invoker import Invoker, Verdict
from local.host.protocol import Function, ModelBindingData, Value
from local.host.queue_listener import send_creating

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_ID_PREFIX = "Host.Functions."

_log = logging.getLogger("darkroom.host.blobs")


@dataclass(frozen=True)
class BlobPath:
    """The path of a blob trigger, `container` or `container/pattern` with `{names}`; a name may span slashes."""

    container: str
    pattern: re.Pattern[str]
    names: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, where: str) -> BlobPath:
        """Read a path; raises Refused when the container is missing or no fixed name."""
        container, _, pattern = text.strip("/").partition("/")
        if not container or "{" in container:
            raise Refused(f"{where} has the path {text!r}; it must start with the fixed name of a container.")
        pieces = _PLACEHOLDER.split(pattern or "{}")
        regex = "".join("(.*)" if index % 2 else re.escape(piece) for index, piece in enumerate(pieces))
        names = tuple(_PLACEHOLDER.findall(pattern))
        return cls(container.lower(), re.compile(regex if pattern else ".*", re.IGNORECASE | re.DOTALL), names)

    def bind(self, blob: str) -> dict[str, str] | None:
        """Give what the names stand for in a blob's name; None when it does not match."""
        match = self.pattern.fullmatch(blob)
        return None if match is None else dict(zip(self.names, match.groups(), strict=True))


@dataclass(frozen=True)
class BlobEvent:
    """A blob was created or replaced."""

    container: str
    blob: str
    etag: str
    blob_type: str = "BlockBlob"


class BlobTrigger:
    """Runs one function for blobs of its container. `connection` is the name of the setting, `blobs` the client
    made from it.
    """

    def __init__(
        self, function: Function, path: BlobPath, connection: str, blobs: BlobServiceClient, invoker: Invoker
    ) -> None:
        self.function, self.path, self.connection, self.blobs = function, path, connection, blobs
        self._invoker = invoker

    @property
    def id(self) -> str:
        """The id that webhook and control queue know the function by."""
        return _ID_PREFIX + self.function.name

    def wants(self, event: BlobEvent) -> bool:
        """Tell whether the watcher announces this blob: an Event Grid subscription knows only containers, the
        scan also the path.
        """
        event_grid = str(self.function.trigger.get("source", "")).lower() == "eventgrid"
        return event_grid or self.path.bind(event.blob) is not None

    async def run(self, container: str, blob: str) -> Verdict:
        """Run the function for a blob; one that is gone is a success that does nothing."""
        client = self.blobs.get_blob_client(container, blob)
        try:
            properties = await asyncio.to_thread(client.get_blob_properties)
            value = await asyncio.to_thread(self._value, client)
        except ResourceNotFoundError:
            _log.info("%s is not run: its blob is gone", self.function.name)
            return Verdict.SUCCEEDED
        except AzureError as error:
            _log.error("%s is not run: its blob cannot be read (%s)", self.function.name, type(error).__name__)
            return Verdict.FAILED
        return (await self._invoker.run(self.function.name, value, self._metadata(client, properties))).verdict

    def _value(self, client: BlobClient) -> Value:
        if not self.function.deferred:
            return Value("bytes", client.download_blob().readall())
        names = {"Connection": self.connection, "ContainerName": client.container_name, "BlobName": client.blob_name}
        content = json.dumps(names).encode()
        return Value("model_binding_data", ModelBindingData("1.0", "AzureStorageBlobs", "application/json", content))

    def _metadata(self, client: BlobClient, properties: BlobProperties) -> dict[str, Value]:
        described = {
            "ContentLength": properties.size,
            "ContentType": properties.content_settings.content_type,
            "ETag": properties.etag,
            "LastModified": properties.last_modified.isoformat(),
        }
        return {
            **{name: Value("string", part) for name, part in (self.path.bind(client.blob_name) or {}).items()},
            "BlobTrigger": Value("string", f"{client.container_name}/{client.blob_name}"),
            "Uri": Value("string", client.url),
            "Properties": Value("json", json.dumps(described)),
            "Metadata": Value("json", json.dumps(properties.metadata or {})),
        }


class ControlQueue:
    """The queue that all blob triggers of an app share."""

    def __init__(
        self, queue: QueueClient, triggers: Mapping[str, BlobTrigger], poison: Callable[[str], QueueClient]
    ) -> None:
        self.queue, self.triggers = queue, triggers
        self._poison = poison

    def announce(self, function_id: str, event: BlobEvent, *, delay: float = 0) -> None:
        """Put an event for a function into the queue; it appears after `delay` seconds."""
        message = {
            "Type": "BlobTrigger",
            "FunctionId": function_id,
            "BlobType": event.blob_type,
            "ContainerName": event.container,
            "BlobName": event.blob,
            "ETag": event.etag,
        }
        send_creating(self.queue, base64.b64encode(json.dumps(message).encode()).decode(), delay=delay)

    async def handle(self, message: QueueMessage, body: bytes) -> Verdict:
        """Run the function that a control message names; an unknown one drops the message, as the real host does."""
        names = _names(body)
        trigger = self.triggers.get(names.get("FunctionId", ""))
        if trigger is None:
            _log.debug("control message %s names no function of this app and is dropped", message.id)
            return Verdict.SUCCEEDED
        return await trigger.run(names["ContainerName"], names["BlobName"])

    def poison_queue(self, body: bytes | None) -> QueueClient | None:
        """Give `webjobs-blobtrigger-poison` in the account that the blob lies in."""
        trigger = self.triggers.get(_names(body or b"{}").get("FunctionId", ""))
        return self._poison(trigger.connection if trigger else "AzureWebJobsStorage")


def _names(body: bytes) -> dict[str, str]:
    try:
        names = json.loads(body)
    except ValueError:
        return {}
    return names if isinstance(names, dict) else {}
