"""A multipart form with files, streamed from disk and never whole in memory."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_PIECE = 256 * 1024


@dataclass(frozen=True)
class FormFile:
    """A file of a form: the field that it goes into, and what kind of file it is."""

    field: str
    path: Path
    media_type: str


class Form:
    """Fields and files as `multipart/form-data`; `len` is the exact length, and it may be iterated again."""

    def __init__(
        self,
        fields: Sequence[tuple[str, str]],
        files: Sequence[FormFile],
        boundary: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._boundary = boundary()
        texts = [self._head(f'name="{name}"') + value.encode() + b"\r\n" for name, value in fields]
        self._parts: list[bytes | Path] = [b"".join(texts)]
        for number, file in enumerate(files):
            ending = file.media_type.rpartition("/")[2]
            name = f'name="{file.field}"; filename="{number}.{ending}"\r\nContent-Type: {file.media_type}'
            self._parts += [self._head(name), file.path, b"\r\n"]
        self._parts.append(f"--{self._boundary}--\r\n".encode())
        self._length = sum(len(part) if isinstance(part, bytes) else part.stat().st_size for part in self._parts)

    @property
    def content_type(self) -> str:
        """The header that goes with it."""
        return f"multipart/form-data; boundary={self._boundary}"

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            if isinstance(part, bytes):
                yield part
                continue
            with part.open("rb") as file:
                while piece := file.read(_PIECE):
                    yield piece

    def _head(self, disposition: str) -> bytes:
        return f"--{self._boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode()
