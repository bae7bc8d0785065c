"""A receipt on a table, photographed by hand: slight perspective, a shadow, uneven light."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from samples.maker.ink import font, jpeg

SIZE = (1080, 1500)
PAPER = (620, 1260)
CORNERS = [(232, 118), (846, 142), (902, 1392), (190, 1370)]

HEADING = ["Café Südblick", "Ehrenstraße 7", "50672 Köln"]
LINES = [
    ("Receipt #7", "02.10.2026  14:31"),
    None,
    ("2 x Cappuccino", "7.80"),
    ("1 x Käsekuchen", "4.20"),
    ("1 x Apfelschorle", "3.60"),
    ("1 x Quiche, groß", "8.90"),
    ("Discount 100 % on refill", "0.00"),
    None,
    ("Net", "20.59"),
    ("VAT 19 %", "3.91"),
    ("TOTAL EUR", "24.50"),
    None,
    ("Cash", "30.00"),
    ("Change", "5.50"),
]
CLOSING = ["You were served by Jörg.", "Vielen Dank & bis bald!"]


def receipt() -> bytes:
    """Return the receipt's photograph as a JPEG of 1080 x 1500 pixels."""
    table = _table()
    paper = _warped(_paper().convert("RGB"))
    mask = _warped(Image.new("L", PAPER, 255))
    shadow = Image.new("L", SIZE, 0)
    shadow.paste(150, (14, 22), mask)
    table.paste((18, 12, 8), (0, 0), shadow.filter(ImageFilter.GaussianBlur(14)))
    table.paste(paper, (0, 0), mask.filter(ImageFilter.GaussianBlur(1)))
    return jpeg(_lit(table.filter(ImageFilter.GaussianBlur(0.7))), quality=82)


def _paper() -> Image.Image:
    paper = Image.new("RGB", PAPER, (246, 243, 236))
    draw = ImageDraw.Draw(paper)
    middle, y = PAPER[0] // 2, 60
    for line, size in zip(HEADING, (44, 27, 27), strict=True):
        draw.text((middle, y), line, (40, 38, 44), font(size, "VeraBd" if size > 40 else "Vera"), anchor="mt")
        y += size + 18
    y = _items(draw, y + 30)
    for line in CLOSING:
        draw.text((middle, y), line, (52, 50, 56), font(26, "VeraIt"), anchor="mt")
        y += 44
    for bar in range(64):
        if (bar * bar * 7 + bar) % 5 < 3:
            draw.rectangle((140 + bar * 5.3, y + 20, 142 + bar * 5.3 + bar % 3, y + 100), fill=(40, 38, 44))
    return paper


def _items(draw: ImageDraw.ImageDraw, y: int) -> int:
    for line in LINES:
        if line is None:
            draw.line((40, y + 6, PAPER[0] - 40, y + 6), fill=(90, 88, 92), width=2)
            y += 30
            continue
        name = "VeraBd" if line[0].startswith("TOTAL") else "Vera"
        draw.text((40, y), line[0], (44, 42, 48), font(27, name), anchor="lt")
        draw.text((PAPER[0] - 40, y), line[1], (44, 42, 48), font(27, name), anchor="rt")
        y += 48
    return y + 40


def _warped(picture: Image.Image) -> Image.Image:
    """Return the picture with its corners moved to CORNERS on a black ground."""
    width, height = picture.size
    rows, sources = [], []
    for (x, y), (u, v) in zip(CORNERS, [(0, 0), (width, 0), (width, height), (0, height)], strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        sources += [u, v]
    coefficients = np.linalg.solve(np.array(rows, float), np.array(sources, float))
    return picture.transform(SIZE, Image.Transform.PERSPECTIVE, coefficients.tolist(), Image.Resampling.BICUBIC)


def _table() -> Image.Image:
    rng = np.random.default_rng(100)
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width]
    board = x // 270
    grain = np.sin((x + 14 * np.sin(y / 210 + board * 2)) / 5.5 + board) + 0.6 * np.sin(x / 2.1 + y / 160)
    tone = 1 + 0.05 * grain + 0.05 * np.sin(board * 2.4) - 0.5 * (x % 270 < 4) + rng.normal(0, 0.02, x.shape)
    wood = np.array([128, 86, 54]) * tone[..., None]
    return Image.fromarray(wood.clip(0, 255).astype(np.uint8))


def _lit(picture: Image.Image) -> Image.Image:
    rng = np.random.default_rng(101)
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width]
    lamp = 1.08 - 0.42 * np.hypot((x - 0.3 * width) / width, (y - 0.25 * height) / height)
    grain = rng.normal(0, 2.5, (height, width, 1))
    lit = np.asarray(picture) * lamp[..., None] * np.array([1.02, 1.0, 0.95]) + grain
    return Image.fromarray(lit.clip(0, 255).astype(np.uint8))
