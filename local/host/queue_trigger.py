"""From a queue message to an invocation: the value and the trigger metadata that the real host sends to Python."""

from __future__ import annotations

import json
import logging
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.storage.queue import QueueMessage

from local.host.invoker import Invoker, Verdict
from local.host.protocol import Function, Value

_LONGEST_QUEUE_NAME = 63
_POISON = "-poison"

_log = logging.getLogger("darkroom.host.queues")


class QueueTrigger:
    """Runs one function for each message of its queue."""

    def __init__(self, function: Function, queue: str, invoker: Invoker) -> None:
        self.queue = queue
        self._function, self._invoker = function, invoker
        self._binary = str(function.trigger.get("dataType", "")).lower() == "binary"

    @property
    def poison_queue(self) -> str | None:
        """Name the queue for messages that fail too often; a poison queue, or a name that would be too long,
        has none.
        """
        name = self.queue + _POISON
        return None if self.queue.endswith(_POISON) or len(name) > _LONGEST_QUEUE_NAME else name

    async def handle(self, message: QueueMessage, body: bytes) -> Verdict:
        """Run the function for a message; text that is not UTF-8 fails without a call unless the binding asks
        for binary data.
        """
        text = _as_text(body)
        if text is None and not self._binary:
            _log.error("message %s is not UTF-8, and %s does not take binary data", message.id, self._function.name)
            return Verdict.FAILED
        value = Value("bytes", body) if text is None or self._binary else Value("string", text)
        return (await self._invoker.run(self._function.name, value, metadata(message, text))).verdict

    async def run_by_hand(self, body: str) -> None:
        """Run the function with a body that was in no queue; nothing is settled."""
        now = datetime.now(UTC)
        message = QueueMessage(content=body)
        message.id, message.pop_receipt, message.dequeue_count = str(uuid.uuid4()), "", 1
        message.inserted_on, message.expires_on, message.next_visible_on = now, now + timedelta(days=7), now
        await self.handle(message, body.encode())


def metadata(message: QueueMessage, text: str | None) -> dict[str, Value]:
    """Make the trigger metadata: the message's properties, then whatever the body's own JSON keys lay over
    them.

    Source: `Utility.ApplyBindingData` of the real host. Every top-level property that is no array and not null
    is copied, with names compared without case; so a body with a key `id` or `dequeueCount` takes that
    property's place.
    """
    found = {
        "DequeueCount": Value("json", json.dumps(message.dequeue_count)),
        "Id": Value("string", message.id),
        "InsertionTime": _time(message.inserted_on),
        "ExpirationTime": _time(message.expires_on),
        "NextVisibleTime": _time(message.next_visible_on),
        "PopReceipt": Value("string", message.pop_receipt),
    }
    if text is not None:
        found["QueueTrigger"] = Value("string", text)
        _lay_over(found, text)
    return found


def _lay_over(found: dict[str, Value], text: str) -> None:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(body, dict):
        return
    spelt = {name.lower(): name for name in found}
    for key, value in body.items():
        if value is not None and not isinstance(value, list):
            found[spelt.setdefault(key.lower(), key)] = _as_host_value(value)


def _as_host_value(value: Any) -> Value:
    if isinstance(value, dict):
        return Value("json", json.dumps(value))
    return Value("string", str(value))


def _time(moment: datetime | None) -> Value:
    return Value("json", json.dumps(moment.isoformat() if moment else None))


def _as_text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
