"""A born-digital annual report: headings, columns, a ruled table, a vector chart and a picture with captions."""

import io

from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BalancedColumns,
    BaseDocTemplate,
    Flowable,
    Frame,
    Image,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from samples.maker.ink import jpeg, landscape

INK = HexColor("#1f2a37")
BLUE = HexColor("#1f5a8a")
RULE = HexColor("#9aa7b5")
WIDTH, HEIGHT = A4
MARGIN = 22 * mm
TEXT_WIDTH = WIDTH - 2 * MARGIN

BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=11, leading=15.5, textColor=INK, spaceAfter=7)
STYLES = {
    "body": BODY,
    "title": ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=30, leading=36, textColor=BLUE, spaceAfter=4),
    "lead": ParagraphStyle("lead", BODY, fontName="Helvetica", fontSize=13, leading=18, spaceAfter=14),
    "h1": ParagraphStyle("h1", fontName="Helvetica-Bold", fontSize=17, leading=22, textColor=BLUE, spaceAfter=6),
    "h2": ParagraphStyle("h2", fontName="Helvetica-Bold", fontSize=12, leading=16, spaceBefore=6, spaceAfter=3),
    "bullet": ParagraphStyle("bullet", BODY, leftIndent=14, bulletIndent=2, spaceAfter=3),
    "caption": ParagraphStyle("caption", BODY, fontName="Helvetica-Oblique", fontSize=9, leading=12, spaceBefore=4),
}

OPENING = [
    ("title", "Annual report 2026"),
    ("lead", "Nordlicht Optics AG, Kiel"),
    ("h1", "1 The year in brief"),
    (
        "body",
        "Nordlicht makes lenses for people who look closely: surveyors, book conservators, and the keepers of "
        "lighthouses. In 2026 we sold 41,200 lenses, nine per cent more than in the year before, and for the first "
        "time more than half of them left the country. Revenue rose to 18.6 million euros.",
    ),
    ("h2", "1.1 Highlights"),
    ("bullet", "The new grinding hall in Kiel opened on 3 March, two weeks early and within its budget."),
    ("bullet", "Returns fell from 2.1 to 1.4 per cent after every lens was measured twice."),
    ("bullet", "Eleven apprentices finished their training; ten of them stayed."),
]
OUTLOOK = [
    ("h2", "1.2 Outlook"),
    (
        "body",
        "We expect demand to grow by five to seven per cent in 2027. Glass prices remain the largest risk: a tonne of "
        "optical glass cost 14 per cent more in December than in January.",
    ),
    (
        "body",
        "We will spend 2.4 million euros on a second coating chamber, and none on a new head office. The board "
        "proposes a dividend of 1.10 euros a share, and a day off for everybody on the longest day of the year.",
    ),
]
REVIEW = [
    ("h1", "2 Business review"),
    ("h2", "2.1 Surveying"),
    (
        "body",
        "Surveying stayed our largest field. Road and rail offices in the Netherlands and Denmark renewed their "
        "instruments, and both chose the L40 objective. It weighs a third less than its predecessor and keeps its "
        "focus between minus 20 and plus 50 degrees.",
    ),
    (
        "body",
        "A recall in spring concerned 130 mounts whose screws could loosen on rough ground. All were replaced free of "
        "charge within six weeks, and no instrument was damaged.",
    ),
    ("h2", "2.2 Conservation"),
    (
        "body",
        "Archives in Vienna, Uppsala and Leuven now photograph bound volumes with our flat-field lens. It reads the "
        "gutter of a book without pressing the spine, which is why conservators asked for it.",
    ),
    (
        "body",
        "Together with the city archive of Lübeck we measured the light that a page receives during one exposure. It "
        "is less than four seconds of an ordinary reading room.",
    ),
    ("h2", "2.3 Lighthouses"),
    (
        "body",
        "Few people still order a Fresnel lens, and nobody else still grinds one. We restored the lights of Skagen and "
        "Bornholm, and delivered a new third-order lens to a harbour in Maine.",
    ),
    (
        "body",
        "The work takes eleven months a lens. We train two people for it at any time, so that the craft does not "
        "depend on a single pair of hands.",
    ),
    ("h2", "2.4 People"),
    (
        "body",
        "At the end of the year 214 people worked for Nordlicht, 38 per cent of them women. The average stay is twelve "
        "years. A four-day week was tried in the coating shop from May to October; output held, sick days fell by a "
        "fifth, and the shop kept it.",
    ),
    ("h2", "2.5 Energy"),
    (
        "body",
        "Annealing glass takes heat, and most of ours now comes from the roof and from the harbour's heat network. Gas "
        "covered 22 per cent of our needs, after 61 per cent in 2023.",
    ),
    (
        "body",
        "The last gas furnace will be switched off in 2028. Until then it serves only the large blanks, which the "
        "electric furnaces cannot hold.",
    ),
    ("h2", "2.6 Suppliers"),
    (
        "body",
        "Three glassworks deliver our blanks, and no single one of them more than half. Each was visited twice during "
        "the year, once without notice.",
    ),
    (
        "body",
        "Cerium oxide for polishing was scarce from April on. We now recover two thirds of it from the sludge that "
        "used to leave the house in barrels.",
    ),
]
FIGURES = [
    ("h1", "3 Figures"),
    ("body", "All amounts are in thousands of euros and follow the German commercial code."),
    ("h2", "3.1 Revenue by field"),
]
REMARKS = [
    ("h2", "3.3 Remarks"),
    (
        "body",
        "Conservation grew fastest, from a small base. Two orders from libraries, together 640 thousand euros, will "
        "not come every year. Spare parts fell because instruments last longer, which we count as good news.",
    ),
    (
        "body",
        "The auditors of Förde Treuhand, Flensburg, examined these figures and confirmed them without reservation on "
        "12 February 2027.",
    ),
]
ROWS = [
    ["Field", "2024", "2025", "2026", "Change"],
    ["Surveying", "7,910", "8,240", "9,020", "+9.5 %"],
    ["Conservation", "3,480", "4,150", "5,310", "+28.0 %"],
    ["Lighthouses", "1,260", "1,190", "1,480", "+24.4 %"],
    ["Spare parts", "2,730", "2,810", "2,790", "-0.7 %"],
    ["Total", "15,380", "16,390", "18,600", "+13.5 %"],
]
SERIES = [tuple(int(cell.replace(",", "")) / 1000 for cell in row[1:4]) for row in ROWS[1:5]]


