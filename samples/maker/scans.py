"""Paper that went through a scanner: an invoice in grey and a two-page contract in black and white."""

import io
import math

from PIL import Image
from reportlab.lib.colors import HexColor, black
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, Table

from samples.maker.ink import rendered, scanned

WIDTH, HEIGHT = A4
LEFT, RIGHT = 24 * mm, WIDTH - 24 * mm
INVOICE_DPI = 150
CONTRACT_DPI = 200

SENDER = ["Papiermühle Lübben GmbH", "Am Wehr 12", "15907 Lübben (Spreewald)"]
RECIPIENT = ["Nordlicht Optics AG", "Accounts payable", "Hafenstraße 3", "24103 Kiel"]
FIELDS = [
    ("Invoice number:", "4711"),
    ("Date:", "14 September 2026"),
    ("Customer number:", "K-20817"),
    ("Due date:", "14 October 2026"),
]
ITEMS = [
    ["Pos.", "Description", "Quantity", "Unit price", "Amount"],
    ["1", "Lens tissue, 100 x 150 mm, 500 sheets", "40", "12.80", "512.00"],
    ["2", "Archive board, grey, 70 x 100 cm", "120", "3.45", "414.00"],
    ["3", "Padded boxes for objectives", "250", "1.92", "480.00"],
    ["4", "Silica gel, 50 g bags", "600", "0.35", "210.00"],
    ["5", "Delivery to Kiel", "1", "48.00", "48.00"],
    ["", "", "", "Net amount", "1,664.00"],
    ["", "", "", "VAT 19 %", "316.16"],
    ["", "", "", "Total EUR", "1,980.16"],
]
ITEM_STYLE = [
    ("FONT", (0, 0), (-1, -1), "Vera", 9),
    ("FONT", (0, 0), (-1, 0), "VeraBd", 9),
    ("FONT", (3, -1), (-1, -1), "VeraBd", 9.5),
    ("ALIGN", (2, 0), (-1, -1), "RIGHT"),
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ("GRID", (0, 0), (-1, -4), 0.8, black),
    ("GRID", (3, -3), (-1, -1), 0.8, black),
    ("BACKGROUND", (0, 0), (-1, 0), HexColor("#e4e4e4")),
]

CLAUSES = [
    [
        (
            "1. Subject",
            "The Supplier sells and the Buyer takes ten glass blanks of the kind BK7, each 420 mm wide and 90 mm "
            "thick, annealed, and free of bubbles larger than 0.2 mm.",
        ),
        (
            "2. Delivery",
            "The blanks are delivered to Hafenstraße 3, Kiel, in two lots of five. The first lot arrives by 30 "
            "November 2026, the second by 28 February 2027. The Supplier bears the risk of transport.",
        ),
        (
            "3. Price",
            "The price is 2,150 euros for each blank, 21,500 euros in total, excluding value added tax. It is due 30 "
            "days after each lot has been accepted.",
        ),
        (
            "4. Acceptance",
            "The Buyer examines each lot within fourteen days. A blank that fails is replaced within eight weeks, at "
            "no cost to the Buyer.",
        ),
        (
            "5. Warranty",
            "The Supplier warrants the melt for ten years. Strain that shows in polarised light within this time "
            "counts as a defect, unless the blank was heated above 400 degrees.",
        ),
        (
            "6. Packing",
            "Each blank travels in a wooden box of its own, on cork, with its melt certificate. Boxes remain with the "
            "Buyer.",
        ),
    ],
    [
        (
            "7. Delay",
            "For each full week of delay the price of the late lot falls by one per cent, and by no more than ten per "
            "cent. If a lot is later than ten weeks, the Buyer may withdraw from it.",
        ),
        (
            "8. Confidentiality",
            "Drawings and melt data stay with the parties. They are returned or destroyed two years after the last "
            "delivery.",
        ),
        (
            "9. Law",
            "German law applies. Disputes are heard in Kiel. Changes to this contract are valid in writing only.",
        ),
    ],
]


