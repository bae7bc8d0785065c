"""The forms in which a vector is sent.

`base64` is float32 in little-endian order. Eight-bit numbers count in steps of 1/32 of a standard deviation of the
vector's elements, cut at their ends; the bits of `binary` and `ubinary` are the signs, packed eight to a number.
"""

import base64
from collections.abc import Callable, Mapping

import numpy as np

from local.foundry.embeddings.space import Vector

Sent = list[float] | list[int] | str
_STEPS = 32
_DECIMALS = 9


def sent(vector: Vector, form: str) -> Sent:
    """A vector of unit length in one of the forms."""
    return _FORMS[form](vector)


def _floats(vector: Vector) -> list[float]:
    return [float(number) for number in vector.astype(np.float64).round(_DECIMALS)]


def _base64(vector: Vector) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()


def _int8(vector: Vector) -> list[int]:
    steps = np.rint(vector * np.sqrt(vector.size) * _STEPS)
    return [int(number) for number in np.clip(steps, -128, 127)]


def _ubinary(vector: Vector) -> list[int]:
    return [int(number) for number in np.packbits(vector > 0)]


_FORMS: Mapping[str, Callable[[Vector], Sent]] = {
    "float": _floats,
    "base64": _base64,
    "int8": _int8,
    "uint8": lambda vector: [number + 128 for number in _int8(vector)],
    "binary": lambda vector: [number - 128 for number in _ubinary(vector)],
    "ubinary": _ubinary,
}
