"""Pictures in blobs: found, copied to disk, told by their bytes, and named when something is wrong with them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.catalog import MIB
from shared.documents import PDF, media_type
from shared.errors import Invalid, Permanent, TooLarge
from shared.messages import Source
from shared.names import BlobRef
from shared.storage import Blob, Storage

_FOUND = {
    "empty": "it is empty",
    "damaged": "it is damaged",
    "unsupported_type": "it is no PNG, JPEG, WEBP, GIF, BMP or TIFF",
    "too_many_pixels": "it has more than 89 megapixels",
}


def found(storage: Storage, ref: BlobRef) -> Blob:
    """A blob that must be there.

    Raises:
        Invalid: it is not.
    """
    blob = storage.find(ref)
    if blob is None:
        raise _missing()
    return blob


def fetched(storage: Storage, blob: Blob, path: Path, limit: int) -> Source:
    """Copy a picture into a file.

    Raises:
        Invalid: it is no picture, or no longer there.
        TooLarge: of `limit` bytes or more.
        Changed: it was replaced meanwhile.
    """
    if blob.size >= limit:
        raise TooLarge(f"it has {blob.size / MIB:.1f} MB, and the limit is {limit // MIB} MB")
    with path.open("wb") as to:
        sha256 = storage.download(blob.ref, to, etag=blob.etag)
    if sha256 is None:
        raise _missing()
    kind = media_type(path)
    if kind == PDF:
        raise Invalid("it is a PDF", code="unsupported_type")
    return Source(name=str(blob.ref), etag=blob.etag, size=blob.size, sha256=sha256, media_type=kind)


def _missing() -> Invalid:
    remedy = "Upload it, and put the job back with `darkroom replay`."
    return Invalid("it is not there", code="input_missing", remedy=remedy)


@contextmanager
def named(what: str) -> Iterator[None]:
    """A fault of one of many inputs says which it is, and what pictures there can be."""
    try:
        yield
    except Permanent as error:
        told = _FOUND.get(error.code, error.message)
        message = f"{what} cannot be used: {told.rstrip('.')}."
        kind = TooLarge if isinstance(error, TooLarge) else Invalid
        raise kind(message, code=error.code, remedy=error.remedy) from None
