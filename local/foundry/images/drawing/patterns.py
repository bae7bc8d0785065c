"""Pictures without a place: shapes, tiles, scales, rays and orbits."""

import math
from collections.abc import Mapping
from random import Random

from local.foundry.images.drawing.canvas import Canvas, Point
from local.foundry.images.drawing.dice import dice_for
from local.foundry.images.drawing.palette import BLACK, WHITE, Colour, Palette, mix

_CORNERS = {"square": (4, math.pi / 4), "triangle": (3, -math.pi / 2)}
_ARC = [(math.cos(step * math.pi / 48), math.sin(step * math.pi / 48)) for step in range(97)]
_QUARTER = _ARC[:25]
_OUTLINES = (
    [(0.0, 0.0), *_QUARTER],
    [(0.5 + 0.5 * x, 0.5 * y) for x, y in _ARC[:49]],
    [(0.5 + 0.42 * x, 0.5 + 0.42 * y) for x, y in _ARC],
    [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)],
    [*_QUARTER, *((1 - x, 1 - y) for x, y in _QUARTER)],
)


def shapes(canvas: Canvas, dice: Random, colours: Palette, named: Mapping[str, Colour | None]) -> None:
    """The shapes that the prompt names: one large each, and small ones around them."""
    canvas.fade(mix(colours.horizon, WHITE, 0.35), colours.horizon, 0.0, 1.0)
    for _ in range(8 + 5 * canvas.detail):
        place = (dice.random(), dice.random() * 0.9)
        tone = mix(dice.choice(colours.all()), colours.horizon, dice.uniform(0.35, 0.75))
        _shape(canvas, dice.choice(list(named)), place, dice.uniform(0.015, 0.06), tone, turn=dice.random())
    for number, (name, colour) in enumerate(named.items()):
        place = ((number + 1) / (len(named) + 1), 0.45 + 0.06 * (-1) ** number * (len(named) > 1))
        size, tone = 0.32 / len(named) ** 0.6, colour or colours.all()[number % 2]
        _shape(canvas, name, (place[0] + 0.012, place[1] + 0.016), size, mix(colours.horizon, BLACK, 0.25))
        _shape(canvas, name, place, size, tone)
        _shape(canvas, name, place, size * 0.72, mix(tone, WHITE, 0.14))


def _shape(canvas: Canvas, name: str, place: Point, size: float, tone: Colour, *, turn: float = 0.0) -> None:
    if name == "circle":
        canvas.disc(*place, size, tone)
        return
    count, start = _CORNERS[name]
    across, down = size * canvas.unit / canvas.width, size * canvas.unit / canvas.height
    angles = [start + 2 * math.pi * (corner + turn) / count for corner in range(count)]
    canvas.polygon([(place[0] + across * math.cos(a), place[1] + down * math.sin(a)) for a in angles], tone)


def tiles(canvas: Canvas, dice: Random, colours: Palette) -> None:
    """A grid in which each tile holds a quarter, a half or a whole circle, a triangle or a leaf."""
    across = dice.choice((4, 5, 6))
    columns = max(1, round(across * max(1.0, canvas.ratio)))
    rows = max(1, round(columns / canvas.ratio))
    for number in range(columns * rows):
        column, row = number % columns, number // columns
        ground, figure, dot = dice.sample(colours.all(), 3)
        frame = (column / columns, row / rows, (column + 1) / columns, (row + 1) / rows)
        canvas.box(*frame, ground)
        _tile(canvas, frame, dice.randrange(len(_OUTLINES)), dice.randrange(4), figure)
        if dice.random() < 0.4 and canvas.detail > 1:
            middle = ((frame[0] + frame[2]) / 2, (frame[1] + frame[3]) / 2)
            canvas.disc(*middle, 0.09 * canvas.height / rows / canvas.unit, dot)


def _tile(canvas: Canvas, frame: tuple[float, float, float, float], kind: int, turn: int, tone: Colour) -> None:
    left, top, right, bottom = frame
    turned = [_turned(x, y, turn) for x, y in _OUTLINES[kind]]
    canvas.polygon([(left + (right - left) * x, top + (bottom - top) * y) for x, y in turned], tone)


