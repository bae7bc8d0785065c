"""The blob extension's webhook: what Event Grid posts to /runtime/webhooks/blobs.

Source: HttpRequestProcessor.cs of the blob extension. Traps kept: a notification is answered 202 before
anything is known about the function, so one with a wrong `functionName` is lost; the path pattern of the
trigger filters nothing here. The access key in `code` is not checked on a developer's machine.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from azure.storage.blob import BlobClient

from local.host.blob_trigger import BlobEvent


@dataclass(frozen=True)
class WebhookReply:
    """What the webhook answers, and the events that it takes in."""

    status: int
    body: dict[str, str] = field(default_factory=dict)
    events: tuple[BlobEvent, ...] = ()


def answer(event_type: str, body: bytes) -> WebhookReply:
    """Answer a post with this `aeg-event-type` header: the handshake, a notification (202), or 400 for anything
    else.
    """
    try:
        posted = json.loads(body or b"[]")
        events = posted if isinstance(posted, list) else [posted]
        match event_type:
            case "SubscriptionValidation":
                return WebhookReply(200, {"validationResponse": str(events[0]["data"]["validationCode"])})
            case "Notification":
                return WebhookReply(202, events=tuple(_blob_event(event["data"]) for event in events))
            case "Unsubscribe":
                return WebhookReply(202)
    except (ValueError, KeyError, IndexError, TypeError):
        return WebhookReply(400, {"error": "The body is no Event Grid event about a blob."})
    return WebhookReply(
        400, {"error": "The header aeg-event-type must be SubscriptionValidation, Notification or Unsubscribe."}
    )


def _blob_event(data: dict[str, Any]) -> BlobEvent:
    named = BlobClient.from_blob_url(str(data["url"]))
    return BlobEvent(
        named.container_name, named.blob_name, str(data.get("eTag", "")), str(data.get("blobType", "BlockBlob"))
    )
