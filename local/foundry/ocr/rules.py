"""Ruling lines of a picture: long, thin, straight runs of ink, and the grids that they form."""

from dataclasses import dataclass

import cv2
import numpy as np

from local.foundry.ocr.page import Box
from local.foundry.ocr.picture import Mask, Picture, ink

_LONG_ACROSS, _LONG_DOWN = 80, 45
_THICK = 13
_JOIN = 7
_SAME = 12.0


@dataclass(frozen=True)
class Grid:
    """Ruling lines that hang together: their box, and where they run across (`ys`) and down (`xs`)."""

    box: Box
    xs: tuple[float, ...]
    ys: tuple[float, ...]


def grids(picture: Picture) -> list[Grid]:
    """Every group of ruling lines with at least two columns and two rows between them."""
    dark = ink(picture)
    across, down = _runs(dark, (_LONG_ACROSS, 1)), _runs(dark, (1, _LONG_DOWN))
    together = cv2.dilate(across | down, np.ones((_JOIN, _JOIN), np.uint8))
    found = [_grid(box, across, down) for box in components(np.asarray(together, dtype=np.uint8))]
    return [grid for grid in found if len(grid.xs) > 2 and len(grid.ys) > 2]


def components(mask: Mask) -> list[Box]:
    """The boxes of connected areas."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    return [Box(float(x), float(y), float(x + w), float(y + h)) for x, y, w, h, _ in stats[1:]]


def _runs(dark: Mask, shape: tuple[int, int]) -> Mask:
    """Runs of ink at least as long as the shape, without what is too thick to be a line."""
    closed = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    runs = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((shape[1], shape[0]), np.uint8))
    thick = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((_THICK, _THICK), np.uint8))
    return np.asarray(cv2.subtract(runs, thick), dtype=np.uint8)


def _grid(box: Box, across: Mask, down: Mask) -> Grid:
    window = (slice(int(box.top), int(box.bottom)), slice(int(box.left), int(box.right)))
    rows = [part for part in components(across[window]) if part.width >= box.width / 4]
    columns = [part for part in components(down[window]) if part.height >= min(box.height / 4, 4 * _LONG_DOWN)]
    xs = _places([part.middle[0] + box.left for part in columns])
    ys = _places([part.middle[1] + box.top for part in rows])
    return Grid(box, xs, ys)


def _places(values: list[float]) -> tuple[float, ...]:
    """Values nearer than the tolerance count as one place."""
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][-1] <= _SAME:
            groups[-1].append(value)
        else:
            groups.append([value])
    return tuple(float(np.mean(group)) for group in groups)
