"""The pictures that an edit is given: fetched from their blobs, checked, and made fit for the service."""

from dataclasses import dataclass
from pathlib import Path

from shared.catalog import MIB
from shared.clients.multipart import FormFile
from shared.errors import Invalid, TooLarge
from shared.messages import Source
from shared.names import input_blob
from shared.pictures import MAX_PIXELS, least_alpha, opened, save_as_png
from shared.pipelines.picture_blobs import fetched, found, named
from shared.storage import Storage

_LARGEST, _LARGEST_MASK = 50 * MIB, 4 * MIB
_AS_IT_IS = ("image/png", "image/jpeg")


@dataclass(frozen=True)
class Given:
    """One input: the blob as it was read, and the file that is sent."""

    source: Source
    file: FormFile


def pictures(storage: Storage, names: tuple[str, ...], folder: Path) -> list[Given]:
    """The pictures to edit, in order: PNG and JPEG as they are, other kinds as PNG.

    Raises:
        Invalid: one is missing, not in a container that jobs may read, no picture, or damaged.
        TooLarge: one is above 50 MB, which is the service's limit, or 89 megapixels.
    """
    field = "image[]" if len(names) > 1 else "image"
    given = []
    for number, name in enumerate(names):
        with named(f"The picture {name}"):
            given.append(_picture(storage, name, field, folder / f"image-{number}"))
    return given


def mask(storage: Storage, name: str, first: Given, folder: Path) -> Given:
    """The mask: a PNG with an alpha channel, the size of the first picture, and some pixel that is wholly transparent.

    Raises:
        Invalid: it is none, with what was found.
        TooLarge: above 4 MB, which is the service's limit.
    """
    path = folder / "mask"
    with named(f"The mask {name}"):
        source = fetched(storage, found(storage, input_blob(name)), path, _LARGEST_MASK)
    if source.media_type != "image/png":
        raise _no_mask(f"it is {source.media_type}, and must be image/png")
    with named(f"The mask {name}"), opened(path) as image, opened(first.file.path) as picture:
        if image.size != picture.size:
            raise _no_mask(
                f"it has {image.width} x {image.height} pixels, "
                f"and the first picture {picture.width} x {picture.height}"
            )
        if not image.has_transparency_data:
            raise _no_mask("it has no alpha channel, so it does not say where the picture may change")
        if least_alpha(image) > 0:
            raise _no_mask("no pixel of it is wholly transparent, so nothing of the picture may change")
    return Given(source, FormFile("mask", path, "image/png"))


def _picture(storage: Storage, name: str, field: str, path: Path) -> Given:
    source = fetched(storage, found(storage, input_blob(name)), path, _LARGEST)
    with opened(path) as image:
        if image.width * image.height > MAX_PIXELS:
            raise TooLarge(f"{image.width:,} x {image.height:,} pixels", code="too_many_pixels")
        if source.media_type in _AS_IT_IS:
            return Given(source, FormFile(field, path, str(source.media_type)))
        converted = path.with_suffix(".png")
        save_as_png(image, converted)
    if converted.stat().st_size > _LARGEST:
        raise TooLarge("it has more than 50 MB as PNG")
    return Given(source, FormFile(field, converted, "image/png"))


def _no_mask(found: str) -> Invalid:
    return Invalid(f"The mask cannot be used: {found}.", code="invalid_mask")
