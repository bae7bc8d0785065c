"""Page selections as people write them: `1-3,7`, counted from 1."""

import re

from shared.errors import Invalid

_RANGE = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")


def parse(selection: str) -> tuple[int, ...]:
    """The page numbers that a selection names, in order and once each.

    Raises:
        Invalid: not a selection.
    """
    ranges = sorted(_range(item, selection) for item in selection.split(","))
    numbers: list[int] = []
    for first, last in ranges:
        numbers.extend(range(max(first, numbers[-1] + 1 if numbers else first), last + 1))
    return tuple(numbers)


def _range(item: str, selection: str) -> tuple[int, int]:
    match = _RANGE.fullmatch(item.strip())
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last:
        raise Invalid(
            f"The page selection {selection[:60]!r} cannot be read; write pages like 1-3,7, counted from 1.",
            code="invalid_pages",
        )
    return first, last


def text(numbers: tuple[int, ...]) -> str:
    """The shortest selection that names these page numbers."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def select(selection: str | None, count: int) -> tuple[int, ...]:
    """The selected pages of a document of `count` pages; all of them when nothing is selected.

    Raises:
        Invalid: a page is selected that the document does not have.
    """
    numbers = parse(selection) if selection else tuple(range(1, count + 1))
    if numbers[-1] > count:
        raise Invalid(
            f"Page {numbers[-1]} was asked for, but the document has {count} page{'s' if count > 1 else ''}.",
            code="invalid_pages",
        )
    return numbers
