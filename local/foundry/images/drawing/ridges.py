"""Lines of hills and mountains, finer with more detail and the same from afar."""

import math
from random import Random

from local.foundry.images.drawing.canvas import Point
from local.foundry.images.drawing.dice import dice_for

_STEPS = 240


def ridge(dice: Random, top: float, height: float, *, peaks: float, roughness: float, octaves: int) -> list[Point]:
    """A line from left to right that stays about within `height` below `top`.

    `peaks` is how many there are across; `roughness` 0 gives round hills, 1 jagged mountains.
    """
    seed = dice.random()
    waves = [_Wave(dice_for(seed, octave), peaks * 2**octave) for octave in range(octaves)]
    raw = [
        sum(wave.at(step / _STEPS, roughness) / 2.1**k for k, wave in enumerate(waves)) for step in range(_STEPS + 1)
    ]
    return [(step / _STEPS, top + height * (0.5 - value / 1.6)) for step, value in enumerate(raw)]


def above_bottom(line: list[Point]) -> list[Point]:
    """The line closed along the lower edge of the canvas."""
    return [*line, (1.0, 1.0), (0.0, 1.0)]


def height_at(line: list[Point], x: float) -> float:
    """The line's height at x."""
    return line[round(min(max(x, 0.0), 1.0) * _STEPS)][1]


class _Wave:
    """Random heights between -0.8 and 0.8, joined by curves or straight lines."""

    def __init__(self, dice: Random, count: float) -> None:
        self._count = count
        self._shift = dice.random()
        self._heights = [dice.uniform(-0.8, 0.8) for _ in range(math.ceil(count) + 3)]

    def at(self, x: float, roughness: float) -> float:
        place = x * self._count + self._shift
        left, share = int(place), place % 1
        curve = (1 - math.cos(math.pi * share)) / 2
        share = share * roughness + curve * (1 - roughness)
        return self._heights[left] * (1 - share) + self._heights[left + 1] * share
