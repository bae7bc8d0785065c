"""What a file is, whether it can be read, how many pages it has, and cutting it into parts.

A file is told by its bytes. A part is what one request carries: whole files go as they are, PDF pages are copied with
what they share (qpdf), TIFF frames become the pages of a PDF. Files on disk in, files on disk out: memory holds one
part's structure, never the whole document.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from shared import pages
from shared.catalog import MIB, OcrModel
from shared.errors import Invalid, TooLarge

PDF = "application/pdf"
READABLE = "PDF, PNG, JPEG, TIFF, WEBP, BMP and GIF"


@dataclass(frozen=True)
class Cut:
    """One part on disk: which pages of the document it holds, counted from 1, and what kind of file it is."""

    pages: tuple[int, ...]
    path: Path
    media_type: str


class Document(Protocol):
    """An opened document."""

    media_type: str
    pages: int

    def whole(self, to: Path) -> Cut:
        """All of it, as the model is to get it."""

    def cut(self, numbers: tuple[int, ...], to: Path) -> Cut:
        """The given pages as a file of their own."""


def media_type(path: Path) -> str:
    """The type of a file by its first bytes.

    Raises:
        Invalid: none that can be read, with what it seems to be instead.
    """
    with path.open("rb") as file:
        head = file.read(1024)
    if not head:
        raise Invalid("The file is empty.", code="empty")
    found = next((kind for pattern, kind in _MAGIC if pattern.match(head)), None)
    if found is None and b"%PDF-" in head:
        found = PDF  # readers accept a header anywhere in the first 1,024 bytes
    if found is None:
        raise Invalid(f"The file is {_guess(head)}; Darkroom reads {READABLE}.", code="unsupported_type")
    return found


_MAGIC = tuple(
    (re.compile(pattern, re.DOTALL), kind)
    for pattern, kind in (
        (rb"%PDF-", PDF),
        (rb"\x89PNG\r\n\x1a\n", "image/png"),
        (rb"\xff\xd8\xff", "image/jpeg"),
        (rb"II[*+]\0|MM\0[*+]", "image/tiff"),
        (rb"RIFF....WEBP", "image/webp"),
        (rb"GIF8[79]a", "image/gif"),
        (rb"BM....\0\0\0\0", "image/bmp"),
    )
)


def _guess(head: bytes) -> str:
    if head.startswith(b"PK\x03\x04"):
        return "a ZIP archive or an Office document (export it as PDF)"
    if head[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypavif"):
        return "a HEIC or AVIF picture (save it as JPEG)"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "an old Office document (export it as PDF)"
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # a letter may be cut at the end of the head
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        return "of no known type"
    return "plain text and needs no OCR, whatever its name says"


def open_document(path: Path) -> Document:
    """Open a document by its bytes.

    Raises:
        Invalid: unsupported, empty, damaged, encrypted, animated or without pages.
        TooLarge: an image with too many pixels.
    """
    kind = media_type(path)
    if kind == PDF:
        from shared.pdf import PdfDocument  # qpdf, only when a PDF comes

        return PdfDocument(path)
    from shared.pictures import open_picture  # Pillow, only when an image comes

    return open_picture(path, kind)


def parts(document: Document, selection: str | None, model: OcrModel, folder: Path) -> Iterator[Cut]:
    """The parts of a document in page order, each within the model's pages and bytes, written into `folder`.

    Raises:
        Invalid: the selection names a page that there is not.
        TooLarge: one page alone is above the model's bytes.
    """
    numbers = pages.select(selection, document.pages)
    if len(numbers) == document.pages <= model.max_pages:
        whole = document.whole(folder / "whole")
        if whole.path.stat().st_size <= model.max_bytes:
            yield whole
            return
    for start in range(0, len(numbers), model.max_pages):
        yield from _fitting(document, numbers[start : start + model.max_pages], model, folder)


def _fitting(document: Document, numbers: tuple[int, ...], model: OcrModel, folder: Path) -> Iterator[Cut]:
    cut = document.cut(numbers, folder / f"pages-{numbers[0]}-{numbers[-1]}")
    size = cut.path.stat().st_size
    if size <= model.max_bytes:
        yield cut
        return
    if len(numbers) == 1:
        raise TooLarge(
            f"Page {numbers[0]} alone has {size / MIB:.1f} MB; "
            f"{model.name} takes {model.max_bytes / MIB:.0f} MB a request.",
            code="page_too_large",
            remedy="Make the page smaller (a lower resolution, JPEG instead of PNG) and drop the file again.",
        )
    cut.path.unlink()
    half = len(numbers) // 2
    yield from _fitting(document, numbers[:half], model, folder)
    yield from _fitting(document, numbers[half:], model, folder)
