"""PDFium behind one lock and one narrow typed surface; the library must never run in two threads at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pypdfium2
from pypdfium2 import raw

from local.foundry.ocr.glyphs import Glyph, read_glyphs
from local.foundry.ocr.page import DPI, Box
from local.foundry.ocr.picture import MAX_PIXELS, Picture

_POINTS_PER_INCH = 72
_PASSWORD_NEEDED = 4
_lock = threading.Lock()


class BrokenPdfError(Exception):
    """PDFium cannot open the file; `encrypted` tells whether it wants a password."""

    def __init__(self, encrypted: bool) -> None:
        """Say why."""
        super().__init__("encrypted" if encrypted else "damaged")
        self.encrypted = encrypted


@dataclass(frozen=True)
class PdfPage:
    """A rendered page and what PDFium knows of it; boxes in pixels of the picture."""

    picture: Picture
    dpi: int
    glyphs: list[Glyph]
    images: list[Box]
    hyperlinks: tuple[str, ...]


def page_count(data: bytes) -> int:
    """Number of pages, each of which can be loaded; raises BrokenPdfError."""
    with _opened(data) as document:
        for index in range(len(document)):
            document[index].close()
        return len(document)


def page_text(data: bytes, index: int) -> str:
    """The text layer of one page, empty if there is none."""
    with _opened(data) as document:
        return str(document[index].get_textpage().get_text_bounded())


def load_page(data: bytes, index: int) -> PdfPage:
    """Render one page at 200 dpi, or less if it would have too many pixels, and read its text, images and links."""
    with _opened(data) as document:
        page = document[index]
        scale = _scale(*page.get_size())
        bitmap = page.render(scale=scale, rev_byteorder=True, may_draw_forms=False)
        to_pixels = bitmap.get_posconv(page).to_bitmap
        return PdfPage(
            picture=np.array(bitmap.to_numpy()[:, :, :3]),
            dpi=max(1, round(scale * _POINTS_PER_INCH)),
            glyphs=read_glyphs(page.get_textpage(), page.get_rotation(), to_pixels, scale),
            images=_images(page, to_pixels),
            hyperlinks=tuple(_links(document, page)),
        )


@contextmanager
def _opened(data: bytes) -> Iterator[Any]:
    with _lock:
        try:
            with pypdfium2.PdfDocument(data) as document:
                yield document
        except pypdfium2.PdfiumError as error:
            raise BrokenPdfError(error.err_code == _PASSWORD_NEEDED) from error


def _scale(width: float, height: float) -> float:
    wanted = DPI / _POINTS_PER_INCH
    return min(wanted, float((MAX_PIXELS / max(1.0, width * height)) ** 0.5))


def _images(page: Any, to_pixels: Any) -> list[Box]:
    return [_pixels(item.get_bounds(), to_pixels) for item in page.get_objects([raw.FPDF_PAGEOBJ_IMAGE], max_depth=1)]


def _pixels(bounds: tuple[float, float, float, float], to_pixels: Any) -> Box:
    (x1, y1), (x2, y2) = to_pixels(bounds[0], bounds[1]), to_pixels(bounds[2], bounds[3])
    return Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))


def _links(document: Any, page: Any) -> Iterator[str]:
    position, link = raw.c_int(0), raw.FPDF_LINK()
    while raw.FPDFLink_Enumerate(page, position, link):
        action = raw.FPDFLink_GetAction(link)
        length = raw.FPDFAction_GetURIPath(document, action, None, 0) if action else 0
        if length:
            buffer = bytearray(length)
            raw.FPDFAction_GetURIPath(document, action, (raw.c_char * length).from_buffer(buffer), length)
            yield buffer.rstrip(b"\0").decode("utf-8", "replace")