def invoice() -> bytes:
    """Return the invoice as a PNG of 150 dpi in sixteen shades of grey, turned by 0.6 degrees."""
    page = scanned(rendered(_invoice_page(), INVOICE_DPI)[0], degrees=0.6, seed=4711)
    # Most of a scan's 256 shades are noise: sixteen look the same and take a fraction of the bytes.
    shades = Image.frombytes("P", page.size, page.point(lambda level: (level + 8) // 17).tobytes())
    shades.putpalette(bytes(17 * shade for shade in range(16) for _ in "RGB"))
    buffer = io.BytesIO()
    shades.save(buffer, "PNG", optimize=True, dpi=(INVOICE_DPI, INVOICE_DPI))
    return buffer.getvalue()


def contract() -> bytes:
    """Return the contract as a two-page TIFF of 200 dpi, black and white, with fax compression."""
    pages = rendered(_contract_pages(), CONTRACT_DPI)
    worn = [scanned(page, degrees, seed) for page, degrees, seed in zip(pages, (-0.4, 0.3), (1, 2), strict=True)]
    first, second = (page.point(lambda level: 255 * (level > 135)).convert("1") for page in worn)
    buffer = io.BytesIO()
    dpi = (CONTRACT_DPI, CONTRACT_DPI)
    first.save(buffer, "TIFF", save_all=True, append_images=[second], compression="group4", dpi=dpi)
    return buffer.getvalue()


def _invoice_page() -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1)
    _logo(canvas)
    _lines(canvas, SENDER, (LEFT + 20 * mm, HEIGHT - 24 * mm), size=9)
    _lines(canvas, RECIPIENT, (LEFT, HEIGHT - 62 * mm), size=10.5)
    _lines(canvas, [label for label, _ in FIELDS], (118 * mm, HEIGHT - 62 * mm), size=9.5, name="VeraBd")
    _lines(canvas, [value for _, value in FIELDS], (155 * mm, HEIGHT - 62 * mm), size=9.5)
    _lines(canvas, ["INVOICE"], (LEFT, HEIGHT - 102 * mm), size=20, name="VeraBd")
    table = Table(ITEMS, colWidths=[13 * mm, 77 * mm, 22 * mm, 26 * mm, 24 * mm], rowHeights=22, style=ITEM_STYLE)
    table.wrapOn(canvas, WIDTH, HEIGHT)
    table.drawOn(canvas, LEFT, HEIGHT - 112 * mm - 9 * 22)
    _lines(
        canvas, ["Please pay within 30 days. Goods remain our property until paid in full."], (LEFT, 82 * mm), size=9
    )
    _lines(canvas, ["IBAN DE02 1203 0000 0000 2020 51", "VAT ID DE123456789"], (LEFT, 24 * mm), size=8.5)
    canvas.save()
    return buffer.getvalue()


def _logo(canvas: Canvas) -> None:
    x, y = LEFT + 7 * mm, HEIGHT - 25 * mm
    canvas.setLineWidth(2)
    canvas.circle(x, y, 7 * mm)
    for step in range(12):
        canvas.saveState()
        canvas.translate(x, y)
        canvas.rotate(30 * step)
        canvas.rect(4.2 * mm, -1, 3.2 * mm, 2, fill=1)
        canvas.restoreState()


def _contract_pages() -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1)
    canvas.setFont("VeraBd", 18)
    canvas.drawString(LEFT, HEIGHT - 38 * mm, "Contract of sale")
    between = "between Glashütte Jena GmbH, Jena (the Supplier), and Nordlicht Optics AG, Kiel (the Buyer)"
    _lines(canvas, [between], (LEFT, HEIGHT - 48 * mm), size=9)
    _clauses(canvas, CLAUSES[0], top=HEIGHT - 62 * mm, page=1)
    canvas.showPage()
    bottom = _clauses(canvas, CLAUSES[1], top=HEIGHT - 38 * mm, page=2)
    _signatures(canvas, bottom - 36 * mm)
    canvas.save()
    return buffer.getvalue()


def _clauses(canvas: Canvas, clauses: list[tuple[str, str]], top: float, page: int) -> float:
    body = ParagraphStyle("body", fontName="Vera", fontSize=10.5, leading=16)
    for heading, text in clauses:
        _lines(canvas, [heading], (LEFT, top), size=11.5, name="VeraBd")
        paragraph = Paragraph(text, body)
        _, height = paragraph.wrapOn(canvas, RIGHT - LEFT, HEIGHT)
        paragraph.drawOn(canvas, LEFT, top - 8 - height)
        top -= height + 34
    canvas.setFont("Vera", 8.5)
    canvas.drawCentredString(WIDTH / 2, 15 * mm, f"Page {page} of 2")
    return top


def _signatures(canvas: Canvas, y: float) -> None:
    _lines(canvas, ["Kiel, 2 October 2026"], (LEFT, y + 26 * mm), size=10.5)
    for x, role, loops in ((LEFT, "For the Supplier", 6), (112 * mm, "For the Buyer", 9)):
        canvas.line(x, y, x + 62 * mm, y)
        _lines(canvas, [role], (x, y - 14), size=9)
        _scrawl(canvas, x + 10 * mm, y + 4 * mm, loops)


def _scrawl(canvas: Canvas, x: float, y: float, loops: int) -> None:
    canvas.setLineWidth(1.2)
    path = canvas.beginPath()
    path.moveTo(x, y)
    for step in range(1, 301):
        along = step / 300
        turn = 2 * math.pi * loops * along
        height = 24 * (1 - along) ** 1.5 + 5 * math.sin(7 * along) ** 2
        path.lineTo(x + 125 * along - 6 * math.sin(turn), y + 10 * along + height * (1 - math.cos(turn)) / 2)
    canvas.drawPath(path)


def _lines(canvas: Canvas, lines: list[str], at: tuple[float, float], size: float, name: str = "Vera") -> None:
    canvas.setFont(name, size)
    for index, line in enumerate(lines):
        canvas.drawString(at[0], at[1] - index * size * 1.5, line)
