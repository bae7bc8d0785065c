"""The pictures that an edit is given: fetched from their blobs, checked, and made fit for the service."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.catalog import MIB
from shared.clients.multipart import FormFile
from shared.documents import PDF, media_type
from shared.errors import Invalid, Permanent, TooLarge
from shared.messages import Source
from shared.names import input_blob
from shared.pictures import MAX_PIXELS, least_alpha, opened, save_as_png
from shared.storage import Storage

_LARGEST, _LARGEST_MASK = 50 * MIB, 4 * MIB
_AS_IT_IS = ("image/png", "image/jpeg")
_FOUND = {
    "empty": "it is empty",
    "damaged": "it is damaged",
    "unsupported_type": "it is no PNG, JPEG, WEBP, GIF, BMP or TIFF",
    "too_many_pixels": "it has more than 89 megapixels",
}


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
        with _named(f"The picture {name}"):
            given.append(_picture(storage, name, field, folder / f"image-{number}"))
    return given


def mask(storage: Storage, name: str, first: Given, folder: Path) -> Given:
    """The mask: a PNG with an alpha channel, the size of the first picture, and some pixel that is wholly transparent.

    Raises:
        Invalid: it is none, with what was found.
        TooLarge: above 4 MB, which is the service's limit.
    """
    path = folder / "mask"
    with _named(f"The mask {name}"):
        source = _fetched(storage, name, path, _LARGEST_MASK)
    if source.media_type != "image/png":
        raise _no_mask(f"it is {source.media_type}, and must be image/png")
    with _named(f"The mask {name}"), opened(path) as image, opened(first.file.path) as picture:
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
    source = _fetched(storage, name, path, _LARGEST)
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


def _fetched(storage: Storage, name: str, path: Path, limit: int) -> Source:
    ref = input_blob(name)
    blob = storage.find(ref)
    if blob is None:
        raise Invalid("it is not there", code="input_missing", remedy="Upload it and post the job again.")
    if blob.size >= limit:
        raise TooLarge(f"it has {blob.size / MIB:.1f} MB, and the limit is {limit // MIB} MB")
    with path.open("wb") as to:
        sha256 = storage.download(ref, to, etag=blob.etag)
    kind = media_type(path)
    if kind == PDF:
        raise Invalid("it is a PDF", code="unsupported_type")
    return Source(name=name, etag=blob.etag, size=blob.size, sha256=sha256, media_type=kind)


@contextmanager
def _named(what: str) -> Iterator[None]:
    """A fault of one of many inputs says which it is, and what pictures there can be."""
    try:
        yield
    except Permanent as error:
        if error.code == "invalid_mask":
            raise
        found = _FOUND.get(error.code, error.message)
        message = f"{what} cannot be used: {found.rstrip('.')}."
        kind = TooLarge if isinstance(error, TooLarge) else Invalid
        raise kind(message, code=error.code, remedy=error.remedy) from None


def _no_mask(found: str) -> Invalid:
    return Invalid(f"The mask cannot be used: {found}.", code="invalid_mask")
