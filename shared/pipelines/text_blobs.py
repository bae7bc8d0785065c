"""Texts in blobs."""

import codecs

from shared.catalog import MIB
from shared.errors import Invalid, TooLarge
from shared.names import BlobRef
from shared.pipelines.picture_blobs import found
from shared.storage import Storage

_LARGEST = 16 * MIB


def text_of(storage: Storage, ref: BlobRef) -> str:
    """The text in a blob.

    Raises:
        Invalid: there is no such blob, or it is not UTF-8.
        TooLarge: above 16 MB.
    """
    blob = found(storage, ref)
    if blob.size > _LARGEST:
        raise TooLarge(f"it has {blob.size / MIB:.1f} MB, and the limit is {_LARGEST // MIB} MB")
    try:
        return (storage.read(ref) or b"").removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"it is not UTF-8 text (at byte {error.start})", code="not_text") from None
