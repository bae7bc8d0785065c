"""The files of an edit: input images and a mask, checked and opened one after the other."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError
from starlette.datastructures import FormData, UploadFile

from local.foundry.errors import ServiceError
from local.foundry.images import refusals
from local.foundry.images.models import Size

MOST_IMAGES = 16
_MIB = 1024 * 1024
MOST_IMAGE_BYTES, MOST_MASK_BYTES = 50 * _MIB, 4 * _MIB
_MOST_PIXELS = 64_000_000
_INSET_EDGE = 1024
_MIMETYPES = ("image/jpeg", "image/png")
_ALIASES = {"image/jpg": "image/jpeg"}


@dataclass(frozen=True)
class Sources:
    """What an edit starts from: the first image, smaller versions of the others, the mask, and every image's size."""

    first: Image.Image
    others: tuple[Image.Image, ...]
    mask: Image.Image | None
    sizes: tuple[Size, ...]


def opened(form: FormData) -> Sources:
    """The images and the mask, each as RGBA; raises ServiceError 400 with what is wrong with which."""
    images = _files(form, "image", "image[]")
    if not images:
        raise refusals.missing("image")
    if len(images) > MOST_IMAGES:
        raise refusals.too_many_images(MOST_IMAGES, len(images))
    first = _image(images[0], 1)
    mask = _mask(_files(form, "mask"), first.size)
    sizes, others = [first.size], list[Image.Image]()
    for number, file in enumerate(images[1:], 2):
        image = _image(file, number)
        sizes.append(image.size)
        image.thumbnail((_INSET_EDGE, _INSET_EDGE))
        others.append(image)
    return Sources(first, tuple(others), mask, tuple(sizes))


def _files(form: FormData, *names: str) -> list[UploadFile]:
    parts = [(name, part) for name, part in form.multi_items() if name in names]
    for name, part in parts:
        if not isinstance(part, UploadFile):
            raise refusals.mistyped(name, "a file", part)
    return [part for _, part in parts if isinstance(part, UploadFile)]


def _image(file: UploadFile, number: int) -> Image.Image:
    _check_mimetype("image", file, _MIMETYPES)
    if (file.size or 0) >= MOST_IMAGE_BYTES:
        raise refusals.bad_image(f"Image {number} is too large. Images must be smaller than 50 MB.")
    fault = refusals.bad_image(f"Invalid image file or mode for image {number}, please check your image file.")
    with _open(file, ("PNG", "JPEG"), fault) as image:
        return image.convert("RGBA")


def _mask(files: Sequence[UploadFile], size: Size) -> Image.Image | None:
    if not files:
        return None
    _check_mimetype("mask", files[0], ("image/png",))
    if (files[0].size or 0) >= MOST_MASK_BYTES:
        raise refusals.bad_mask("mask image is too large, it must be smaller than 4 MB")
    with _open(files[0], ("PNG",), refusals.bad_image("Invalid mask image file.", "mask")) as mask:
        if not mask.has_transparency_data:
            raise refusals.bad_mask("mask image missing alpha channel")
        if mask.size != size:
            raise refusals.bad_mask("mask size does not match image size")
        return mask.convert("RGBA")


def _check_mimetype(name: str, file: UploadFile, supported: Sequence[str]) -> None:
    mimetype = (file.content_type or "application/octet-stream").lower()
    if _ALIASES.get(mimetype, mimetype) not in supported:
        raise refusals.bad_mimetype(name, mimetype, supported)


@contextmanager
def _open(file: UploadFile, formats: tuple[str, ...], fault: ServiceError) -> Iterator[Image.Image]:
    """The image, its pixels read; `fault` when it cannot be."""
    try:
        with Image.open(file.file, formats=formats) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise fault
            image.load()
            yield image
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise fault from error
