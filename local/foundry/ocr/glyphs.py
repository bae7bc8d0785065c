"""The characters of a PDF page with their places, from PDFium's text page."""

import ctypes
import math
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pypdfium2 import raw

from local.foundry.ocr.page import Box

ToPixels = Callable[[float, float], tuple[float, float]]

_HYPHENS = dict.fromkeys((0x02, 0xAD, 0xFFFE), "-")
_SURROGATES = range(0xD800, 0xE000)
_LIGATURES = range(0xFB00, 0xFB07)
_BOLD_WEIGHT = 600
_LEVEL = math.pi / 8


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character, its box and type size in pixels; `level` is false for text that runs up or down."""

    text: str
    box: Box
    size: float
    bold: bool
    level: bool


def read_glyphs(text_page: Any, rotation: int, to_pixels: ToPixels, scale: float) -> list[Glyph]:
    """Every character in the order PDFium gives; white space is a glyph of a single space.

    `rotation` is the page's own, in degrees; `scale` is pixels a point.
    """
    count = raw.FPDFText_CountChars(text_page)
    return [_glyph(text_page, at, math.radians(rotation), to_pixels, scale) for at in range(count)]


def _glyph(text_page: Any, at: int, rotation: float, to_pixels: ToPixels, scale: float) -> Glyph:
    text = _text(raw.FPDFText_GetUnicode(text_page, at))
    if text == " ":
        return Glyph(text, Box(0, 0, 0, 0), 0, False, True)
    return Glyph(
        text,
        _box(text_page, at, to_pixels),
        _size(text_page, at) * scale,
        _is_bold(text_page, at),
        abs(math.sin(raw.FPDFText_GetCharAngle(text_page, at) - rotation)) < math.sin(_LEVEL),
    )


def _text(code: int) -> str:
    character = _HYPHENS.get(code) or chr(0xFFFD if code in _SURROGATES or code > sys.maxunicode else code)
    if code in _LIGATURES:
        return unicodedata.normalize("NFKC", character)
    return " " if character.isspace() or unicodedata.category(character) == "Cc" else character


def _box(text_page: Any, at: int, to_pixels: ToPixels) -> Box:
    bounds = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(text_page, at, bounds)
    (x1, y1), (x2, y2) = to_pixels(bounds.left, bounds.bottom), to_pixels(bounds.right, bounds.top)
    return Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))


def _size(text_page: Any, at: int) -> float:
    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(text_page, at, matrix)
    return float(raw.FPDFText_GetFontSize(text_page, at)) * math.hypot(matrix.c, matrix.d)


def _is_bold(text_page: Any, at: int) -> bool:
    if raw.FPDFText_GetFontWeight(text_page, at) >= _BOLD_WEIGHT:
        return True
    name = ctypes.create_string_buffer(128)
    raw.FPDFText_GetFontInfo(text_page, at, name, len(name), ctypes.c_int())
    return b"bold" in name.value.lower()
