"""Image files: what goes to the model as it is, what is converted first, and what is refused.

PNG, JPEG and WEBP go as they are and are never decoded here. GIF, BMP and single TIFF images become PNG, CMYK becomes
RGB, and the frames of a TIFF become the pages of a PDF: those are what every OCR endpoint reads. Pixels are bounded
before anything is decoded.
"""

import struct
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile, ImageOps

from shared.documents import PDF, Cut
from shared.errors import Invalid, TooLarge

MAX_PIXELS = 89_000_000  # where Pillow begins to warn of decompression bombs
_AS_IT_IS = ("image/png", "image/jpeg", "image/webp")
_MOST_FRAMES = 10_000  # Pillow compares each frame's place with those of all before it, which takes hours for a million
_DEFAULT_DPI = 200.0
_ALWAYS = {"title": "document", "creationDate": time.gmtime(0), "modDate": time.gmtime(0)}  # same frames, same bytes
_LARGEST_PNG = 20 * 1024 * 1024
_LEAST_DPI = 10.0  # below this a resolution is a default that means nothing
_FAULTS = (
    ArithmeticError, AttributeError, EOFError, LookupError, OSError, SyntaxError, TypeError, ValueError, struct.error,
)  # fmt: skip


class Picture:
    """A single image: one page."""

    pages = 1

    def __init__(self, path: Path, media_type: str, *, convert: bool) -> None:
        self._path = path
        self.media_type = media_type
        self._convert = convert

    def whole(self, to: Path) -> Cut:
        """The image in a form that every endpoint reads."""
        if not self._convert:
            return Cut((1,), self._path, self.media_type)
        kind = "JPEG" if self.media_type == "image/jpeg" else "PNG"
        with opened(self._path) as image:
            plain = as_plain(image)
        plain.save(to, format=kind, quality=95)
        if kind == "PNG" and plain.mode != "1" and to.stat().st_size > _LARGEST_PNG:
            kind = "JPEG"  # a photograph, which as PNG has many times the bytes
            plain.save(to, format=kind, quality=95)
        return Cut((1,), to, f"image/{kind.lower()}")

    def cut(self, numbers: tuple[int, ...], to: Path) -> Cut:
        """The same as the whole: there is nothing to cut."""
        del numbers
        return self.whole(to)


class TiffPages:
    """A TIFF with several frames: each becomes a page of a PDF, at its own resolution."""

    media_type = "image/tiff"

    def __init__(self, path: Path, frames: int) -> None:
        self._path = path
        self.pages = frames

    def whole(self, to: Path) -> Cut:
        """All frames."""
        return self.cut(tuple(range(1, self.pages + 1)), to)

    def cut(self, numbers: tuple[int, ...], to: Path) -> Cut:
        """These frames, one decoded at a time."""
        with opened(self._path) as image:
            for number in numbers:
                _seek(image, number)
                bounded(image.size, f"Page {number}")
                page = as_plain(image)
                options = {} if page.mode == "1" else {"quality": 95}  # bilevel pages are stored without loss
                page.save(to, "PDF", append=number != numbers[0], dpi=_dpi(image), **_ALWAYS, **options)
        return Cut(numbers, to, PDF)


def open_picture(path: Path, media_type: str) -> Picture | TiffPages:
    """Open an image file by its header.

    Raises:
        Invalid: damaged, or animated.
        TooLarge: more than 89 megapixels, or 10,000 frames.
    """
    with opened(path) as image:
        bounded(image.size, "The image")
        frames = count_frames(image)
        convert = media_type not in _AS_IT_IS or image.mode in ("CMYK", "YCCK")
    if media_type == "image/tiff" and frames > 1:
        return TiffPages(path, frames)
    if frames > 1 and media_type != "image/jpeg":  # a JPEG with frames is a camera's: the first is the picture
        raise Invalid(
            f"The picture is an animation of {frames} frames.",
            code="animated",
            remedy="Save the frame that is to be read as PNG and drop that.",
        )
    return Picture(path, media_type, convert=convert)


@contextmanager
def opened(path: Path) -> Iterator[ImageFile.ImageFile]:
    """An image by its header, while the block runs; nothing is decoded yet.

    Raises:
        Invalid: damaged.
        TooLarge: far above 89 megapixels.
    """
    with path.open("rb") as file:  # given a path, Pillow maps a turned TIFF into memory with its sides confused
        yield _opened(file)


