"""Which vectors are nearest to one, and how a match reads."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cli.similar_results import Numbers, Result

_ROWS_AT_ONCE = 4096
_WORDS = 60  # characters


@dataclass(frozen=True)
class Match:
    """A vector that is near: its cosine similarity, where it lies, and what is told of it."""

    rank: int
    similarity: float
    file: str
    row: int
    about: dict[str, Any]

    @property
    def what(self) -> str:
        """The input that it is of, in words: a blob, a document's page or figure, the beginning of a text."""
        named = self.about.get("input", {})
        page = f"page {named['page']}" if "page" in named else None
        blob = named.get("image") or named.get("text_blob") or named.get("document")
        place = ", ".join(filter(None, (blob, page, named.get("figure"))))
        return ": ".join(filter(None, (place, _beginning(self.about.get("text", ""))))) or f"row {self.row}"

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON has them; of what is told, all but the vector."""
        told: dict[str, Any] = {key: self.about[key] for key in ("input", "text", "chunk") if key in self.about}
        return {"rank": self.rank, "similarity": self.similarity, "file": self.file, "row": self.row, **told}


def nearest(query: Numbers, results: Sequence[Result], top: int) -> list[Match]:
    """The vectors most similar to a query, the nearest first; of equals the first comes first.

    Raises:
        WrongUseError: what is told does not belong to the vectors.
    """
    near = [(similarity, at, row) for at, result in enumerate(results) for similarity, row in _near(query, result, top)]
    best = heapq.nlargest(top, near, key=lambda one: one[0])
    told = [result.about({row for _, at, row in best if at == number}) for number, result in enumerate(results)]
    return [
        Match(rank, round(similarity, 4), results[at].name, row, told[at].get(row, {}))
        for rank, (similarity, at, row) in enumerate(best, 1)
    ]


def _near(query: Numbers, result: Result, top: int) -> Iterator[tuple[float, int]]:
    """The nearest of each block of rows, so that memory holds one block."""
    for start in range(0, len(result.numbers), _ROWS_AT_ONCE):
        rows = np.asarray(result.numbers[start : start + _ROWS_AT_ONCE], np.float32)
        lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(query)
        with np.errstate(divide="ignore", invalid="ignore"):
            similarities = np.nan_to_num(rows @ query / lengths)  # a vector of zeros is near to nothing
        for at in np.argsort(-similarities, kind="stable")[:top]:
            yield float(similarities[at]), start + int(at)


def _beginning(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _WORDS else f"{words[:_WORDS].rstrip()} …"
