"""JSON request bodies: small ones, and those that carry a file as base64 and are never whole in memory."""

import base64
import json
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_PIECE = (
    3 * 64 * 1024
)  # bytes of the file at a time; a multiple of three, so that pieces of base64 join without padding


class Json:
    """A small body."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = json.dumps(content).encode()

    def __len__(self) -> int:
        return len(self._content)

    def __iter__(self) -> Iterator[bytes]:
        yield self._content


class FileInJson:
    """The bytes of `json.dumps(content)` in which one string stands for a file, as a `data:` URL.

    `content` has the value `FileInJson.HERE` where the data URL goes. Iterating gives the body in pieces; `len` is
    its exact length, so that it is sent with `Content-Length` and not in chunks. It may be iterated again.
    """

    HERE = secrets.token_hex(16)  # nobody can guess it, so no text that a user sends is taken for the file

    def __init__(self, content: Mapping[str, Any], path: Path, media_type: str) -> None:
        before, after = json.dumps(content).split(json.dumps(self.HERE)[1:-1])
        self._before = f"{before}data:{media_type};base64,".encode()
        self._after = after.encode()
        self._path = path
        self._file_size = path.stat().st_size

    def __len__(self) -> int:
        return len(self._before) + 4 * ((self._file_size + 2) // 3) + len(self._after)

    def __iter__(self) -> Iterator[bytes]:
        yield self._before
        with self._path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield base64.b64encode(piece)
        yield self._after