def _turned(x: float, y: float, quarters: int) -> Point:
    for _ in range(quarters):
        x, y = 1 - y, x
    return x, y


def scales(canvas: Canvas, dice: Random, colours: Palette) -> None:
    """Rows of overlapping arcs, as on a wave-patterned cloth."""
    size, rings = dice.uniform(0.08, 0.13), 2 + canvas.detail
    across, down = size * canvas.unit / canvas.width, size * canvas.unit / canvas.height
    canvas.fade(colours.horizon, colours.far, 0.0, 1.0)
    for row in range(math.ceil(2 / down) + 3):
        y = row * down / 2
        for column in range(math.ceil(0.5 / across) + 1):
            x = (2 * column + row % 2) * across
            tone = mix(colours.far, colours.near, min(1.0, max(0.0, y + dice.uniform(-0.2, 0.2))))
            for ring in range(rings):
                band = mix(colours.light, tone, 0.15) if ring % 2 else tone
                canvas.disc(x, y, size * (1 - ring / rings) * 0.97, band)


def rays(canvas: Canvas, dice: Random, colours: Palette) -> None:
    """Beams from a disc, straight or twisted, in two colours that take turns."""
    middle, count, twist = (dice.uniform(0.25, 0.75), dice.uniform(0.3, 0.65)), dice.randint(7, 17), dice.gauss(0, 1)
    ground, tones = mix(colours.horizon, WHITE, 0.3), dice.sample(colours.all(), 2)
    canvas.fade(ground, mix(ground, colours.accent, 0.25), 0.0, 1.0)
    for beam in range(2 * count):
        start = math.pi * beam / count
        reach = [(0.12 * step, start + 0.12 * twist * step) for step in range(16)]
        outline = [*reach, *((radius, angle + math.pi / count / 2) for radius, angle in reversed(reach))]
        canvas.polygon([_around(canvas, middle, radius, angle) for radius, angle in outline], tones[beam % 2])
    size, rings = dice.uniform(0.12, 0.3), 2 + canvas.detail
    for ring in range(rings):
        tone = (colours.near, colours.light, colours.far)[ring % 3]
        canvas.disc(*middle, size * (1 - ring / rings), tone)


def orbits(canvas: Canvas, dice: Random, colours: Palette) -> None:
    """Rings around a light, each with something that travels on it."""
    x, y = dice.uniform(0.3, 0.7), dice.uniform(0.35, 0.55)
    canvas.fade(mix(colours.near, BLACK, 0.5), mix(colours.near, colours.far, 0.35), 0.0, 1.0)
    _dust(canvas, dice_for(x, y), colours.near)
    canvas.glow(x, y, 0.3, colours.light, 0.55)
    for ring in range(9, 0, -1):
        radius = 0.09 + ring * 0.075
        ground, angle = canvas.colour_at(0.5, 0.5), dice.uniform(0, 2 * math.pi)
        _circle(canvas, (x, y), radius, mix(colours.far, ground, 0.25 + ring * 0.05))
        place = _around(canvas, (x, y), radius, angle)
        canvas.disc(*place, dice.uniform(0.01, 0.035), dice.choice((colours.accent, colours.far, colours.horizon)))
    canvas.disc(x, y, 0.085, colours.light)


def _dust(canvas: Canvas, dice: Random, ground: Colour) -> None:
    for _ in range(60 * canvas.detail):
        canvas.disc(dice.random(), dice.random(), dice.uniform(0.0008, 0.002), mix(ground, WHITE, dice.random()))


def _circle(canvas: Canvas, middle: Point, radius: float, tone: Colour) -> None:
    canvas.line([_around(canvas, middle, radius, math.pi * step / 90) for step in range(181)], tone, 0.0025)


def _around(canvas: Canvas, middle: Point, radius: float, angle: float) -> Point:
    across, down = radius * canvas.unit / canvas.width, radius * canvas.unit / canvas.height
    return middle[0] + across * math.cos(angle), middle[1] + down * math.sin(angle)
