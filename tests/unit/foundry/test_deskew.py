"""Straightening of crooked scans."""

import numpy as np
import pytest

from local.foundry.ocr.deskew import straighten
from local.foundry.ocr.page import Box, Word

PAPER = np.full((600, 800, 3), 255, dtype=np.uint8)


def line(y: float, fall: float) -> list[Word]:
    """Four words on a line that falls by this many pixels from one to the next."""
    return [Word("word", Box(100 + 150 * n, y + fall * n, 200 + 150 * n, y + fall * n + 20)) for n in range(4)]


@pytest.mark.parametrize("fall", [-8.0, 5.0])
def test_falling_and_rising_lines_become_level(fall: float) -> None:
    """The page is turned by the slope of its lines, words with it."""
    # when
    picture, lines = straighten(PAPER, [line(y, fall) for y in (100, 200, 300)])
    # then
    assert picture.shape == PAPER.shape
    for words in lines:
        heights = [word.box.middle[1] for word in words]
        assert max(heights) - min(heights) < 0.5


@pytest.mark.parametrize(("fall", "count"), [(0.1, 3), (5.0, 2), (60.0, 3)])
def test_a_page_is_left_alone_in_doubt(fall: float, count: int) -> None:
    """Lines that are level already, too few, or meant to be steep do not turn the page."""
    # given
    lines = [line(100 + 100 * number, fall) for number in range(count)]
    # when
    picture, kept = straighten(PAPER, lines)
    # then
    assert picture is PAPER
    assert kept == lines
