"""Blocks out of columns: headings by size, lists, paragraphs, tables and figures in place."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from local.foundry.ocr.figures import is_caption
from local.foundry.ocr.layout import Column
from local.foundry.ocr.page import Block, FigureBlock, Line, TextBlock, around
from local.foundry.ocr.rows import rows_of

_LARGEST_BODY = 14 / 72
_RUNNING_TEXT = 80
_LEVELS = ((1.65, 1), (1.3, 2), (1.19, 3))
_NARROWEST = 18
_HEADING_WORDS = 24
_BOLD_HEADING_WORDS = 12
_ENDS = (".", "!", "?", ":", ";")
_BULLET = re.compile(r"[•◦▪■●○·‣\u2013\u2014*-]\s+(?=\S*\w)")
_NUMBERED = re.compile(r"\(?(?:\d{1,3}|[a-z])[.)]\s+\S")
_LABELLED = re.compile(r"[A-Z][\w ./#-]{0,40}:(?:\s|$)")


def build(columns: Sequence[Column], dpi: int) -> list[Block]:
    """The blocks of a page in reading order."""
    every = [item for column in columns for item in column if isinstance(item, Line)]
    body = _body_size(every, dpi)
    blocks: list[Block] = []
    for column in columns:
        for at, block in enumerate(_column_blocks(column, body)):
            _append(blocks, block, opens_column=at == 0)
    return _with_captions(blocks)


def _body_size(lines: Sequence[Line], dpi: int) -> float:
    """The size that most of the page's text is set in, in pixels; a few large words alone are no running text."""
    sizes = [line.size for line in lines for _ in line.text]
    largest = _LARGEST_BODY * dpi
    usual = median(sizes or [largest])
    return usual if len(sizes) >= _RUNNING_TEXT else min(usual, largest)


def _column_blocks(column: Column, body: float) -> list[Block]:
    blocks: list[Block] = []
    waiting: list[Line] = []
    for item in column:
        if isinstance(item, Line):
            waiting.append(item)
            continue
        blocks += _text_blocks(waiting, body)
        waiting = []
        blocks.append(item)
    return blocks + _text_blocks(waiting, body)


def _text_blocks(lines: Sequence[Line], body: float) -> list[TextBlock]:
    rows = [_segments(row) for row in rows_of(lines)]
    return [block for group in _groups(rows, body) for block in _group_blocks(group, body)]


def _group_blocks(group: Sequence[Sequence[Line]], body: float) -> list[TextBlock]:
    if len(group) == 1:
        return [_text_block([segment], body) for segment in group[0]]
    return [_text_block([row[0] for row in group], body)]


def _segments(row: Sequence[Line]) -> list[Line]:
    """The texts of a row; a label goes with its value, and other texts side by side stay apart."""
    segments: list[Line] = []
    for line in row:
        if segments and segments[-1].text.endswith(":"):
            segments[-1] = Line(segments[-1].words + line.words, line.size, segments[-1].bold and line.bold)
        else:
            segments.append(line)
    return segments


def _groups(rows: Sequence[list[Line]], body: float) -> list[list[list[Line]]]:
    """Rows that make a block together; a row of several texts is always alone."""
    if not rows:
        return []
    box = around(line.box for row in rows for line in row)
    right = max(box.right, box.left + _NARROWEST * body)
    pitch = _pitch([row[0] for row in rows], body)
    groups = [[rows[0]]]
    for above, row in pairwise(rows):
        if len(above) > 1 or len(row) > 1 or _breaks(above[0], row[0], right, pitch, body):
            groups.append([row])
        else:
            groups[-1].append(row)
    return groups


def _pitch(rows: Sequence[Line], body: float) -> float:
    """The usual distance from line to line."""
    steps = [below.box.middle[1] - above.box.middle[1] for above, below in pairwise(rows)]
    near = [step for step in steps if step < 2 * body]
    return median(near) if near else 1.4 * body


