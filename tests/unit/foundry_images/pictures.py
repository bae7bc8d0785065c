"""Pictures and requests for the tests of this folder."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from local.foundry.images.parameters import Wanted

_USUAL = Wanted("a fox", 1, None, "low", "auto", "png", 100, False, 0, "low", False)


def wanted(prompt: str, quality: str = "low") -> Wanted:
    """A request for one picture."""
    return replace(_USUAL, prompt=prompt, quality=quality)


def noise(width: int, height: int, mode: str = "RGBA") -> Image.Image:
    """A picture in which no two neighbours are alike, opaque."""
    values = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values).convert(mode)


def pixels(picture: Image.Image) -> NDArray[np.int16]:
    """The colours as numbers that can be subtracted."""
    return np.asarray(picture.convert("RGB")).astype(np.int16)


def distance(one: Image.Image, other: Image.Image) -> float:
    """How different two pictures are on the average, from 0 to 255."""
    return float(np.abs(pixels(one) - pixels(other)).mean())
