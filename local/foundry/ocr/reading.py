"""Reads one page of a document: text from the PDF's own layer or by recognition, then one analysis for both."""

from collections.abc import Sequence
from dataclasses import dataclass

from local.foundry.ocr import blocks, figures, lines, pdfium, picture, recogniser, rules, tables
from local.foundry.ocr.documents import Document
from local.foundry.ocr.layout import Item, columns
from local.foundry.ocr.page import DPI, Box, FigureBlock, Line, PageReading, TableBlock
from local.foundry.ocr.picture import Picture

_FEW_GLYPHS = 50
_SCAN_SHARE = 0.7
_UNREADABLE = "\ufffd\x00"
_UNREADABLE_SHARE = 0.2


@dataclass(frozen=True)
class _Sheet:
    """A page before its analysis; `images` are pictures that a PDF names itself."""

    picture: Picture
    lines: Sequence[Line]
    images: Sequence[Box] = ()
    hyperlinks: tuple[str, ...] = ()
    dpi: int = DPI


def read_page(document: Document, index: int) -> PageReading:
    """Everything on one page, in reading order."""
    sheet = _pdf_sheet(document, index) if document.is_pdf else _image_sheet(document, index)
    height, width = sheet.picture.shape[:2]
    found = blocks.build(columns(_items(sheet), height), sheet.dpi)
    return PageReading(index, width, height, tuple(found), sheet.hyperlinks, sheet.dpi)


def _image_sheet(document: Document, index: int) -> _Sheet:
    return _Sheet(*recogniser.recognise(picture.open_image(document.data, index)))


def _pdf_sheet(document: Document, index: int) -> _Sheet:
    page = pdfium.load_page(document.data, index)
    if _has_text(page):
        return _Sheet(page.picture, lines.from_glyphs(page.glyphs), page.images, page.hyperlinks, page.dpi)
    return _Sheet(*recogniser.recognise(page.picture), page.images, page.hyperlinks, page.dpi)


def _has_text(page: pdfium.PdfPage) -> bool:
    """Whether the PDF's own text is the page's text, and not a stamp on a scan or unreadable codes."""
    texts = [glyph.text for glyph in page.glyphs if glyph.text != " "]
    unreadable = sum(text in _UNREADABLE for text in texts)
    if not texts or unreadable > _UNREADABLE_SHARE * len(texts):
        return False
    height, width = page.picture.shape[:2]
    scanned = any(box.area >= _SCAN_SHARE * width * height for box in page.images)
    return len(texts) >= _FEW_GLYPHS or not scanned


def _items(sheet: _Sheet) -> list[Item]:
    ruled = [tables.ruled(grid, sheet.lines) for grid in rules.grids(sheet.picture)]
    grids: list[TableBlock] = [table for table in ruled if table]
    taken = [table.box for table in grids]
    free = [line for line in sheet.lines if not any(box.holds(line.box) for box in taken)]
    drawn = figures.find(sheet.picture, free, taken, sheet.images)
    text = [line for line in free if not any(box.holds(line.box) for box in drawn)]
    cut = [FigureBlock(picture.jpeg(sheet.picture, box), box) for box in drawn]
    return [*text, *grids, *cut]
