"""Our image client as the tests use it, and what it is asked for."""

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from PIL import Image

from shared.clients.credentials import Key
from shared.clients.image_answer import ImageAnswer
from shared.clients.images import ImageClient, ImageRequest
from shared.clients.multipart import FormFile
from shared.clients.transport import Credential, Transport

SECONDS = 20
PROMPT = {"prompt": "A lighthouse at dusk"}
SMALL = {"size": "1024x640"}  # the smallest that gpt-image-2 makes
ROUTES = ("v1", "deployments")


@dataclass(frozen=True)
class Service:
    """The emulator, and a client of it."""

    url: str
    folder: Path
    partials: list[tuple[int, Image.Image]] = field(default_factory=list)

    def make(
        self,
        fields: dict[str, Any],
        *files: FormFile,
        model: str = "gpt-image-2",
        route: str = "v1",
        credential: Credential | None = None,
        seconds: float = SECONDS,
    ) -> ImageAnswer:
        """Have pictures made, or edited where files are given."""
        transport = Transport(credential or Key("local-key"))
        client = ImageClient(self.url, route, "2025-04-01-preview", transport, seconds)
        request = ImageRequest("edit" if files else "generate", model, fields, files)

        def keep(index: int, picture: Path) -> None:
            self.partials.append((index, opened(picture)))

        return client.make(request, self.folder / "answer", keep)

    def file(self, name: str, picture: Image.Image, *, part: str = "image") -> FormFile:
        """An input on disk."""
        picture.save(self.folder / name, "PNG")
        return FormFile(part, self.folder / name, "image/png")

    def control(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """Ask the emulator's control API."""
        answer = requests.request(method, f"{self.url}/emulator/{path}", json=body or None, timeout=5)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told


def opened(path: Path) -> Image.Image:
    """A picture, decoded whole."""
    picture = Image.open(io.BytesIO(path.read_bytes()))
    picture.load()
    return picture


def pictures(answer: ImageAnswer) -> list[Image.Image]:
    """The pictures of an answer that has them all."""
    assert all(picture.path for picture in answer.pictures)
    return [opened(picture.path) for picture in answer.pictures if picture.path]
