"""Page pictures: arrays of RGB pixels, bounded in size, and what can be told from their ink."""

import io

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from local.foundry.ocr.page import Box

Picture = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.uint8]

IMAGE_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF")
MAX_PIXELS = 12_000_000
_INK = 45
_JPEG_QUALITY = 85


def open_image(data: bytes, frame: int) -> Picture:
    """One frame of an image file, upright, on white where it is transparent, scaled down to the pixel limit."""
    with Image.open(io.BytesIO(data), formats=IMAGE_FORMATS) as image:
        image.seek(frame)
        upright = ImageOps.exif_transpose(image)
        shrink = min(1.0, (MAX_PIXELS / (upright.width * upright.height)) ** 0.5)
        size = (max(1, int(upright.width * shrink)), max(1, int(upright.height * shrink)))
        return np.asarray(_flat(upright).resize(size) if shrink < 1 else _flat(upright))


def jpeg(picture: Picture, box: Box) -> bytes:
    """The part of the picture inside the box, as a JPEG."""
    cut = Image.fromarray(picture[int(box.top) : int(box.bottom) + 1, int(box.left) : int(box.right) + 1])
    target = io.BytesIO()
    cut.save(target, "JPEG", quality=_JPEG_QUALITY)
    return target.getvalue()


def shrunk(picture: Picture, times: int) -> Picture:
    """The picture at a fraction of its size, each pixel the mean of those it stands for."""
    size = (max(1, picture.shape[1] // times), max(1, picture.shape[0] // times))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def ink(picture: Picture) -> Mask:
    """1 where the picture differs from its background."""
    paper = np.full((1, 1, 3), _background(picture), dtype=np.uint8)
    apart = cv2.absdiff(picture, np.broadcast_to(paper, picture.shape))
    furthest = np.maximum(np.maximum(apart[:, :, 0], apart[:, :, 1]), apart[:, :, 2])
    return np.asarray(furthest > _INK, dtype=np.uint8)


def _background(picture: Picture) -> list[int]:
    """The most frequent value of each channel; paper is the commonest thing on a page."""
    return [int(np.bincount(picture[:, :, channel].ravel(), minlength=256).argmax()) for channel in range(3)]


def _flat(image: Image.Image) -> Image.Image:
    if "transparency" not in image.info and "A" not in image.mode:
        return _deep_as_bytes(image).convert("RGB")
    clear = image.convert("RGBA")
    paper = Image.new("RGBA", clear.size, "white")
    return Image.alpha_composite(paper, clear).convert("RGB")


def _deep_as_bytes(image: Image.Image) -> Image.Image:
    """16-bit grey as 8-bit; Pillow's own conversion clips instead of scaling."""
    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
