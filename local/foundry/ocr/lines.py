"""Lines of text out of a PDF's characters: characters to words, words to runs without a wide gap."""

import re
from collections.abc import Iterable, Sequence
from statistics import median

from local.foundry.ocr.glyphs import Glyph
from local.foundry.ocr.page import Box, Line, Word, around

_WORD_GAP = 0.25
_LINE_GAP = 1.15
_MARKER_GAP = 4.0
_MARKER = re.compile(r"[•◦▪■●○·‣\u2013\u2014*-]|\(?\d{1,3}[.)]|\(?[a-z][.)]")
_SIZE_TOLERANCE = 0.35


def from_glyphs(glyphs: Iterable[Glyph]) -> list[Line]:
    """The lines of a page, in no particular order."""
    runs: list[list[_Run]] = []
    for run in sorted(_words(glyphs), key=lambda run: run.box.left):
        home = next((line for line in reversed(runs) if _continues(line[-1], run)), None)
        if home is None:
            runs.append([run])
        else:
            home.append(run)
    return with_markers([_line(run) for run in runs])


def with_markers(lines: Sequence[Line]) -> list[Line]:
    """Join list markers that stand alone with the line they belong to."""
    markers = [line for line in lines if _MARKER.fullmatch(line.text)]
    joined: dict[int, Line] = {id(line): line for line in lines}
    for marker in markers:
        right = [line for line in lines if line is not marker and _follows(marker, line)]
        if right:
            target = min(right, key=lambda line: line.box.left)
            joined.pop(id(marker))
            joined[id(target)] = Line(marker.words + target.words, target.size, target.bold)
    return list(joined.values())


class _Run:
    """A word in the making."""

    def __init__(self, glyphs: Sequence[Glyph]) -> None:
        self.text = "".join(glyph.text for glyph in glyphs)
        self.box = around(glyph.box for glyph in glyphs)
        self.size = median(glyph.size for glyph in glyphs)
        self.bold = glyphs[0].bold
        self.level = glyphs[0].level


def _words(glyphs: Iterable[Glyph]) -> list[_Run]:
    words: list[list[Glyph]] = [[]]
    for glyph in glyphs:
        if glyph.text == " ":
            words.append([])
            continue
        if words[-1] and _starts_word(words[-1][-1], glyph):
            words.append([])
        words[-1].append(glyph)
    return [_Run(word) for word in words if word]


def _starts_word(before: Glyph, glyph: Glyph) -> bool:
    if not glyph.level or not before.level:
        return glyph.level != before.level
    gap = glyph.box.left - before.box.right
    return not -glyph.size < gap < _WORD_GAP * glyph.size or not glyph.box.beside(before.box)


def _continues(last: _Run, run: _Run) -> bool:
    if not (last.level and run.level):
        return False
    size = max(last.size, run.size)
    gap = run.box.left - last.box.right
    alike = min(last.size, run.size) >= (1 - _SIZE_TOLERANCE) * size
    return -0.3 * size <= gap <= _LINE_GAP * size and alike and last.box.beside(run.box, 0.6)


def _line(runs: Sequence[_Run]) -> Line:
    weight = sum(len(run.text) if run.bold else -len(run.text) for run in runs)
    return Line(tuple(Word(run.text, run.box) for run in runs), median(run.size for run in runs), weight > 0)


def _follows(marker: Line, line: Line) -> bool:
    gap = line.box.left - marker.box.right
    return 0 <= gap <= _MARKER_GAP * line.size and _same_row(marker.box, line.box)


def _same_row(first: Box, second: Box) -> bool:
    return first.beside(second)
