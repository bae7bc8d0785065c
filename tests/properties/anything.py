"""What strangers may send: values of every kind, in every place, and bytes that are nearly right."""

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

FEW, SOME, MANY = (
    settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    for examples in (40, 120, 250)
)

TEXT = st.text(st.characters(), max_size=30)  # with halves of letters, which JSON can carry
NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, -1, 2**63, float("inf")])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
DEEP = st.integers(1, 60_000).flatmap(lambda depth: st.sampled_from([b"[" * depth, b'{"a":' * depth]))


def objects(likely: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Objects with any of these keys, each with a likely value or with any."""
    return st.fixed_dictionaries({}, optional={key: value | VALUES for key, value in likely.items()})


def as_json(values: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """Their JSON."""
    return values.map(lambda value: json.dumps(value).encode())


def no_json(values: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """What is not quite their JSON, or not at all: cut, changed, far too deep, any bytes."""
    return as_json(values).flatmap(damaged) | DEEP | st.binary()


def damaged(data: bytes) -> st.SearchStrategy[bytes]:
    """The bytes as they are, cut, or with some of them changed."""
    places = st.integers(0, max(len(data) - 1, 0))
    changes = st.lists(st.tuples(places, st.binary(max_size=4)), min_size=1, max_size=6)
    return st.just(data) | places.map(lambda end: data[:end]) | changes.map(lambda made: _changed(data, made))


def _changed(data: bytes, changes: list[tuple[int, bytes]]) -> bytes:
    for place, new in changes:
        data = data[:place] + new + data[place + len(new) :]
    return data
