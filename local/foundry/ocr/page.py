"""What an engine finds on a page: boxes in pixels of the rendered page, words, lines and blocks in reading order."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

DPI = 200
BlockKind = Literal["title", "text", "list", "caption"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels, origin top left."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Horizontal extent."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Vertical extent."""
        return self.bottom - self.top

    @property
    def area(self) -> float:
        """Surface in square pixels; zero for an empty box."""
        return max(0.0, self.width) * max(0.0, self.height)

    @property
    def middle(self) -> tuple[float, float]:
        """The centre as (x, y)."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def overlap(self, other: "Box") -> "Box":
        """The common part, of zero area if there is none."""
        return Box(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def holds(self, other: "Box", share: float = 0.6) -> bool:
        """Whether at least this share of the other box lies inside."""
        common = self.overlap(other)
        return common.width > 0 and common.height > 0 and common.area >= share * other.area

    def grown(self, margin: float) -> "Box":
        """The box with a margin on every side."""
        return Box(self.left - margin, self.top - margin, self.right + margin, self.bottom + margin)

    def beside(self, other: "Box", share: float = 0.5) -> bool:
        """Whether both stand in one row: their vertical overlap is at least this share of the lower height."""
        common = min(self.bottom, other.bottom) - max(self.top, other.top)
        return common >= share * min(self.height, other.height)


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds all of them; raises ValueError when there are none."""
    every = list(boxes)
    return Box(
        min(box.left for box in every),
        min(box.top for box in every),
        max(box.right for box in every),
        max(box.bottom for box in every),
    )


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its box and the reader's confidence, 0 to 1 (1 for a PDF's own text)."""

    text: str
    box: Box
    confidence: float = 1.0


@dataclass(frozen=True)
class Line:
    """A run of words on one baseline without a wide gap; `size` is the height of its type in pixels."""

    words: tuple[Word, ...]
    size: float
    bold: bool = False

    @property
    def text(self) -> str:
        """The words with single spaces between them."""
        return " ".join(word.text for word in self.words)

    @cached_property
    def box(self) -> Box:
        """The box around all words."""
        return around(word.box for word in self.words)


@dataclass(frozen=True)
class TextBlock:
    """A heading (`level` 1 to 3), paragraph, list or caption: its text as Markdown without heading marks."""

    kind: BlockKind
    text: str
    box: Box
    words: tuple[Word, ...] = ()
    level: int = 0


@dataclass(frozen=True)
class TableBlock:
    """A table: rows of cell texts, all rows of equal length, the first one the head."""

    rows: tuple[tuple[str, ...], ...]
    box: Box
    words: tuple[Word, ...] = ()


@dataclass(frozen=True)
class FigureBlock:
    """A picture or drawing, cut out of the page as a JPEG."""

    jpeg: bytes
    box: Box
    caption: str = ""


Block = TextBlock | TableBlock | FigureBlock


@dataclass(frozen=True)
class PageReading:
    """One page as an engine read it: size in pixels, blocks in reading order, link targets."""

    index: int
    width: int
    height: int
    blocks: tuple[Block, ...]
    hyperlinks: tuple[str, ...] = ()
    dpi: int = field(default=DPI)
