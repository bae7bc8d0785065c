"""Small documents drawn for a test, and what the OCR engine makes of them."""

import io
from collections.abc import Callable, Sequence

import pypdfium2
from PIL import Image
from reportlab.lib.colors import steelblue
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from local.foundry.ocr import markdown
from local.foundry.ocr.documents import inspect
from local.foundry.ocr.page import FigureBlock, PageReading, TableBlock, TextBlock
from local.foundry.ocr.reading import read_page

LEFT = [
    "The gauge at the old bridge has",
    "been read on every morning since",
    "the summer of the great flood and",
    "nobody has ever missed one day.",
]
RIGHT = [
    "Its keeper lives across the river",
    "and crosses by boat when the ice",
    "allows it, or else walks the long",
    "way round through the next town.",
]


def make_pdf(*pages: Callable[[Canvas], None], size: tuple[float, float] = A4) -> bytes:
    """A PDF with one page for each drawing function."""
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=size)
    for draw in pages:
        canvas.setFont("Helvetica", 11)
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def scan(pdf: bytes, turned: float = 0.0) -> bytes:
    """The first page of a PDF as a PNG without any text layer, turned by some degrees."""
    with pypdfium2.PdfDocument(pdf) as document:
        picture: Image.Image = document[0].render(scale=200 / 72).to_pil().convert("RGB")
    target = io.BytesIO()
    picture.rotate(turned, fillcolor="white", resample=Image.Resampling.BICUBIC).save(target, "PNG")
    return target.getvalue()


def read(data: bytes) -> PageReading:
    """The first page of a file, as the OCR engine reads it."""
    return read_page(inspect(data), 0)


def write(canvas: Canvas, x: float, y: float, lines: Sequence[str], step: float = 14) -> None:
    """Draw lines below each other."""
    for number, line in enumerate(lines):
        canvas.drawString(x, y - number * step, line)


def texts(reading: PageReading) -> list[str]:
    """The page's text blocks as Markdown."""
    return [markdown.text(block) for block in reading.blocks if isinstance(block, TextBlock)]


def tables(reading: PageReading) -> list[TableBlock]:
    """The page's tables."""
    return [block for block in reading.blocks if isinstance(block, TableBlock)]


def figures(reading: PageReading) -> list[FigureBlock]:
    """The page's figures."""
    return [block for block in reading.blocks if isinstance(block, FigureBlock)]


def two_columns(canvas: Canvas) -> None:
    """A title across two columns of prose, drawn row by row so that only layout can tell the order."""
    canvas.setFont("Helvetica-Bold", 20)
    canvas.drawCentredString(298, 780, "River levels")
    canvas.setFont("Helvetica", 11)
    for row, (left, right) in enumerate(zip(LEFT * 2, RIGHT * 2, strict=True)):
        write(canvas, 60, 730 - 14 * row, [left])
        write(canvas, 320, 730 - 14 * row, [right])


def ruled_table(canvas: Canvas) -> None:
    """A paragraph, a table with ruling lines, and a paragraph."""
    write(canvas, 60, 760, LEFT)
    canvas.grid([60, 160, 260, 360], [600, 625, 650, 675])
    for row, cells in enumerate((["Year", "Peak", "Day"], ["1911", "412", "98"], ["1961", "398", "94"])):
        for column, cell in enumerate(cells):
            canvas.drawString(70 + 100 * column, 658 - 25 * row, cell)
    write(canvas, 60, 560, RIGHT)


def chart(canvas: Canvas) -> None:
    """A paragraph, a bar chart with marks on its axis, and its caption."""
    write(canvas, 60, 760, LEFT)
    canvas.line(100, 500, 400, 500)
    canvas.line(100, 500, 100, 650)
    canvas.setFillColor(steelblue)
    for bar, height in enumerate((60, 120, 90)):
        canvas.rect(130 + 90 * bar, 500, 50, height, fill=1)
    canvas.setFillColorRGB(0, 0, 0)
    for mark in range(4):
        canvas.drawRightString(94, 497 + 45 * mark, str(mark * 10))
    write(canvas, 60, 460, ["Figure 1: Mean level by season."])
