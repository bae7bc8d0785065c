"""Looking into a queue by hand; apart from `storage.py` the only module that knows Azure Storage."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient

MOST_AT_ONCE = (
    32  # messages that one request looks at; https://learn.microsoft.com/rest/api/storageservices/peek-messages
)


@dataclass(frozen=True)
class Waiting:
    """A message in a queue; `body` is what the host would hand over, or the text as it is where it is not base64."""

    id: str
    inserted: datetime
    deliveries: int
    body: bytes
    receipt: str = ""


class Queue:
    """One queue: what is in it, and taking it out."""

    def __init__(self, client: QueueClient) -> None:
        self._client = client

    def peek(self, most: int = MOST_AT_ONCE) -> list[Waiting]:
        """The first messages that are not hidden, at most 32, as they are: looking counts as no delivery."""
        try:
            return [_waiting(found) for found in self._client.peek_messages(most)]
        except ResourceNotFoundError:
            return []

    def take(self, seconds: int) -> Iterator[Waiting]:
        """Every message that is not hidden, each hidden from others for so long; it stays unless it is removed."""
        for found in self._client.receive_messages(messages_per_page=MOST_AT_ONCE, visibility_timeout=seconds):
            yield _waiting(found)

    def remove(self, message: Waiting) -> None:
        """Delete a message that was taken; one that somebody else has taken or deleted meanwhile is as good."""
        try:
            self._client.delete_message(message.id, message.receipt)
        except ResourceNotFoundError:
            return


def _waiting(found: Any) -> Waiting:
    receipt = found.pop_receipt or ""
    return Waiting(found.id, found.inserted_on, found.dequeue_count or 0, _decoded(found.content), receipt)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text.encode()
