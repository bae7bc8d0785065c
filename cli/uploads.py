"""Files on disk that jobs need, and the blobs that they become."""

import hashlib
import re
from pathlib import Path

from shared.errors import Invalid
from shared.names import IMAGES, BlobRef, safe_file_name

_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}")


def is_file(path: Path) -> bool:
    """Whether there is such a file; what no file can be called is none."""
    try:
        return path.is_file()
    except OSError:
        return False  # such as a name that is longer than any file's


def upload_of(path: Path) -> BlobRef:
    """Where a file goes: by its content, so that the same file is uploaded once, with a name for people.

    Raises:
        Invalid: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Invalid(f"The file {path} cannot be read: {error.strerror}.", code="disk") from None
    ending = path.suffix if _ENDING.fullmatch(path.suffix) else ""
    return _upload(digest, f"{safe_file_name(path.name, 'file')}{ending}")


def upload_of_text(text: bytes) -> BlobRef:
    """Where a text goes that is in no file."""
    return _upload(hashlib.sha256(text).hexdigest(), "text.txt")


def _upload(digest: str, name: str) -> BlobRef:
    return BlobRef(IMAGES, f"uploads/{digest[:16]}/{name}")
