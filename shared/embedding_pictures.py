"""Pictures made fit for an embedding model: PNG, upright, opaque, within its pixels and bytes.

A vector of a picture that lies on its side, or that the service scaled in its own way, is nearer to the wrong ones; so
every picture is set upright, laid on white and scaled down here. One picture is decoded at a time in the whole
process, and a JPEG at a half, a quarter or an eighth where that is enough: memory is that of one picture, however
many calls run side by side.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image, ImageFile

from shared.documents import PDF, media_type
from shared.embedding_catalog import EmbeddingModel
from shared.errors import Invalid
from shared.pictures import as_plain, bounded, count_frames, eight_bits, opened, reading

_PNG = "image/png"
_ORIENTATION = 0x0112
_LEVEL = 1  # of compression: a third of the time of level 6, and a sixth more bytes for a photograph
_SPARE = 0.95  # of each side: how much smaller than reckoned, for bytes do not shrink quite as pixels do
_decoder = ThreadPoolExecutor(1, "pictures")  # not a lock: each thread's allocator keeps the memory of its last picture


def fit(path: Path, to: Path, model: EmbeddingModel) -> tuple[Path, str]:
    """A picture as the model takes it, and what was done to it: the file as it is, and "", where nothing is needed.

    It is never scaled up. What cannot be used is told in words that follow "The picture cannot be used:".

    Raises:
        Invalid: no picture, damaged, with several frames, or with a side below the model's least.
        TooLarge: more than 89 megapixels.
    """
    kind = media_type(path)
    if kind == PDF:
        raise Invalid("it is a PDF", code="unsupported_type")
    return _decoder.submit(_fit, path, kind, to, model).result()


def _fit(path: Path, kind: str, to: Path, model: EmbeddingModel) -> tuple[Path, str]:
    with opened(path) as image:
        bounded(image.size, "The picture")
        _single(image, kind)
        size, allowed = image.size, _within(image.size, model)
        with reading():
            converted, *further = _unfit(image, kind)
        if not (converted or any(further)) and allowed == size and path.stat().st_size <= model.max_image_bytes:
            with reading():
                image.load()  # a damaged one is told of before it is paid for
            return path, ""
        stored = _store(image, allowed, to, model)
    scaled = f"scaled from {size[0]} x {size[1]} to {stored[0]} x {stored[1]}" if stored != size else ""
    return to, "; ".join(filter(None, [converted, scaled, *further])) or "compressed again"


def _single(image: ImageFile.ImageFile, kind: str) -> None:
    frames = count_frames(image)
    if frames > 1 and kind != "image/jpeg":  # a JPEG with frames is a camera's: the first is the picture
        raise Invalid(f"it has {frames} frames", code="animated", remedy="Save the one that is meant as PNG.")


def _unfit(image: ImageFile.ImageFile, kind: str) -> tuple[str, str, str]:
    """What is to be done, but for its size; empty where it is not."""
    if kind != _PNG:
        converted = f"converted from {kind}"
    else:
        converted = "" if image.mode in ("L", "RGB", "LA", "RGBA") else "converted to eight bits a colour"
    turned = "turned upright" if image.getexif().get(_ORIENTATION, 1) != 1 else ""
    return converted, turned, "transparency laid on white" if image.has_transparency_data else ""


def _within(size: tuple[int, int], model: EmbeddingModel, largest: float = 1.0) -> tuple[int, int]:
    """The size, its sides in proportion, at which a picture has the model's pixels; `largest` bounds the scale.

    Raises:
        Invalid: a side is below the model's least, or would be.
    """
    scale = min(largest, math.sqrt(model.max_pixels / (size[0] * size[1])))
    within = int(size[0] * scale), int(size[1] * scale)
    if min(within) < model.min_side:
        raise Invalid(
            f"it has {size[0]:,} x {size[1]:,} pixels; within its limits {model.name} takes sides of {model.min_side} "
            "pixels or more",
            code="too_small",
        )
    return within


def _store(image: ImageFile.ImageFile, size: tuple[int, int], to: Path, model: EmbeddingModel) -> tuple[int, int]:
    """Write it, scaled further until it has the model's bytes, and tell the size before it was turned."""
    whole = image.size
    with reading():
        image.draft(None, size)
        image.load()
        source = _scalable(image)
    while True:
        small = source if source.size == size else source.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
        as_plain(small).save(to, "PNG", compress_level=_LEVEL, icc_profile=None)
        written = to.stat().st_size
        if written <= model.max_image_bytes:
            return size
        size = _within(whole, model, size[0] / whole[0] * _SPARE * math.sqrt(model.max_image_bytes / written))


def _scalable(image: Image.Image) -> Image.Image:
    """In a mode that can be scaled smoothly: neighbouring colours of a palette, say, have no colour between them."""
    if image.mode.startswith(("I", "F")):
        return eight_bits(image)
    if image.mode == "1":
        return image.convert("L")
    if image.mode in ("P", "PA") or "transparency" in image.info:
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image
