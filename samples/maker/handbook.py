"""A handbook of 36 short pages whose one picture, and all other resources, are shared by every page."""

import io
from pathlib import Path

import pikepdf
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A6
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

from samples.maker.ink import jpeg, landscape

WIDTH, HEIGHT = A6
MARGIN = 12 * mm
BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=10.5, leading=14.5)
PAGES_A_PICTURE = 6

TEXT = Path(__file__).with_name("handbook.txt")


def handbook() -> bytes:
    """Return the handbook as a PDF in which all pages refer to one resource dictionary."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A6, invariant=1)
    canvas.setTitle("The darkroom handbook")
    picture = ImageReader(io.BytesIO(jpeg(landscape(1500, 1000, seed=36).convert("L"))))
    rules = TEXT.read_text(encoding="utf-8").split("\n\n")
    for number, rule in enumerate(rules, start=1):
        _page(canvas, rule, number, len(rules))
        if number % PAGES_A_PICTURE == 1:
            _picture(canvas, picture, number // PAGES_A_PICTURE + 1)
        canvas.showPage()
    canvas.save()
    return _with_shared_resources(buffer.getvalue())


def _page(canvas: Canvas, rule: str, number: int, pages: int) -> None:
    title, _, text = rule.partition("\n")
    canvas.setFillColor(HexColor("#6b7280"))
    canvas.setFont("Helvetica", 7)
    canvas.drawString(MARGIN, HEIGHT - 9 * mm, "The darkroom handbook")
    canvas.drawCentredString(WIDTH / 2, 8 * mm, f"Page {number} of {pages}")
    canvas.setFillColor(HexColor("#8a1f1f"))
    canvas.setFont("Helvetica-Bold", 15)
    canvas.drawString(MARGIN, HEIGHT - 22 * mm, f"{number}. {title}")
    paragraph = Paragraph(text, BODY)
    _, height = paragraph.wrapOn(canvas, WIDTH - 2 * MARGIN, HEIGHT)
    paragraph.drawOn(canvas, MARGIN, HEIGHT - 27 * mm - height)


def _picture(canvas: Canvas, picture: ImageReader, figure: int) -> None:
    width = WIDTH - 2 * MARGIN
    canvas.drawImage(picture, MARGIN, 22 * mm, width, width * 2 / 3)
    canvas.setFillColor(HexColor("#374151"))
    canvas.setFont("Helvetica-Oblique", 7)
    canvas.drawString(MARGIN, 17.5 * mm, f"Figure {figure}: The test negative, to hold your prints against.")


def _with_shared_resources(pdf: bytes) -> bytes:
    # Many generators write one dictionary for all pages: cutting such a file page by page copies the picture 36 times.
    with pikepdf.open(io.BytesIO(pdf)) as document:
        shared = document.make_indirect(document.pages[0].obj.Resources)
        for page in document.pages:
            page.obj.Resources = shared
        buffer = io.BytesIO()
        document.save(buffer, deterministic_id=True)
    return buffer.getvalue()
