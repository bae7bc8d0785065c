"""Pictures as data URLs: taken apart, and held against what the model takes."""

import base64
import binascii
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from local.foundry.embeddings import refusals
from local.foundry.embeddings.models import MB, EmbeddingModel

_DATA_URL = re.compile(r"data:image/[a-z+.-]+;base64,", re.IGNORECASE)
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_SMALLEST_SIDE = 3
_MOST_PIXELS = 64_000_000
_PATCH = 28
_WORKING_EDGE = 512


@dataclass(frozen=True)
class Picture:
    """A picture as it came, and in RGB on white, reduced to what its vector needs.

    `width` and `height` are those of the file.
    """

    data: bytes
    image: Image.Image
    width: int
    height: int
    format: str
    bit_depth: int

    @property
    def tokens(self) -> int:
        """One for every square of 28 pixels, by a rule of the emulator's own."""
        return math.ceil(self.width / _PATCH) * math.ceil(self.height / _PATCH)


def data_of(url: str) -> bytes | None:
    """The bytes in a base64 data URL of an image; None if it is nothing of the kind."""
    head = _DATA_URL.match(url)
    try:
        return base64.b64decode(url[head.end() :], validate=True) if head else None
    except binascii.Error:
        return None


def opened(files: Sequence[bytes], model: EmbeddingModel) -> list[Picture]:
    """The pictures of a call; raises ServiceError 400 for what the model does not take, and the 500 that it breaks on.

    Microsoft's table gives embed-v-4-0 two million pixels, cohere's types give 5 MB a picture and 20 MB a call.
    """
    if model.all_image_bytes and sum(map(len, files)) > model.all_image_bytes:
        raise refusals.cohere(
            f"invalid request: the total size of images must be at most {model.all_image_bytes // MB}MB"
        )
    return [_opened(file, model) for file in files]


def _opened(file: bytes, model: EmbeddingModel) -> Picture:
    if len(file) > model.image_bytes:
        raise refusals.cohere(f"invalid request: image size must be at most {model.image_bytes // MB}MB")
    try:
        with Image.open(io.BytesIO(file), formats=_FORMATS) as image:
            _check_size(image, model)
            return _picture(file, image)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise refusals.cohere("invalid request: image could not be decoded") from error


def _check_size(image: Image.Image, model: EmbeddingModel) -> None:
    pixels = image.width * image.height
    if model.pixels and max(image.size) < _SMALLEST_SIDE:
        raise refusals.broke_down()
    if pixels > (model.pixels or _MOST_PIXELS):
        raise refusals.cohere(
            f"invalid request: image must have at most {model.pixels or _MOST_PIXELS} pixels - received {pixels}"
        )


def _picture(file: bytes, image: Image.Image) -> Picture:
    width, height, kind = *image.size, str(image.format).lower()
    depth = 1 if image.mode == "1" else 16 if image.mode.startswith("I") else 8
    image.draft("RGB", (_WORKING_EDGE, _WORKING_EDGE))
    upright = ImageOps.exif_transpose(image)
    # Whole steps of reduction are many times faster than any filter, and a vector sees no difference.
    step = max(1, min(upright.size) // _WORKING_EDGE)
    return Picture(file, _on_white(upright).reduce(step), width, height, kind, depth)


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")
