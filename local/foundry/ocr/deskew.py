"""Straightens a scan by the slope of its own lines of text."""

import math
from collections.abc import Sequence
from statistics import median

import cv2
import numpy as np

from local.foundry.ocr.page import Box, Word
from local.foundry.ocr.picture import Picture

_LEAST_DEGREES, _MOST_DEGREES = 0.15, 12.0
_LINES_NEEDED = 3
_LINE_WIDTH = 100


def straighten(picture: Picture, lines: Sequence[Sequence[Word]]) -> tuple[Picture, list[list[Word]]]:
    """The picture turned so that its lines run level, and the words where they stand then."""
    degrees = _slope(lines)
    if not _LEAST_DEGREES <= abs(degrees) <= _MOST_DEGREES:
        return picture, [list(line) for line in lines]
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turned = cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, dtype=np.uint8), [[_turned(word, turn) for word in line] for line in lines]


def _slope(lines: Sequence[Sequence[Word]]) -> float:
    """Degrees that the lines fall towards the right; 0 when there are too few to tell."""
    ends = [(line[0].box.middle, line[-1].box.middle) for line in lines]
    long = [(a, b) for a, b in ends if b[0] - a[0] >= _LINE_WIDTH]
    slopes = [math.degrees(math.atan2(b[1] - a[1], b[0] - a[0])) for a, b in long]
    return median(slopes) if len(slopes) >= _LINES_NEEDED else 0.0


def _turned(word: Word, turn: cv2.typing.MatLike) -> Word:
    x, y = (float(value) for value in turn @ np.array([*word.box.middle, 1.0]))
    wide, high = word.box.width / 2, word.box.height / 2
    return Word(word.text, Box(x - wide, y - high, x + wide, y + high), word.confidence)