def _breaks(above: Line, row: Line, right: float, pitch: float, body: float) -> bool:
    """Whether a new block begins with this row."""
    levels = _level([above], body), _level([row], body)
    step = row.box.middle[1] - above.box.middle[1]
    if levels[0] != levels[1] or step > 1.45 * pitch * max(1.0, row.size / body):
        return True
    if levels[0]:
        return step > 1.8 * row.size
    if _is_item(row) or _LABELLED.match(row.text):
        return True
    return _is_indented(above, row) or _ends_early(above, row, right)


def _is_indented(above: Line, row: Line) -> bool:
    return row.box.left - above.box.left > 0.9 * row.size and not _is_item(above)


def _ends_early(above: Line, row: Line, right: float) -> bool:
    """Whether the line above had room for this row's first word and broke nevertheless."""
    first = row.words[0].box.width
    return not row.text[0].islower() and right - above.box.right > first + 2.2 * row.size


def _is_item(line: Line) -> bool:
    return bool(_BULLET.match(line.text) or _NUMBERED.match(line.text))


def _level(lines: Sequence[Line], body: float) -> int:
    """Heading level 1 to 3, or 0 for running text."""
    size = median(line.size for line in lines)
    words = sum(len(line.words) for line in lines)
    if (
        words > _HEADING_WORDS
        or _BULLET.match(lines[0].text)
        or not any(character.isalpha() for line in lines for character in line.text)
    ):
        return 0
    by_size = next((level for ratio, level in _LEVELS if size >= ratio * body), 0)
    bold = all(line.bold for line in lines) and words <= _BOLD_HEADING_WORDS and not _is_item(lines[0])
    return by_size or (3 if bold and not lines[-1].text.endswith(_ENDS) else 0)


def _text_block(rows: Sequence[Line], body: float) -> TextBlock:
    words = tuple(word for row in rows for word in row.words)
    box, text = around(row.box for row in rows), _flowed([row.text for row in rows])
    level = _level(rows, body)
    if level:
        return TextBlock("title", text, box, words, level)
    if _is_item(rows[0]):
        return TextBlock("list", _BULLET.sub("- ", text, count=1), box, words)
    return TextBlock("caption" if is_caption(text) and len(rows) < 4 else "text", text, box, words)


def _flowed(texts: Sequence[str]) -> str:
    """Lines as one text; a word broken by a hyphen at the end of a line is made whole."""
    flowed = texts[0]
    for text in texts[1:]:
        broken = len(flowed) > 1 and flowed[-1] in "-\u2010" and flowed[-2].isalpha() and text[:1].islower()
        flowed = flowed[:-1] + text if broken else f"{flowed} {text}"
    return flowed


def _append(blocks: list[Block], block: Block, opens_column: bool) -> None:
    """Add a block; a list item joins the list before it, the rest of a sentence the column before it."""
    last = blocks[-1] if blocks else None
    if not isinstance(last, TextBlock) or not isinstance(block, TextBlock):
        blocks.append(block)
    elif last.kind == block.kind == "list":
        blocks[-1] = _together(last, block, f"{last.text}\n{block.text}")
    elif opens_column and last.kind == block.kind == "text" and _goes_on(last.text, block.text):
        blocks[-1] = _together(last, block, _flowed([last.text, block.text]))
    else:
        blocks.append(block)


def _goes_on(before: str, text: str) -> bool:
    return not before.endswith(_ENDS) and text[:1].islower()


def _together(first: TextBlock, second: TextBlock, text: str) -> TextBlock:
    return replace(first, text=text, box=around([first.box, second.box]), words=first.words + second.words)


def _with_captions(blocks: Sequence[Block]) -> list[Block]:
    captioned = list(blocks)
    for at, block in enumerate(blocks):
        if isinstance(block, FigureBlock):
            beside = [*blocks[at + 1 : at + 3], *reversed(blocks[max(0, at - 2) : at])]
            texts = [other.text for other in beside if isinstance(other, TextBlock) and other.kind == "caption"]
            captioned[at] = replace(block, caption=texts[0] if texts else "")
    return captioned
