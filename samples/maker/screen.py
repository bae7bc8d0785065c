"""A screenshot of a dashboard: a window with a bar chart, a line chart and words in English and German."""

import io

from PIL import Image, ImageDraw

from samples.maker.ink import font

SIZE = (1280, 800)
INK, GREY, GRID = "#22303c", "#66788a", "#dfe6ec"
CITIES = [("Köln", 62), ("München", 88), ("Zürich", 54), ("Düsseldorf", 71), ("Würzburg", 39)]
TEMPERATURES = [3, 4, 8, 12, 17, 20, 22, 21, 17, 12, 7, 4]
FIGURES = [("Orders / Aufträge", "1,284"), ("Größter Auftrag", "EUR 96,400"), ("Überfällig / Overdue", "7")]


def dashboard() -> bytes:
    """Return the screenshot as a lossless WEBP of 1280 x 800 pixels."""
    picture = Image.new("RGB", SIZE, "#eef2f5")
    draw = ImageDraw.Draw(picture)
    _window(draw)
    for index, (label, value) in enumerate(FIGURES):
        _figure(draw, 40 + index * 408, label, value)
    _bars(draw, (40, 262, 680, 762))
    _curve(draw, (712, 262, 1240, 762))
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", lossless=True, quality=100, method=6)
    return buffer.getvalue()


def _window(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 0, SIZE[0], 52), fill="#2b3a48")
    for index, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        draw.ellipse((20 + index * 26, 18, 36 + index * 26, 34), fill=colour)
    draw.text((SIZE[0] / 2, 26), "Nordlicht Optics | Übersicht", "white", font(18), anchor="mm")
    draw.text((40, 84), "Quarterly overview / Quartalsübersicht", INK, font(26, "VeraBd"), anchor="lm")


def _figure(draw: ImageDraw.ImageDraw, x: int, label: str, value: str) -> None:
    draw.rounded_rectangle((x, 118, x + 384, 234), 12, fill="white", outline=GRID)
    draw.text((x + 24, 152), label, GREY, font(18), anchor="lm")
    draw.text((x + 24, 197), value, INK, font(34, "VeraBd"), anchor="lm")


def _panel(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], title: str) -> None:
    draw.rounded_rectangle(box, 12, fill="white", outline=GRID)
    draw.text((box[0] + 24, box[1] + 32), title, INK, font(19, "VeraBd"), anchor="lm")


def _bars(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int]) -> None:
    _panel(draw, box, "Revenue by city / Umsätze nach Städten (TEUR)")
    left, bottom = box[0] + 70, box[3] - 60
    for value in range(0, 101, 20):
        y = bottom - value * 3.6
        draw.line((left, y, box[2] - 24, y), fill=GRID)
        draw.text((left - 12, y), str(value), GREY, font(15), anchor="rm")
    for index, (city, value) in enumerate(CITIES):
        x = left + 22 + index * 108
        draw.rectangle((x, bottom - value * 3.6, x + 64, bottom), fill="#2f7fb8" if value < 80 else "#e08a2c")
        draw.text((x + 32, bottom - value * 3.6 - 14), str(value), INK, font(16, "VeraBd"), anchor="mm")
        draw.text((x + 32, bottom + 24), city, INK, font(16), anchor="mm")


def _curve(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int]) -> None:
    _panel(draw, box, "Outside / Außentemperatur (°C)")
    left, bottom = box[0] + 64, box[3] - 60
    for value in range(0, 26, 5):
        y = bottom - value * 14
        draw.line((left, y, box[2] - 24, y), fill=GRID)
        draw.text((left - 12, y), str(value), GREY, font(15), anchor="rm")
    points = [(left + 18 + index * 37, bottom - value * 14) for index, value in enumerate(TEMPERATURES)]
    draw.line(points, fill="#b8432f", width=4, joint="curve")
    for (x, y), month in zip(points, "JFMAMJJASOND", strict=True):
        draw.ellipse((x - 6, y - 6, x + 6, y + 6), fill="white", outline="#b8432f", width=3)
        draw.text((x, bottom + 24), month, INK, font(16), anchor="mm")
