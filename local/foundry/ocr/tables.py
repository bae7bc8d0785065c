"""Tables: inside ruling lines, or where short texts stand in columns over several rows."""

from bisect import bisect
from collections.abc import Iterator, Sequence

from local.foundry.ocr.page import Box, Line, TableBlock, Word, around
from local.foundry.ocr.rows import rows_of
from local.foundry.ocr.rules import Grid

_FILLED_SHARE = 0.5
_SHORT_WORDS = 5
_SHORT_SHARE = 0.8
_ROW_GAP = 1.6
_WRAP_GAP = 0.45
_MOST_ROWS_NEEDED = 3


def ruled(grid: Grid, lines: Sequence[Line]) -> TableBlock | None:
    """The table inside a grid, or None if most of its cells hold no text, as in a chart."""
    pieces = [piece for line in lines if grid.box.holds(line.box) for piece in split(line, grid.xs)]
    cells: dict[tuple[int, int], list[Line]] = {}
    for piece in rows_of(pieces):
        for line in piece:
            cells.setdefault(_place(grid, line), []).append(line)
    width, height = len(grid.xs) - 1, len(grid.ys) - 1
    if len(cells) < _FILLED_SHARE * width * height:
        return None
    rows = tuple(tuple(_text(cells.get((row, column), [])) for column in range(width)) for row in range(height))
    return TableBlock(rows, grid.box, _words(pieces))


def split(line: Line, xs: Sequence[float]) -> list[Line]:
    """The line cut where ruling lines run through it."""
    groups: dict[int, list[Word]] = {}
    for word in line.words:
        groups.setdefault(bisect(xs, word.box.middle[0]), []).append(word)
    return [Line(tuple(words), line.size, line.bold) for words in groups.values()]


def aligned(lines: Sequence[Line]) -> list[tuple[TableBlock, list[Line]]]:
    """Tables without ruling lines, each with the lines that it is made of."""
    return [found for run in _runs(rows_of(lines)) for found in _within(run)]


def _within(run: list[list[Line]]) -> Iterator[tuple[TableBlock, list[Line]]]:
    """The tables that follow each other in a run of rows."""
    start = 0
    while start < len(run):
        end, table = _grown(run, start)
        if table:
            yield table, [line for row in run[start:end] for line in row]
        start = end


def _grown(run: list[list[Line]], start: int) -> tuple[int, TableBlock | None]:
    """The table that begins with this row, grown for as long as its rows fit together, and the row after it."""
    best: tuple[int, TableBlock | None] = (start + 1, None)
    for end in range(start + 2, len(run) + 1):
        table = _from_rows(run[start:end])
        if table is None and (best[1] or end - start >= _MOST_ROWS_NEEDED):
            break
        if table:
            best = (end, table)
    return best


def _runs(rows: list[list[Line]]) -> list[list[list[Line]]]:
    """Consecutive rows, close together, of at least two texts each or of one that continues a cell above."""
    runs: list[list[list[Line]]] = [[]]
    for row in rows:
        near = bool(runs[-1]) and _gap(runs[-1][-1], row) <= _ROW_GAP * row[0].size
        wraps = near and _gap(runs[-1][-1], row) <= _WRAP_GAP * row[0].size and _is_under(runs[-1][-1], row[0])
        if (len(row) > 1 and (near or not runs[-1])) or wraps:
            runs[-1].append(row)
        else:
            runs.append([row] if len(row) > 1 else [])
    return [run for run in runs if run]


def _from_rows(run: list[list[Line]]) -> TableBlock | None:
    every = [line for row in run for line in row]
    columns = _columns(every)
    rows: list[list[list[Line]]] = []
    for row in run:
        placed = [[line for line in row if left <= line.box.middle[0] <= right] for left, right in columns]
        if any(len(cell) > 1 for cell in placed):
            return None
        if len(row) == 1 and rows:
            rows[-1] = [above + cell for above, cell in zip(rows[-1], placed, strict=True)]
        else:
            rows.append(placed)
    if len(rows) < (2 if len(columns) > 2 else _MOST_ROWS_NEEDED) or len(columns) < 2 or not _are_short(rows):
        return None
    return TableBlock(tuple(tuple(_text(cell) for cell in row) for row in rows), _box(every), _words(every))


def _columns(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """Horizontal spans that the texts fill between them, from left to right."""
    spans: list[tuple[float, float]] = []
    for box in sorted((line.box for line in lines), key=lambda box: box.left):
        if spans and box.left <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], box.right))
        else:
            spans.append((box.left, box.right))
    return spans


def _are_short(rows: Sequence[Sequence[Sequence[Line]]]) -> bool:
    """Whether the cells are too short for columns of prose; one of three or more columns may be long."""
    columns = list(zip(*rows, strict=True))
    long = sum(_is_long(column) for column in columns)
    return long == 0 or (long == 1 and len(columns) > 2)


def _is_long(column: Sequence[Sequence[Line]]) -> bool:
    lengths = [len(line.words) for cell in column for line in cell]
    return sum(length <= _SHORT_WORDS for length in lengths) < _SHORT_SHARE * len(lengths)


def _is_under(row: Sequence[Line], line: Line) -> bool:
    """Whether the line continues a cell of the row other than its first."""
    return any(abs(line.box.left - above.box.left) < above.size for above in row[1:])


def _gap(above: Sequence[Line], below: Sequence[Line]) -> float:
    return _box(below).top - _box(above).bottom


def _place(grid: Grid, line: Line) -> tuple[int, int]:
    x, y = line.box.middle
    return _between(grid.ys, y), _between(grid.xs, x)


def _between(places: Sequence[float], value: float) -> int:
    return min(max(bisect(places, value) - 1, 0), len(places) - 2)


def _text(lines: Sequence[Line]) -> str:
    return " ".join(line.text for line in lines)


def _words(lines: Sequence[Line]) -> tuple[Word, ...]:
    return tuple(word for line in lines for word in line.words)


def _box(lines: Sequence[Line]) -> Box:
    return around(line.box for line in lines)
