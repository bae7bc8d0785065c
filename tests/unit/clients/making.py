"""A caller that makes pictures at a scripted server, and the events that such a server sends."""

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.clients.credentials import Key
from shared.clients.image_answer import ImageAnswer
from shared.clients.images import ImageClient, ImageRequest
from shared.clients.multipart import FormFile
from shared.clients.transport import Transport
from tests.fakes import small_png
from tests.servers import Script, Server, head, sends
from tests.unit.clients.calling import SECONDS

PICTURE = base64.b64encode(small_png()).decode()
WHOLE = json.dumps({"created": 1, "data": [{"b64_json": PICTURE}], "usage": {"output_tokens": 4}}).encode()
PROMPT = {"prompt": "A lighthouse"}
STREAM = head(content_type="text/event-stream; charset=utf-8")
PARTIAL = {"type": "image_generation.partial_image", "b64_json": PICTURE, "partial_image_index": 0}
FINAL = {"type": "image_generation.completed", "b64_json": PICTURE, "usage": {"output_tokens": 4}}


def events(*objects: dict[str, Any]) -> bytes:
    """Server-sent events as the service writes them."""
    return b"".join(f"event: {o.get('type')}\ndata: {json.dumps(o)}\n\n".encode() for o in objects)


def streams(*objects: dict[str, Any], then: Script | None = None) -> Script:
    """Answer with these events."""
    return sends([STREAM, events(*objects)], then=then)


def error_event(code: str | None, kind: str | None = None, **more: Any) -> dict[str, Any]:
    """An error as it comes inside of a stream."""
    return {"type": "error", "error": {"code": code, "type": kind, "message": "Said the service.", **more}}


@dataclass(frozen=True)
class Caller:
    """Makes pictures at a server."""

    folder: Path
    partials: list[tuple[int, bytes]] = field(default_factory=list)
    key: str = "the-key"

    def client(self, server: Server, route: str = "v1", seconds: float = SECONDS) -> ImageClient:
        """A client of the server."""
        endpoint = server.url.removesuffix("/ocr")
        return ImageClient(endpoint, route, "2025-04-01-preview", Transport(Key(self.key)), seconds)

    def make(
        self, server: Server, fields: dict[str, Any] | None = None, *files: FormFile, deployment: str = "gpt-image-2",
        route: str = "v1", seconds: float = SECONDS,
    ) -> list[bytes]:  # fmt: skip
        """The pictures that are answered."""
        request = ImageRequest("edit" if files else "generate", deployment, fields or PROMPT, files)

        def keep(index: int, picture: Path) -> None:
            self.partials.append((index, picture.read_bytes()))

        made: ImageAnswer = self.client(server, route, seconds).make(request, self.folder / "answer", keep)
        return [picture.path.read_bytes() for picture in made.pictures if picture.path]
