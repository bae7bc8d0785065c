"""Pictures as files, and the coarse versions that a stream shows first."""

import io
import random
import struct
import zlib
from functools import lru_cache

from PIL import Image, ImageFilter

_PNG_END = 12
_COARSENESS = (28, 12, 5)


def file(picture: Image.Image, kind: str, compression: int, least_bytes: int) -> bytes:
    """A PNG or JPEG file of about `least_bytes` bytes or more; `compression` is the JPEG quality."""
    target = io.BytesIO()
    if kind == "jpeg":
        picture.convert("RGB").save(target, "JPEG", quality=max(1, compression))
        return target.getvalue() + _filler(max(0, least_bytes - target.tell()))
    picture.save(target, "PNG", compress_level=3)
    return _padded(target.getvalue(), least_bytes)


def coarse(picture: Image.Image, index: int) -> Image.Image:
    """What is seen of the picture at first: the higher the index, the finer."""
    step = _COARSENESS[index]
    small = picture.resize((max(1, picture.width // step), max(1, picture.height // step)), Image.Resampling.BOX)
    return small.resize(picture.size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(step / 2))


def _padded(png: bytes, least_bytes: int) -> bytes:
    """The PNG with a chunk that decoders skip before its end; bytes after the end would make it look damaged."""
    missing = least_bytes - len(png) - _PNG_END
    if missing <= 0:
        return png
    chunk = b"fiLl" + _filler(missing)
    framed = struct.pack(">I", missing) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return png[:-_PNG_END] + framed + png[-_PNG_END:]


@lru_cache(maxsize=4)
def _filler(size: int) -> bytes:
    return random.Random(0).randbytes(size)  # noqa: S311 - incompressible filler, not a secret
