"""Answers spoiled on request, in both shapes and every form."""

import base64
import json
import math
import struct
from typing import Any

import pytest

from local.foundry.embeddings.spoiling import Spoiling, spoiled

NUMBERS = [0.5, -0.5] * 8


def packed(numbers: list[float]) -> str:
    """Numbers as base64."""
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def entries(kind: Spoiling, vector: Any = NUMBERS) -> list[dict[str, Any]]:
    """What becomes of `data` with two vectors."""
    data = [{"index": index, "object": "embedding", "embedding": vector} for index in range(2)]
    return list(json.loads(spoiled(json.dumps({"data": data}).encode(), kind))["data"])


def forms(kind: Spoiling, **embeddings: Any) -> dict[str, Any]:
    """What becomes of Cohere's `embeddings`."""
    return dict(json.loads(spoiled(json.dumps({"embeddings": embeddings}).encode(), kind))["embeddings"])


def test_one_vector_stands_for_all() -> None:
    """However many inputs there were, one vector comes."""
    assert [entry["index"] for entry in entries("one_vector")] == [0]
    assert forms("one_vector", float=[NUMBERS, NUMBERS], ubinary=[[1], [2]]) == {"float": [NUMBERS], "ubinary": [[1]]}


def test_vectors_come_short() -> None:
    """Eight elements are missing, in lists and in base64."""
    assert entries("short_vectors")[1]["embedding"] == NUMBERS[:8]
    assert entries("short_vectors", packed(NUMBERS))[0]["embedding"] == packed(NUMBERS[:8])
    assert forms("short_vectors", float=[NUMBERS]) == {"float": [NUMBERS[:8]]}


def test_vectors_hold_what_is_no_number() -> None:
    """The first float is NaN, in lists and in base64; whole numbers cannot be."""
    assert math.isnan(entries("nan_vectors")[0]["embedding"][0])
    [first, *_] = struct.unpack("<16f", base64.b64decode(entries("nan_vectors", packed(NUMBERS))[0]["embedding"]))
    assert math.isnan(first)
    assert forms("nan_vectors", int8=[[1, 2]]) == {"int8": [[1, 2]]}


def test_vectors_are_all_zeros() -> None:
    """No element is left, in any form."""
    assert not any(entries("zero_vectors")[0]["embedding"])
    assert entries("zero_vectors", packed(NUMBERS))[0]["embedding"] == packed([0.0] * 16)
    assert forms("zero_vectors", int8=[[1, -2]]) == {"int8": [[0, 0]]}


def test_indexes_are_the_same_or_missing() -> None:
    """Every entry says 1, or none says anything; not even a single entry is in order then."""
    assert [entry["index"] for entry in entries("same_index")] == [1, 1]
    assert not any("index" in entry for entry in entries("no_index"))


@pytest.mark.parametrize("body", [b"null", b"[1]", b"event: x\n", b'{"data": [{"b64_json": "x"}]}', b'{"error": {}}'])
def test_an_answer_without_vectors_stays_as_it_is(body: bytes) -> None:
    """Nothing but vectors is spoiled."""
    assert spoiled(body, "zero_vectors") == body
