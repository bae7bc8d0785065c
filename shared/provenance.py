"""Where a picture came from, in its own file: model, job and date, and the prompt where that is allowed."""

import json
import shutil
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_AFTER_HEADER = len(_PNG) + 25  # the IHDR chunk is always first and has this length
_DESCRIPTION, _SOFTWARE = 0x010E, 0x0131


def ending(picture: Path) -> str:
    """The file ending of a picture by its bytes; `bin` for what is none."""
    with picture.open("rb") as file:
        head = file.read(12)
    if head.startswith(_PNG):
        return "png"
    if head.startswith(_JPEG):
        return "jpeg"
    return "webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else "bin"


def marked(picture: Path, to: Path, told: Mapping[str, str]) -> None:
    """Copy a picture with what is told of it as PNG text chunks or as EXIF; its pixels stay as they are.

    Other kinds of files are copied unchanged.
    """
    kind = ending(picture)
    after, extra = 0, b""
    if kind == "png":
        after, extra = _AFTER_HEADER, b"".join(_png_text(key, value) for key, value in told.items())
    if kind == "jpeg":
        after, extra = len(_JPEG), _exif(told)
    with picture.open("rb") as source, to.open("wb") as copy:
        copy.write(source.read(after) + extra)
        shutil.copyfileobj(source, copy)


def _png_text(key: str, value: str) -> bytes:
    """An iTXt chunk, uncompressed (PNG specification 11.3.4.5)."""
    data = key.encode("latin-1") + b"\0\0\0\0\0" + value.encode()
    return struct.pack(">I", len(data)) + b"iTXt" + data + struct.pack(">I", zlib.crc32(b"iTXt" + data))


def _exif(told: Mapping[str, str]) -> bytes:
    """An APP1 segment with a description and the software; at most 64 KiB, so a long prompt is cut."""
    from PIL import Image  # heavy; only JPEGs need it

    exif = Image.Exif()
    exif[_DESCRIPTION] = json.dumps(dict(told))[:60_000]
    exif[_SOFTWARE] = "Darkroom"
    content = exif.tobytes()
    content = content if content.startswith(b"Exif\0\0") else b"Exif\0\0" + content
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content
