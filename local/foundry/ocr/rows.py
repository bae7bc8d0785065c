"""Boxes that stand side by side, grouped into rows."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from local.foundry.ocr.page import Box, around


class Boxed(Protocol):
    """Anything with a box."""

    @property
    def box(self) -> Box:
        """Where it stands."""


Item = TypeVar("Item", bound=Boxed)


def rows_of(items: Iterable[Item]) -> list[list[Item]]:
    """Rows from top to bottom, each from left to right."""
    rows: list[list[Item]] = []
    for item in sorted(items, key=lambda item: item.box.middle[1]):
        if rows and around(other.box for other in rows[-1]).beside(item.box):
            rows[-1].append(item)
        else:
            rows.append([item])
    return [sorted(row, key=lambda item: item.box.left) for row in rows]
