"""Spoils finished answers with vectors, in the ways that models have been seen to fail without an error.

Both shapes of answers are known: `data`, a list of entries, and Cohere's `embeddings`, lists of vectors by their form.
"""

import base64
import json
import math
import struct
from collections.abc import Callable, Mapping
from typing import Any, Literal

Spoiling = Literal["one_vector", "short_vectors", "nan_vectors", "zero_vectors", "same_index", "no_index"]
_LOST = 8
_FLOAT_BYTES = 4


def spoiled(body: bytes, kind: Spoiling) -> bytes:
    """The answer with its vectors spoiled; one without vectors stays as it is."""
    try:
        answer = json.loads(body)
    except ValueError:
        return body
    if not isinstance(answer, dict) or not (_has_entries(answer) or isinstance(answer.get("embeddings"), dict)):
        return body
    if _has_entries(answer):
        _spoil_entries(answer, kind)
    else:
        answer["embeddings"] = {form: _list(vectors, kind) for form, vectors in answer["embeddings"].items()}
    return json.dumps(answer).encode()


def _has_entries(answer: Mapping[str, Any]) -> bool:
    entries = answer.get("data")
    return isinstance(entries, list) and all("embedding" in entry for entry in entries)


def _spoil_entries(answer: dict[str, Any], kind: Spoiling) -> None:
    for entry, vector in zip(
        answer["data"], _list([entry["embedding"] for entry in answer["data"]], kind), strict=False
    ):
        entry["embedding"] = vector
        if kind == "same_index":
            entry["index"] = 1
        elif kind == "no_index":
            del entry["index"]
    if kind == "one_vector":
        del answer["data"][1:]


def _list(vectors: list[Any], kind: Spoiling) -> list[Any]:
    if kind == "one_vector":
        return vectors[:1]
    change = _CHANGES.get(kind)
    return [_changed(vector, change) for vector in vectors] if change else vectors


def _changed(vector: Any, change: Callable[[list[Any]], list[Any]]) -> Any:
    """The change done to a list of numbers, or to the floats in a base64 text."""
    if not isinstance(vector, str):
        return change(vector)
    packed = base64.b64decode(vector)
    numbers = change(list(struct.unpack(f"<{len(packed) // _FLOAT_BYTES}f", packed)))
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def _with_nan(numbers: list[Any]) -> list[Any]:
    """Whole numbers stay: they have nothing that is no number."""
    return [math.nan, *numbers[1:]] if isinstance(numbers[0], float) else numbers


_CHANGES: Mapping[str, Callable[[list[Any]], list[Any]]] = {
    "short_vectors": lambda numbers: numbers[:-_LOST],
    "nan_vectors": _with_nan,
    "zero_vectors": lambda numbers: [type(number)() for number in numbers],
}
