"""What was sent: a PDF or an image, how many pages it has, and whether the service would take it."""

import hashlib
import io
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from local.foundry import errors
from local.foundry.ocr import pdfium
from local.foundry.ocr.picture import IMAGE_FORMATS

MAX_PAGES = 30
MAX_BYTES = 30 * 1024 * 1024
_MAX_PIXELS = 64_000_000
_PDF_MARK_WITHIN = 1024


@dataclass(frozen=True)
class Document:
    """A readable file: its bytes and their hash, whether it is a PDF, and its number of pages (frames, for a TIFF)."""

    data: bytes
    sha256: str
    is_pdf: bool
    pages: int


def inspect(data: bytes) -> Document:
    """Tell what the file is; raises ServiceError when it is too large, too long, damaged, encrypted or unsupported."""
    if len(data) > MAX_BYTES:
        raise errors.too_large(MAX_BYTES)
    is_pdf = b"%PDF-" in data[:_PDF_MARK_WITHIN]
    pages = _pdf_pages(data) if is_pdf else _image_frames(data)
    if pages > MAX_PAGES:
        raise errors.too_many_pages(pages, MAX_PAGES)
    return Document(data, hashlib.sha256(data).hexdigest(), is_pdf, pages)


def _pdf_pages(data: bytes) -> int:
    try:
        pages = pdfium.page_count(data)
    except pdfium.BrokenPdfError as error:
        reason = "is encrypted" if error.encrypted else "is damaged"
        raise errors.bad_file(f"The PDF {reason} and could not be read.") from error
    if not pages:
        raise errors.bad_file("The PDF has no pages.")
    return pages


def _image_frames(data: bytes) -> int:
    try:
        with Image.open(io.BytesIO(data), formats=IMAGE_FORMATS) as image:
            frames = int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1
            for frame in range(min(frames, MAX_PAGES)):
                image.seek(frame)
                _load(image)
            return frames
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise errors.bad_file("The file is damaged or of an unsupported type.") from error


def _load(image: Image.Image) -> None:
    if image.width * image.height > _MAX_PIXELS:
        raise errors.bad_file(f"The image has {image.width} x {image.height} pixels, which is too many.")
    image.load()
