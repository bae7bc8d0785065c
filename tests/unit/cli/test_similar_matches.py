"""The nearest come first, and each says what it is."""

from typing import Any

import numpy as np
import pytest

from cli import similar_matches
from cli.similar_matches import Match, nearest
from cli.similar_results import Numbers, Result, Space


def result(rows: Any, name: str = "a") -> Result:
    """Vectors of which nothing is told."""
    numbers = np.asarray(rows, np.float32)
    return Result(name, Space("m", numbers.shape[1]), numbers, None)


def query(*numbers: float) -> Numbers:
    """A vector."""
    return np.asarray(numbers, np.float32)


def found(*results: Result, top: int = 10, vector: Numbers | None = None) -> list[tuple[str, int, float]]:
    """The matches, without what is told."""
    matches = nearest(query(1, 0) if vector is None else vector, results, top)
    assert [match.rank for match in matches] == list(range(1, len(matches) + 1))
    return [(match.file, match.row, match.similarity) for match in matches]


def test_similarity_is_the_cosine_whatever_the_lengths() -> None:
    """The same direction is 1, a right angle 0, the opposite -1."""
    assert found(result([[0, 5], [-2, 0], [0.3, 0.4], [7, 0]]), vector=query(3, 0)) == [
        ("a", 3, 1.0),
        ("a", 2, 0.6),
        ("a", 0, 0.0),
        ("a", 1, -1.0),
    ]


def test_the_best_of_all_results_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever block or file they lie in; as many as were asked for, and of equals the first."""
    monkeypatch.setattr(similar_matches, "_ROWS_AT_ONCE", 2)
    one = result([[0, 1], [1, 1], [1, 0], [0.6, 0.8], [1, 0]], "one")
    two = result([[1, 0], [0, 1], [0.8, 0.6]], "two")

    assert found(one, two, top=4) == [("one", 2, 1.0), ("one", 4, 1.0), ("two", 0, 1.0), ("two", 2, 0.8)]


def test_blocks_agree_with_one_look_at_everything() -> None:
    """More rows than are looked at together, held against the plain formula."""
    rows = np.random.default_rng(7).normal(size=(9000, 16)).astype(np.float32)
    vector = rows[8999] + rows[17]
    plain = rows @ vector / (np.linalg.norm(rows, axis=1) * np.linalg.norm(vector))

    assert [row for _, row, _ in found(result(rows), top=5, vector=vector)] == np.argsort(-plain)[:5].tolist()


def test_a_vector_of_zeros_is_near_to_nothing() -> None:
    """And spoils no order."""
    assert found(result([[0, 0], [1, 0], [-1, 0]])) == [("a", 1, 1.0), ("a", 0, 0.0), ("a", 2, -1.0)]


@pytest.mark.parametrize(
    ("about", "what"),
    [
        ({"input": {"number": 1, "image": "images/cat.png"}}, "images/cat.png"),
        ({"input": {"number": 1}, "text": "A  lighthouse\n\nat dusk"}, "A lighthouse at dusk"),
        ({"input": {"number": 1, "text_blob": "images/a.txt"}, "text": "x" * 70}, f"images/a.txt: {'x' * 60} …"),
        (
            {"input": {"number": 1, "document": "documents/a.pdf", "page": 3}, "text": "# Title"},
            "documents/a.pdf, page 3: # Title",
        ),
        (
            {"input": {"number": 1, "document": "documents/a.pdf", "page": 3, "figure": "figures/page-3-a.jpeg"}},
            "documents/a.pdf, page 3, figures/page-3-a.jpeg",
        ),
        ({}, "row 7"),
    ],
)
def test_a_match_says_what_it_is(about: dict[str, Any], what: str) -> None:
    """The blob, the page and figure, or the first words of a text."""
    assert Match(1, 0.5, "a", 7, about).what == what


def test_json_leaves_the_vector_out() -> None:
    """Programs get what is told of the input."""
    about = {"input": {"number": 1}, "text": "a", "chunk": {"start": 0, "end": 1}, "vector": [1], "model": "m"}

    assert Match(2, 0.5, "v.npy", 7, about).as_json() == {
        "rank": 2,
        "similarity": 0.5,
        "file": "v.npy",
        "row": 7,
        "input": {"number": 1},
        "text": "a",
        "chunk": {"start": 0, "end": 1},
    }
