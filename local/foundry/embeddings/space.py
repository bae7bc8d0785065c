"""The space of a model: every feature has a direction of its own in it, and a vector is the sum of weighted features.

A direction is a row of random signs out of the feature's hash, so that two of them are nearly at right angles, and the
first elements of a direction are the direction in fewer dimensions.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
_KEPT = 4096


@lru_cache(maxsize=_KEPT)
def direction(space: str, feature: str, dimensions: int) -> Vector:
    """Where a feature points to in the space of this name: `dimensions` elements, each 1 or -1."""
    packed = hashlib.shake_256(f"{space}\n{feature}".encode()).digest(-(-dimensions // 8))
    bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=dimensions)
    signs: Vector = bits.astype(np.float32) * 2 - 1
    signs.flags.writeable = False
    return signs


def total(space: str, weights: Mapping[str, float], dimensions: int) -> Vector:
    """The sum of features, each times its weight."""
    found = np.zeros(dimensions, np.float32)
    for feature, weight in weights.items():
        found += np.float32(weight) * direction(space, feature, dimensions)
    return found


def unit(vector: Vector) -> Vector:
    """The vector in length one; a zero vector stays what it is."""
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector
