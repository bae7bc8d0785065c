"""How a picture looks: the rough arrangement of its light and colours as numbers, and words that describe it.

The arrangement is the low frequencies of a picture of 32 by 32 pixels, which scaling and recompression leave alone. The
words are guesses from colours and where they are; nothing here knows what a picture shows.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]
Masks = dict[str, NDArray[np.bool_]]
_EDGE = 32
_DETAIL_EDGE = 256
_LIGHT_WAVES, _COLOUR_WAVES = 5, 3
_LIGHT, _COLOUR = 0.8, 0.6
_FAINT = 4.0
_LEAST_SHARE = 0.03
_STEP = 24
_HUES = (
    ("red", 15),
    ("orange", 42),
    ("yellow", 68),
    ("green", 174),
    ("turquoise", 192),
    ("blue", 258),
    ("purple", 310),
    ("pink", 342),
    ("red", 361),
)
_WARM = ("red", "orange", "yellow", "pink", "purple")

_steps = np.arange(_EDGE, dtype=np.float32)
_WAVES: Floats = np.cos(np.pi / _EDGE * (_steps[None, :] + 0.5) * np.arange(_LIGHT_WAVES, dtype=np.float32)[:, None])


def arrangement(picture: Image.Image) -> Floats:
    """42 numbers, near those of pictures that look alike; zero where the picture is blank, or has no colours.

    `picture` is RGB. The brightness as a whole and the strength of contrasts and colours are left out.
    """
    small = np.asarray(picture.resize((_EDGE, _EDGE), Image.Resampling.BOX).convert("YCbCr"), np.float32)
    light = _waves(small[:, :, 0], _LIGHT_WAVES)[1:]
    colours = np.concatenate([_waves(small[:, :, channel] - 128, _COLOUR_WAVES) for channel in (1, 2)])
    return np.concatenate([_LIGHT * _even(light), _COLOUR * _even(colours)])


def words(picture: Image.Image) -> dict[str, float]:
    """Words for an RGB picture, with weights from 0 to 1; never none."""
    small = np.asarray(picture.resize((_EDGE, _EDGE), Image.Resampling.BOX).convert("HSV"), np.float32)
    masks = _colours(small)
    shares = {name: float(mask.mean()) for name, mask in masks.items()}
    found = {name: share**0.5 for name, share in shares.items() if share >= _LEAST_SHARE}
    return found | dict(_guesses(masks, float(small[:, :, 2].mean()) / 255, _detail(picture)))


def _waves(plane: Floats, count: int) -> Floats:
    waves = _WAVES[:count]
    return np.asarray(waves @ plane @ waves.T, np.float32).ravel()


def _even(waves: Floats) -> Floats:
    """In length one, whatever their strength, unless they are too faint to be anything but noise."""
    length = np.linalg.norm(waves)
    return np.asarray(waves / length, np.float32) if length > _FAINT * _EDGE**2 else np.zeros_like(waves)


def _colours(picture: Floats) -> Masks:
    """Which pixels have which colour; every pixel has one."""
    hue, saturation, value = picture[:, :, 0] * (360 / 256), picture[:, :, 1] / 255, picture[:, :, 2] / 255
    black, pale = value < 0.2, saturation < 0.16
    masks: Masks = {"black": black, "white": ~black & pale & (value > 0.82)}
    masks["grey"] = ~black & pale & ~masks["white"]
    hued, lower = ~black & ~pale, 0
    for name, upper in _HUES:
        here = hued & (hue >= lower) & (hue < upper)
        masks[name] = masks[name] | here if name in masks else here
        lower = upper
    dim, faint = value < 0.62, (saturation < 0.5) & (value > 0.8)
    masks["brown"], masks["orange"] = masks["orange"] & dim, masks["orange"] & ~dim
    masks["pink"], masks["red"] = masks["pink"] | (masks["red"] & faint), masks["red"] & ~faint
    return masks


def _guesses(masks: Masks, brightness: float, detail: float) -> Iterator[tuple[str, float]]:
    upper, lower = slice(_EDGE // 2), slice(_EDGE // 2, _EDGE)
    paper = float((masks["white"] | masks["grey"]).mean())
    if brightness < 0.4:
        yield "night", 0.8
    if paper > 0.6 and detail > 0.03:
        yield ("chart" if paper < 0.93 else "document"), 0.8
    if sum(float(masks[name][upper].mean()) for name in _WARM) > 0.5:
        yield "sunset", 0.5
    if float(masks["green"][lower].mean()) > 0.3:
        yield "meadow", 0.5


def _detail(picture: Image.Image) -> float:
    """The share of pixels that differ much from their neighbour."""
    grey = picture.convert("L")
    grey.thumbnail((_DETAIL_EDGE, _DETAIL_EDGE), Image.Resampling.BOX)
    values = np.asarray(grey, np.int16)
    return float((np.abs(np.diff(values, axis=1)) > _STEP).mean()) if values.shape[1] > 1 else 0.0
