"""Figures: pictures placed in a PDF, and areas of ink that are neither text nor table."""

import re
from collections.abc import Iterable, Sequence
from statistics import median

import cv2
import numpy as np

from local.foundry.ocr.page import Box, Line, around
from local.foundry.ocr.picture import Mask, Picture, ink, shrunk
from local.foundry.ocr.rules import components

_SHRINK = 4
_SMALLEST = 64.0
_NEAR = 48.0
_AROUND_TEXT = 0.35
_LABEL_REACH = 18.0
_TICK_REACH = 40.0
_TICK = re.compile(r"[-+]?[\d.,%]+[-+]?|\w{1,2}[-+]?")
_LABEL_WORDS = 4
_LABEL_SIZE = 1.1
_LABEL_ROUNDS = 2
_ROOM = 6.0
_WHOLE_PAGE = 0.85
_BORDER = 16.0
_FRAME_INK = 0.02
_FRAME_TEXT = 0.3
_BACKGROUND_TEXT = 0.08
_PHOTO_INK = 0.15
_FILLED = 0.85
_FLAT = 24
_FLAT_SHARE = 0.9
_CAPTION = re.compile(r"(figure|fig\.?|table|chart|image|photo|plate)\s*\d", re.IGNORECASE)


def find(picture: Picture, lines: Sequence[Line], taken: Sequence[Box], placed: Iterable[Box]) -> list[Box]:
    """Boxes of the figures, with the labels that belong to them.

    `taken` are areas of tables; `placed` are pictures that a PDF names itself.
    """
    page = Box(0, 0, float(picture.shape[1]), float(picture.shape[0]))
    seen = _drawn(picture, lines, taken, page)
    shown = [page.overlap(box) for box in placed if not any(area.holds(box) for area in taken)]
    named = [box for box in shown if _is_figure_sized(box, page) and _text_share(box, lines) < _BACKGROUND_TEXT]
    whole = _merged([*seen, *named])
    return [page.overlap(box.grown(_ROOM)) for box in _merged([_with_labels(box, lines) for box in whole])]


def is_caption(text: str) -> bool:
    """Whether a text begins like a caption: `Figure 3 …`."""
    return _CAPTION.match(text) is not None


def _drawn(picture: Picture, lines: Sequence[Line], taken: Sequence[Box], page: Box) -> list[Box]:
    small = shrunk(picture, _SHRINK)
    marks = ink(small)
    rest = marks.copy()
    for box in (*taken, *(_hidden(line) for line in lines)):
        rest[_window(box)] = 0
    spread = cv2.dilate(rest, np.ones((5, 5), np.uint8))
    areas = [_scaled(area, _SHRINK).grown(-2 * _SHRINK) for area in components(np.asarray(spread, dtype=np.uint8))]
    joined = _merged(area for area in areas if max(area.width, area.height) >= _SMALLEST / 4)
    if not lines and marks.mean() > _PHOTO_INK and any(box.area > _WHOLE_PAGE * page.area for box in joined):
        return [page]
    sized = [box for box in joined if _is_figure_sized(box, page)]
    return [box for box in sized if not _is_frame(box, lines, rest) and not _is_plain(small, box, marks, rest)]


def _hidden(line: Line) -> Box:
    """What of a line to hide when looking for drawings: a little more than its box, but not the axis by its marks."""
    return line.box.grown(0 if _TICK.fullmatch(line.text) else _AROUND_TEXT * line.size)


def _is_figure_sized(box: Box, page: Box) -> bool:
    return min(box.width, box.height) >= _SMALLEST and box.area <= _WHOLE_PAGE * page.area


def _is_frame(box: Box, lines: Sequence[Line], marks: Mask) -> bool:
    """Whether the area is little more than a frame or shading around text."""
    inside = marks[_window(box.grown(-_BORDER))]
    return inside.size == 0 or bool(inside.mean() < _FRAME_INK) or _text_share(box, lines) > _FRAME_TEXT


def _text_share(box: Box, lines: Sequence[Line]) -> float:
    return sum(line.box.area for line in lines if box.holds(line.box)) / box.area


def _is_plain(small: Picture, box: Box, marks: Mask, rest: Mask) -> bool:
    """Whether one flat colour fills the area, such as the bar behind a heading; `rest` is `marks` without text."""
    inside = _window(box.grown(-_BORDER / 2))
    inked = rest[inside].astype(bool)
    colours = small[inside][inked].astype(np.int16)
    alike = np.abs(colours - np.median(colours, axis=0)).max(axis=1) < _FLAT
    return marks[inside].mean() > _FILLED and bool(alike.mean() > _FLAT_SHARE)


def _with_labels(box: Box, lines: Sequence[Line]) -> Box:
    """The box grown over short texts at its edges, such as the marks of an axis and then the axis's title."""
    usual = median([line.size for line in lines] or [0.0])
    small = [line for line in lines if line.size <= _LABEL_SIZE * usual and not line.bold]
    for _ in range(_LABEL_ROUNDS):
        box = around([box, *(line.box for line in small if _is_label(line, box, lines))])
    return box


def _is_label(line: Line, figure: Box, lines: Sequence[Line]) -> bool:
    if len(line.words) > _LABEL_WORDS or line.box.width > 0.6 * figure.width or is_caption(line.text):
        return False
    reach = _TICK_REACH if _TICK.fullmatch(line.text) else _LABEL_REACH
    return _touch(figure.grown(reach), line.box) and not _ends_paragraph(line, lines)


def _ends_paragraph(line: Line, lines: Sequence[Line]) -> bool:
    return any(
        other.box.width > 2 * line.box.width
        and abs(other.box.left - line.box.left) < line.size
        and 0 < line.box.middle[1] - other.box.middle[1] < 1.8 * line.size
        for other in lines
    )


def _merged(boxes: Iterable[Box]) -> list[Box]:
    """Boxes joined until none is near another."""
    rest, done = list(boxes), list[Box]()
    while rest:
        box = rest.pop()
        near = [other for other in (*rest, *done) if _touch(box.grown(_NEAR), other)]
        if near:
            rest = [other for other in rest if other not in near] + [around([box, *near])]
            done = [other for other in done if other not in near]
        else:
            done.append(box)
    return done


def _touch(first: Box, second: Box) -> bool:
    common = first.overlap(second)
    return common.width > 0 and common.height > 0


def _scaled(box: Box, factor: float) -> Box:
    return Box(box.left * factor, box.top * factor, box.right * factor, box.bottom * factor)


def _window(box: Box) -> tuple[slice, slice]:
    small = _scaled(box, 1 / _SHRINK)
    return slice(max(0, int(small.top)), int(small.bottom) + 1), slice(max(0, int(small.left)), int(small.right) + 1)
