"""Results on disk: where a document's files go, fetching them, and whether their links lead somewhere.

Blob names and the record's list of outputs are not to be trusted: a name may hold `..`, a drive letter or 1,000
characters. Each part of a path is made safe on its own, the same way on every system, and a part that had to change
ends with a hash of what it was, so that two documents never share a folder.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from shared.messages import JobRecord
from shared.names import RECORD, RESULTS, BlobRef
from shared.storage import Storage

_LONGEST = 200  # bytes of a file name; common file systems take 255, encrypted ones less
_FOREIGN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\/]')
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")
_LINK = re.compile(r"!\[[^\]\n]*\]\(([^)\n]+)\)|\]\(((?:figures|tables)/[^)\n]+)\)")


class MissingResultError(Exception):
    """A result that the record names is not there; the message is its path."""


def safe_path(name: str) -> Path:
    """The relative path of a blob's name, free of everything that could leave the folder it is put into."""
    return Path(*(_safe(part) for part in name.split("/")))


def fetch(storage: Storage, folder: str, record: JobRecord, to: Path) -> None:
    """Copy the results of a succeeded job and its record into a folder on disk, the document last.

    Raises:
        MissingResultError: a result is not there.
        OSError: the disk cannot take it.
    """
    for output in sorted((*record.outputs, RECORD), key=lambda path: path == "document.md"):
        copy(storage, folder, output, to / safe_path(output))


def copy(storage: Storage, folder: str, output: str, target: Path) -> None:
    """Copy one result of a job to a file; it appears there whole or not at all.

    Raises:
        MissingResultError: the result is not there.
        OSError: the disk cannot take it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.part")
    with unfinished.open("wb") as file:
        found = storage.download(BlobRef(RESULTS, f"{folder}/{output}"), file)
    if found is None:
        unfinished.unlink()
        raise MissingResultError(output)
    unfinished.replace(target)


def broken_links(markdown: Path) -> Iterator[str]:
    """The links to figures and tables in a document on disk that lead to no file."""
    for match in _LINK.finditer(markdown.read_text(encoding="utf-8")):
        link = match[1] or match[2]
        if not (markdown.parent / link).is_file():
            yield link


def _safe(part: str) -> str:
    cleaned = _FOREIGN.sub("_", part).rstrip(". ")
    if _DEVICE.fullmatch(cleaned):
        cleaned = f"_{cleaned}"
    if cleaned == part and len(part.encode()) <= _LONGEST and part:
        return part
    digest = hashlib.sha256(part.encode()).hexdigest()[:16]
    kept = cleaned.encode()[: _LONGEST - 17].decode(errors="ignore")
    return f"{kept}~{digest}"