def _opened(file: BinaryIO) -> ImageFile.ImageFile:
    try:
        with reading(), warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(file)
    except Image.DecompressionBombError:
        raise _too_many_pixels("The image") from None


def count_frames(image: ImageFile.ImageFile) -> int:
    """How many pictures the file holds.

    Raises:
        Invalid: damaged.
        TooLarge: more than 10,000.
    """
    with reading():
        if image.format == "TIFF":
            _walk(image)
        return int(getattr(image, "n_frames", 1))


def _walk(image: ImageFile.ImageFile) -> None:
    """Look for frames one by one, and only for so many."""
    with suppress(EOFError):
        for number in range(1, _MOST_FRAMES + 1):
            image.seek(number)
        raise TooLarge(f"The image has more than {_MOST_FRAMES:,} frames.", remedy="Split it and drop its parts.")
    image.seek(0)


def _seek(image: ImageFile.ImageFile, number: int) -> None:
    with reading():
        image.seek(number - 1)


def save_as_png(image: Image.Image, to: Path) -> None:
    """Save an image upright as PNG, transparency and all.

    Raises:
        Invalid: damaged.
    """
    with reading():
        upright = ImageOps.exif_transpose(image)
        plain = upright.convert("RGBA") if upright.has_transparency_data else as_plain(upright)
        plain.save(to, "PNG")


def least_alpha(image: Image.Image) -> int:
    """The alpha of the most transparent pixel, from 0 to 255.

    Raises:
        Invalid: damaged.
    """
    with reading():
        least, _ = image.convert("RGBA").getchannel("A").getextrema()
        return int(least) if isinstance(least, (int, float)) else 255


def as_plain(image: Image.Image) -> Image.Image:
    """Upright, and bilevel, grey or RGB; transparency on white.

    Raises:
        Invalid: damaged.
    """
    with reading():
        upright = ImageOps.exif_transpose(image)
        if upright.mode in ("1", "L", "RGB"):
            return upright
        if upright.has_transparency_data:
            layer = upright.convert("RGBA")
            paper = Image.new("RGBA", layer.size, "white")
            return Image.alpha_composite(paper, layer).convert("RGB")
        if upright.mode.startswith(("I", "F")):
            return eight_bits(upright)
        return upright.convert("RGB")


def eight_bits(image: Image.Image) -> Image.Image:
    """Deep or floating greys as 0 to 255; Pillow's own conversion cuts them off at 255."""
    deep = image.convert("F")
    _, highest = deep.getextrema()
    top = float(highest) if isinstance(highest, (int, float)) else 255.0
    full = next((scale for scale in (1.0, 255.0, 65535.0) if top <= scale), top)
    full = 65535.0 if image.mode.startswith("I;16") else full
    return deep.point(lambda shade: shade * (255.0 / full)).convert("L")


@contextmanager
def reading() -> Iterator[None]:
    """What Pillow raises on damaged files is a damaged file.

    Raises:
        Invalid: whatever Pillow raised.
    """
    try:
        yield
    except _FAULTS as error:
        raise Invalid(
            "The image is damaged, perhaps cut short on its way, or stored in a way that Darkroom does not read.",
            code="damaged",
            remedy="Save it as PNG or JPEG or transfer it again, and drop it again.",
        ) from error


def _dpi(image: Image.Image) -> tuple[float, float]:
    """Dots an inch, across and down; a fax has twice as many across."""
    told = [float(dots) for dots in image.info.get("dpi", ())]
    return (told[0], told[1]) if len(told) == 2 and min(told) >= _LEAST_DPI else (_DEFAULT_DPI, _DEFAULT_DPI)


def bounded(size: tuple[int, int], what: str) -> None:
    """Let a picture of this width and height pass.

    Raises:
        TooLarge: more than 89 megapixels.
    """
    if size[0] * size[1] > MAX_PIXELS:
        raise _too_many_pixels(f"{what} with {size[0]:,} x {size[1]:,} pixels")


def _too_many_pixels(what: str) -> TooLarge:
    return TooLarge(
        f"{what} is above the limit of {MAX_PIXELS // 1_000_000} megapixels.",
        code="too_many_pixels",
        remedy="Scale it down and drop it again.",
    )
