"""JSON with pictures in it, taken apart on disk: what is small becomes a value, each picture a file.

A picture in an answer is megabytes of base64 in a string named `b64_json`. Parsers build that string, and decoding
copies it again; here it goes from file to file in pieces.
"""

import binascii
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from shared.errors import Unavailable

PICTURE_KEY = "b64_json"
_PIECE = 256 * 1024
_MOST_PICTURES = 100
_LARGEST_REST = 8 * 1024 * 1024


def unpack(source: Path, prefix: Path) -> Any:
    """The JSON value in a file, with a path in the place of each picture; the files are named from `prefix` and a
    number.

    Raises:
        Unavailable: it is cut, no JSON, has more than 100 pictures or one that is not base64, or what is no picture is
            above 8 MB.
    """
    try:
        with source.open("rb") as file:
            pictures: dict[str, Path] = {}
            rest = _without_pictures(_Text(file), prefix, pictures)

        def placed(value: dict[str, Any]) -> dict[str, Any]:
            if PICTURE_KEY in value:
                value[PICTURE_KEY] = pictures.get(str(value[PICTURE_KEY]))
            return value

        return json.loads(rest, object_hook=placed)
    except (ValueError, RecursionError):
        raise Unavailable("The model's answer is not complete JSON.") from None


def _without_pictures(text: "_Text", prefix: Path, pictures: dict[str, Path]) -> bytes:
    """The JSON with a name that nobody can guess in the place of each picture."""
    rest, key, secret = bytearray(), b"", secrets.token_hex(16)
    while between := text.outside():
        rest += between
        if key == PICTURE_KEY.encode() and b"".join(between.split()) == b':"':
            name = f"{secret}-{len(pictures)}"
            pictures[name] = Path(f"{prefix}-{len(pictures)}")
            _decode(text.string(), pictures[name])
            string = name.encode()
        else:
            string = _small(text.string()) if between.endswith(b'"') else b""
        key = string
        rest += string + (b'"' if between.endswith(b'"') else b"")
        if len(rest) > _LARGEST_REST or len(pictures) > _MOST_PICTURES:
            raise ValueError("too large")
    return bytes(rest)


def _small(pieces: Iterator[bytes]) -> bytes:
    string = bytearray()
    for piece in pieces:
        string += piece
        if len(string) > _LARGEST_REST:
            raise ValueError("too large")
    return bytes(string)


def _decode(pieces: Iterator[bytes], to: Path) -> None:
    waiting = b""
    with to.open("wb") as file:
        for piece in pieces:
            waiting += b"/" if piece == b"\\/" else piece  # the one escape that base64 may have
            whole = len(waiting) - len(waiting) % 4
            file.write(binascii.a2b_base64(waiting[:whole], strict_mode=True))
            waiting = waiting[whole:]
    if waiting:
        raise ValueError("the base64 is cut")


class _Text:
    """JSON text, read in pieces: what stands outside of strings, and strings, by turns."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._buffer, self._at = b"", 0

    def outside(self) -> bytes:
        """Everything up to the next string, with its opening quote; empty at the end."""
        found = bytearray()
        while self._more() and len(found) <= _LARGEST_REST:
            quote = self._buffer.find(b'"', self._at)
            end = len(self._buffer) if quote < 0 else quote + 1
            found += self._buffer[self._at : end]
            self._at = end
            if quote >= 0:
                break
        return bytes(found)

    def string(self) -> Iterator[bytes]:
        """The rest of a string in pieces, escapes as pieces of their own; its closing quote is consumed.

        Raises:
            ValueError: the text ends within it.
        """
        while self._more():
            quote = self._buffer.find(b'"', self._at)  # twice as quick as one search for either
            stop = len(self._buffer) if quote < 0 else quote
            slash = self._buffer.find(b"\\", self._at, stop)
            end = stop if slash < 0 else slash
            if end > self._at:
                yield self._buffer[self._at : end]
            self._at = end + 1
            if slash >= 0:
                yield b"\\" + self._one()
            elif quote >= 0:
                return
        raise ValueError("the text ends within a string")

    def _one(self) -> bytes:
        if not self._more():
            raise ValueError("the text ends within an escape")
        self._at += 1
        return self._buffer[self._at - 1 : self._at]

    def _more(self) -> bool:
        if self._at >= len(self._buffer):
            self._buffer, self._at = self._file.read(_PIECE), 0
        return self._at < len(self._buffer)
