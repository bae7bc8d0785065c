"""Reading order: bands across the page, columns inside them, top to bottom inside those."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

from local.foundry.ocr.page import Box, FigureBlock, Line, TableBlock, around
from local.foundry.ocr.rows import rows_of
from local.foundry.ocr.tables import aligned

Item = Line | TableBlock | FigureBlock
Column = list[Item]

_MARGIN = 0.075
_MARGIN_GAP = 1.2
_BAND_GAP = 1.0
_OFF_CENTRE = 0.02
_GUTTER_LINES = 3
_GUTTER_SHARE = 0.12
_STEP = 4
_CELL_WORDS = 3
_LONG_CELL_WORDS = 6
_PAIRED_SHARE = 0.7


def columns(items: Sequence[Item], page_height: float) -> list[Column]:
    """The items of a page as columns in reading order; running heads and feet are columns of their own."""
    head, body, foot = _margins(items, page_height)
    return [column for part in (head, body, foot) for column in _arranged(part) if column]


def _margins(items: Sequence[Item], page_height: float) -> tuple[list[Item], list[Item], list[Item]]:
    head = [item for item in items if item.box.bottom <= _MARGIN * page_height]
    foot = [item for item in items if item.box.top >= (1 - _MARGIN) * page_height]
    body = [item for item in items if item not in head and item not in foot]
    if not body:
        return [], list(items), []
    area, space = around(item.box for item in body), _MARGIN_GAP * _type_size(body)
    if head and area.top - around(item.box for item in head).bottom < space:
        head, body = [], head + body
    if foot and around(item.box for item in foot).top - area.bottom < space:
        foot, body = [], body + foot
    return head, body, foot


def _arranged(items: Sequence[Item]) -> list[Column]:
    gutter = _gutter(items)
    if gutter is None:
        # Only now: rows of neighbouring columns can look like rows of a table.
        return _stacked(_bands(_with_tables(items)))
    alone = {id(item) for band in _bands(items) if _is_centred(band, items) for item in band}
    across = [item for item in items if id(item) in alone or _crosses(item.box, gutter)]
    rest = [item for item in items if item not in across]
    return _banded(sorted(across, key=lambda item: item.box.top), rest, gutter)


def _is_centred(band: Sequence[Item], items: Sequence[Item]) -> bool:
    """Whether a band is a line or picture set in the middle, with nothing at its sides."""
    whole, part = around(item.box for item in items), around(item.box for item in band)
    return part.width < whole.width / 2 and abs(part.middle[0] - whole.middle[0]) < _OFF_CENTRE * whole.width


def _bands(items: Sequence[Item]) -> list[list[Item]]:
    """The items parted where wide white space runs across all of them."""
    space, bands = _BAND_GAP * _type_size(items), list[list[Item]]()
    for item in sorted(items, key=lambda item: item.box.top):
        if bands and item.box.top - max(other.box.bottom for other in bands[-1]) < space:
            bands[-1].append(item)
        else:
            bands.append([item])
    return bands


def _stacked(bands: Sequence[list[Item]]) -> list[Column]:
    """The columns of each band; bands of a single column go on in the column above."""
    if len(bands) == 1:
        return [[item for row in rows_of(bands[0]) for item in row]]
    stacked: list[Column] = [[]]
    for band in bands:
        columns = _arranged(band)
        if len(columns) == 1:
            stacked[-1] += columns[0]
        else:
            stacked += [*columns, []]
    return [column for column in stacked if column]


def _banded(across: Sequence[Item], rest: list[Item], gutter: float) -> list[Column]:
    """What stands above each item that crosses the gutter, column by column, then that item."""
    arranged: list[Column] = []
    for item in across:
        above = [other for other in rest if other.box.middle[1] < item.box.middle[1]]
        rest = [other for other in rest if other not in above]
        arranged += _sides(above, gutter)
        if above or not arranged:
            arranged.append([])
        arranged[-1].append(item)
    return arranged + _sides(rest, gutter)


def _sides(items: Sequence[Item], gutter: float) -> list[Column]:
    left = [item for item in items if item.box.middle[0] < gutter]
    right = [item for item in items if item.box.middle[0] >= gutter]
    return [column for side in (left, right) if side for column in _arranged(side)]


def _with_tables(items: Sequence[Item]) -> list[Item]:
    lines = [item for item in items if isinstance(item, Line)]
    found = aligned(lines)
    gone = {id(line) for _, used in found for line in used}
    return [item for item in items if id(item) not in gone] + [table for table, _ in found]


def _gutter(items: Sequence[Item]) -> float | None:
    """Where to part the columns: the place that most gaps between neighbours in a row have in common."""
    if not any(isinstance(item, Line) for item in items):
        return None
    size = _type_size(items)
    votes: Counter[int] = Counter()
    for left, right in _gaps(items):
        if right - left >= 0.6 * size:
            votes.update(range(int(left) // _STEP + 1, int(right) // _STEP + 1))
    if not votes:
        return None
    place = _middle_of_most(votes) * _STEP
    return place if _parts(items, place) else None


def _middle_of_most(votes: Counter[int]) -> float:
    """The middle of the longest run of neighbouring steps that have the most votes."""
    most = max(votes.values())
    runs: list[list[int]] = []
    for step in sorted(step for step, count in votes.items() if count == most):
        if runs and step == runs[-1][-1] + 1:
            runs[-1].append(step)
        else:
            runs.append([step])
    longest = max(runs, key=len)
    return median(longest)


def _gaps(items: Sequence[Item]) -> list[tuple[float, float]]:
    found = []
    for item in items:
        right = [other.box.left for other in items if other.box.left >= item.box.right and item.box.beside(other.box)]
        if right:
            found.append((item.box.right, min(right)))
    return found


def _parts(items: Sequence[Item], place: float) -> bool:
    """Whether real columns stand on both sides."""
    left = [item.box for item in items if item.box.right <= place]
    right = [item.box for item in items if item.box.left >= place]
    if not left or not right or _is_tabular(items, place):
        return False
    tall = _GUTTER_LINES * _type_size(items)
    wide = _GUTTER_SHARE * sum(item.box.area for item in items)
    return all(around(side).height >= tall and sum(box.area for box in side) >= wide for side in (left, right))


def _is_tabular(items: Sequence[Item], place: float) -> bool:
    """Whether short texts left and right belong together row by row, as in a list of goods and prices."""
    lines = [item for item in items if isinstance(item, Line) and not _crosses(item.box, place)]
    sides = ([line for line in lines if line.box.right <= place], [line for line in lines if line.box.left >= place])
    lengths = sorted(median(len(line.words) for line in side) for side in sides if side)
    if len(lengths) < len(sides) or lengths[0] > _CELL_WORDS or lengths[1] > _LONG_CELL_WORDS:
        return False
    fewer, more = sorted(sides, key=len)
    paired = sum(any(_is_level(line, other) for other in more) for line in fewer)
    return paired >= _PAIRED_SHARE * len(fewer)


def _is_level(line: Line, other: Line) -> bool:
    return abs(line.box.middle[1] - other.box.middle[1]) < 0.25 * line.size


def _crosses(box: Box, place: float) -> bool:
    return box.left < place < box.right


def _type_size(items: Sequence[Item]) -> float:
    return median([item.size for item in items if isinstance(item, Line)] or [28.0])
