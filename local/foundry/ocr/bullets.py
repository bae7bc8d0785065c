"""Bullets on scans: dots before a line that recognition takes for dirt and leaves out."""

from collections.abc import Sequence

import numpy as np

from local.foundry.ocr.page import Box, Line, Word
from local.foundry.ocr.picture import Mask
from local.foundry.ocr.rules import components

_REACH = 3.0
_GAP = 0.35
_SMALLEST, _LARGEST = 0.12, 0.6
_BULLET = "\u2022"


def with_bullets(lines: Sequence[Line], dark: Mask) -> list[Line]:
    """The lines, with a bullet in front of those that have nothing but a dot at their left; `dark` is 1 for ink."""
    return [_with_bullet(line, dark, lines) for line in lines]


def _with_bullet(line: Line, dark: Mask, lines: Sequence[Line]) -> Line:
    room = Box(line.box.left - _REACH * line.size, line.box.top, line.box.left - _GAP * line.size, line.box.bottom)
    if room.left < 0 or any(room.holds(other.box, 0.01) for other in lines if other is not line):
        return line
    dot = _only_dot(dark[int(room.top) : int(room.bottom), int(room.left) : int(room.right)], line.size)
    if dot is None:
        return line
    box = Box(room.left + dot.left, room.top + dot.top, room.left + dot.right, room.top + dot.bottom)
    return Line((Word(_BULLET, box, line.words[0].confidence), *line.words), line.size, line.bold)


def _only_dot(part: Mask, size: float) -> Box | None:
    """The one compact, filled spot in the middle of the part's height, if it holds nothing else of any size."""
    spots = [spot for spot in components(np.ascontiguousarray(part)) if max(spot.width, spot.height) > 2]
    if len(spots) != 1:
        return None
    spot = spots[0]
    compact = all(_SMALLEST * size <= side <= _LARGEST * size for side in (spot.width, spot.height))
    filled = part[int(spot.top) : int(spot.bottom), int(spot.left) : int(spot.right)].mean() > 0.6
    middle = 0.25 * part.shape[0] < spot.middle[1] < 0.8 * part.shape[0]
    return spot if compact and filled and middle and 0.6 < spot.width / spot.height < 1.7 else None
