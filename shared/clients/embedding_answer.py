"""An embedding answer: right, or refused.

Services are known to answer 200 with an empty body, with one vector for many inputs, or with vectors that are none;
what such a vector stands for cannot be told, so none is kept.
"""

import base64
import sys
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.clients.embeddings import EmbeddingRequest, answered
from shared.errors import Incomplete
from shared.messages import EmbeddingUsage

_RANGES = {"int8": (-128, 127), "uint8": (0, 255), "binary": (-128, 127), "ubinary": (0, 255)}
_LARGEST = 3.4e38  # of a 32-bit float; NaN is never within
_PACKED = ("binary", "ubinary")
_BITS = tuple(tuple(1.0 if byte >> (7 - bit) & 1 else -1.0 for bit in range(8)) for byte in range(256))


@dataclass(frozen=True)
class Vector:
    """One vector as it was sent, base64 decoded.

    `packed` numbers hold eight dimensions each, the first in the highest bit; those that are `signed` are 128 lower
    than the byte that they stand for.
    """

    numbers: tuple[float, ...] | tuple[int, ...]
    packed: bool = False
    signed: bool = False

    def floats(self) -> "array[float]":
        """One number a dimension; packed bits become -1 and 1."""
        if not self.packed:
            return array("f", self.numbers)
        offset = 128 if self.signed else 0
        return array("f", [bit for number in self.numbers for bit in _BITS[int(number) + offset]])

    @property
    def dimensions(self) -> int:
        """Its length."""
        return len(self.numbers) * 8 if self.packed else len(self.numbers)


@dataclass(frozen=True)
class EmbeddingAnswer:
    """The vectors of an answer in the order of what was asked, and what was counted."""

    vectors: tuple[Vector, ...]
    usage: EmbeddingUsage

    @classmethod
    def read(cls, path: Path, request: EmbeddingRequest, dimensions: int | None) -> "EmbeddingAnswer":
        """The answer in a file; `dimensions` is the length that was promised, None where nobody tells.

        Raises:
            Unavailable: it is empty, cut, `null` or no embedding answer.
            Incomplete: it has too few or too many vectors, or one that is none, with what is wrong.
        """
        told = answered(path)
        sent = _cohere(told, request) if request.route == "cohere" else _in_order(told)
        if len(sent) != request.vectors:
            raise Incomplete(f"The model answered {request.vectors} inputs with {len(sent)} vectors.")
        vectors = tuple(_vector(one, request.encoding_format) for one in sent)
        promised = dimensions or vectors[0].dimensions
        for number, vector in enumerate(vectors, 1):
            _check(vector, promised, f"{number} of {len(vectors)}")
        return cls(vectors, _cohere_usage(told, request) if request.route == "cohere" else _usage(told, request))


def _in_order(told: Mapping[str, Any]) -> list[Any]:
    items = [item if isinstance(item, dict) else {} for item in _list(told.get("data"))]
    by_index = {item["index"]: item.get("embedding") for item in items if isinstance(item.get("index"), int)}
    if by_index.keys() != set(range(len(items))):
        raise Incomplete("The model answered with vectors whose indexes do not say which input each belongs to.")
    return [by_index[index] for index in range(len(items))]


def _cohere(told: Mapping[str, Any], request: EmbeddingRequest) -> list[Any]:
    by_format = told.get("embeddings")
    return _list(by_format.get(request.encoding_format) if isinstance(by_format, dict) else None)


def _vector(sent: Any, encoding_format: str) -> Vector:
    """The numbers as numbers.

    Raises:
        Incomplete: they are none, or none of this format.
    """
    numbers = _decoded(sent) if encoding_format == "base64" else _list(sent)
    kinds = {float, int} if encoding_format in ("float", "base64") else {int}
    least, most = _RANGES.get(encoding_format, (-_LARGEST, _LARGEST))
    if not set(map(type, numbers)) <= kinds or not all(least <= number <= most for number in numbers):
        raise Incomplete(f"The model answered with a vector that is not one of finite {encoding_format} numbers.")
    return Vector(tuple(numbers), encoding_format in _PACKED, encoding_format == "binary")


def _decoded(sent: Any) -> list[float]:
    """Little-endian 32-bit floats in base64, as the packages `openai` and `cohere` read them."""
    try:
        numbers = array("f", base64.b64decode(sent, validate=True))
    except (TypeError, ValueError):
        raise Incomplete("The model answered with a vector that is not base64 of 32-bit numbers.") from None
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()


def _check(vector: Vector, dimensions: int, which: str) -> None:
    if vector.dimensions != dimensions:
        raise Incomplete(
            f"The model answered with a vector of {vector.dimensions} dimensions instead of {dimensions} ({which})."
        )
    if not any(vector.numbers):
        raise Incomplete(f"The model answered with a vector of nothing but zeros ({which}).")


def _usage(told: Mapping[str, Any], request: EmbeddingRequest) -> EmbeddingUsage:
    """What was counted; these routes tell one number, and take pictures one by one."""
    tokens = _count(_dict(told.get("usage")).get("prompt_tokens"))
    if request.image is None:
        return EmbeddingUsage(text_tokens=tokens, image_tokens=0, images=0)
    return EmbeddingUsage(text_tokens=0, image_tokens=tokens, images=1)


def _cohere_usage(told: Mapping[str, Any], request: EmbeddingRequest) -> EmbeddingUsage:
    """What was billed; Cohere leaves out, or sends as null, what it does not count."""
    units = _dict(_dict(told.get("meta")).get("billed_units"))
    texts, tokens, images = (_count(units.get(name)) for name in ("input_tokens", "image_tokens", "images"))
    if request.image is None:
        return EmbeddingUsage(text_tokens=texts, image_tokens=tokens or 0, images=images or 0)
    return EmbeddingUsage(text_tokens=texts or 0, image_tokens=tokens, images=images)


def _count(value: Any) -> int | None:
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    return int(value) if known and 0 <= value < float("inf") else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