def annual_report() -> bytes:
    """Return the three-page report as a PDF."""
    buffer = io.BytesIO()
    title, author = "Annual report 2026", "Nordlicht Optics AG"
    document = BaseDocTemplate(buffer, pagesize=A4, invariant=1, title=title, author=author)
    frame = Frame(MARGIN, MARGIN, TEXT_WIDTH, HEIGHT - 2 * MARGIN, leftPadding=0, rightPadding=0, id="page")
    document.addPageTemplates(PageTemplate(frames=[frame], onPage=_header_and_footer))
    document.build(
        [
            *_paragraphs(OPENING),
            *_photograph(),
            *_paragraphs(OUTLOOK),
            PageBreak(),
            *_paragraphs(REVIEW[:1]),
            BalancedColumns(_paragraphs(REVIEW[1:]), nCols=2, innerPadding=8 * mm),
            PageBreak(),
            *_paragraphs(FIGURES),
            *_table(),
            *_chart(),
            *_paragraphs(REMARKS),
        ]
    )
    return buffer.getvalue()


def _header_and_footer(canvas: Canvas, document: BaseDocTemplate) -> None:
    canvas.setFont("Helvetica", 8.5)
    canvas.setFillColor(INK)
    canvas.setStrokeColor(RULE)
    canvas.drawString(MARGIN, HEIGHT - 14 * mm, "Nordlicht Optics AG")
    canvas.drawRightString(WIDTH - MARGIN, HEIGHT - 14 * mm, "Annual report 2026")
    canvas.line(MARGIN, HEIGHT - 16.5 * mm, WIDTH - MARGIN, HEIGHT - 16.5 * mm)
    canvas.drawCentredString(WIDTH / 2, 12 * mm, f"Page {document.page} of 3")


def _paragraphs(items: list[tuple[str, str]]) -> list[Flowable]:
    return [Paragraph(text, STYLES[style], bulletText="•" if style == "bullet" else None) for style, text in items]


def _photograph() -> list[Flowable]:
    picture = io.BytesIO(jpeg(landscape(1000, 520)))
    caption = "Figure 1: Evening over the Holstein hills, taken with the L40 objective at 85 mm."
    return [Spacer(1, 8), Image(picture, TEXT_WIDTH, TEXT_WIDTH * 0.52), Paragraph(caption, STYLES["caption"])]


def _table() -> list[Flowable]:
    caption = Paragraph("Table 1: Revenue by field, 2024 to 2026.", STYLES["caption"])
    table = Table(ROWS, colWidths=[TEXT_WIDTH - 4 * 28 * mm] + [28 * mm] * 4, rowHeights=20)
    table.setStyle(
        [
            ("FONT", (0, 0), (-1, -1), "Helvetica", 10),
            ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 10),
            ("FONT", (0, -1), (-1, -1), "Helvetica-Bold", 10),
            ("TEXTCOLOR", (0, 0), (-1, -1), INK),
            ("BACKGROUND", (0, 0), (-1, 0), HexColor("#e3ecf4")),
            ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("GRID", (0, 0), (-1, -1), 0.6, RULE),
        ]
    )
    return [table, caption, Spacer(1, 10), Paragraph("3.2 Revenue by year", STYLES["h2"])]


def _chart() -> list[Flowable]:
    chart = VerticalBarChart()
    chart.x, chart.y, chart.width, chart.height = 36, 30, TEXT_WIDTH - 50, 200
    chart.data = list(zip(*SERIES, strict=True))
    chart.categoryAxis.categoryNames = [row[0] for row in ROWS[1:5]]
    chart.categoryAxis.labels.fontName = chart.valueAxis.labels.fontName = "Helvetica"
    chart.valueAxis.valueMin, chart.valueAxis.valueMax, chart.valueAxis.valueStep = 0, 10, 2
    chart.valueAxis.visibleGrid, chart.valueAxis.gridStrokeColor = True, HexColor("#d9e0e7")
    chart.groupSpacing, chart.barSpacing = 14, 1
    for index, colour in enumerate(("#b7cce0", "#6f9fc8", "#1f5a8a")):
        chart.bars[index].fillColor = HexColor(colour)
        chart.bars[index].strokeColor = None
    drawing = Drawing(TEXT_WIDTH, 240)
    drawing.add(chart)
    caption = "Figure 2: Revenue in millions of euros; from light to dark 2024, 2025 and 2026."
    return [drawing, Paragraph(caption, STYLES["caption"])]
