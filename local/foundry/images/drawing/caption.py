"""The band in which the prompt can be read."""

from PIL import Image, ImageDraw, ImageFont

from local.foundry.images.drawing.palette import BLACK, Colour, mix

Box = tuple[int, int, int, int]
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_INK = (250, 247, 238)
_MARGIN, _MOST_LINES, _MOST_CHARACTERS = 0.03, 3, 1000
_SIZES = (0.034, 0.031, 0.028, 0.025, 0.022, 0.02)
_OPACITY = 225


def caption(picture: Image.Image, text: str, tone: Colour, frame: Box | None = None) -> None:
    """Write the text at the lower edge of the frame, on a band as wide as the picture.

    It takes one line in a large font or up to three in a small one; what does not fit ends in an ellipsis. Without a
    frame the whole picture is one.
    """
    left, _, right, bottom = frame or (0, 0, *picture.size)
    edge = min(picture.size)
    margin = round(_MARGIN * edge)
    font, lines = _fitted(" ".join(text[:_MOST_CHARACTERS].split()), right - left - 2 * margin, edge)
    step = round(font.getbbox("Ág")[3] * 1.25)
    top = max(0, bottom - step * len(lines) - round(margin * 1.3))
    band = Image.new("L", (picture.width, bottom - top), _OPACITY)
    picture.paste(mix(tone, BLACK, 0.6), (0, top, picture.width, bottom), band)
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        pen.text((left + margin, top + round(margin * 0.65) + number * step), line, fill=_INK, font=font)


def _fitted(text: str, width: int, edge: int) -> tuple[_Font, list[str]]:
    """The largest font in which the text fits one line, else the smallest, and the lines."""
    for size in _SIZES:
        font = ImageFont.load_default(max(8, round(size * edge)))
        if font.getlength(text) <= width:
            return font, [text]
    return font, _wrapped(text, font, width)


def _wrapped(text: str, font: _Font, width: int) -> list[str]:
    lines, rest = list[str](), text
    while rest and len(lines) < _MOST_LINES:
        line = _beginning(rest, font, width)
        rest = rest[len(line) :].lstrip()
        lines.append(line)
    if rest:
        lines[-1] = _beginning(lines[-1], font, width - round(font.getlength(" …"))) + " …"
    return lines


def _beginning(text: str, font: _Font, width: int) -> str:
    """As many whole words as fit, or characters if a word is too long for the line."""
    if font.getlength(text) <= width:
        return text
    length = 1
    while length < len(text) and font.getlength(text[: length + 1]) <= width:
        length += 1
    return text[: text.rfind(" ", 0, length + 1)] if " " in text[1 : length + 1] else text[:length]
