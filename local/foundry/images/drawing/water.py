"""The sea, what the sun does on it, and a boat."""

from random import Random

from local.foundry.images.drawing.canvas import Canvas, Point
from local.foundry.images.drawing.palette import BLACK, WHITE, Colour, Palette, mix


def sea(canvas: Canvas, dice: Random, colours: Palette, top: float, colour: Colour | None) -> None:
    """Water from `top` to the lower edge, with crests that grow towards the viewer."""
    far = mix(colour, colours.horizon, 0.45) if colour else mix(colours.far, colours.horizon, 0.3)
    near = mix(colour, BLACK, 0.45) if colour else mix(colours.near, colours.zenith, 0.3)
    canvas.fade(far, near, top, 1.0, [(0, top), (1, top), (1, 1), (0, 1)])
    for _ in range(70 * canvas.detail):
        depth = dice.random() ** 1.5
        tone = mix(mix(far, near, depth), WHITE, dice.uniform(0.06, 0.24))
        _crest(canvas, dice, (dice.random(), top + (1 - top) * depth), 0.01 + 0.05 * depth, tone)


def _crest(canvas: Canvas, dice: Random, place: Point, length: float, tone: Colour) -> None:
    x, y = place
    lift = length * 0.07 * dice.uniform(0.4, 1.2)
    canvas.line(
        [(x - length, y), (x - length / 3, y - lift), (x + length / 3, y - lift), (x + length, y)], tone, length / 20
    )


def glitter(canvas: Canvas, dice: Random, place: Point, radius: float, colour: Colour) -> None:
    """The light's path over the water, from `place` on the horizon to the viewer."""
    x, top = place
    for _ in range(60 + 60 * canvas.detail):
        depth = dice.random() ** 1.3
        y = top + (1 - top) * depth + 0.004
        spread = radius * (0.55 + 1.1 * depth) / max(1.0, canvas.ratio)
        middle, length = x + dice.gauss(0, 0.45) * spread, (0.006 + 0.03 * depth) * dice.uniform(0.4, 1.2)
        tone = canvas.lighter(min(max(middle, 0.0), 1.0), y, mix(colour, WHITE, 0.4), dice.uniform(0.35, 0.8))
        canvas.line([(middle - length, y), (middle + length, y)], tone, 0.0015 + 0.004 * depth)


def boat(canvas: Canvas, place: Point, size: float, colours: Palette, colour: Colour | None) -> None:
    """A boat with two sails."""
    x, y = place
    across, down = size * canvas.unit / canvas.width, size * canvas.unit / canvas.height
    hull = [(-1.0, -0.1), (1.05, -0.1), (0.7, 0.28), (-0.7, 0.28)]
    main, jib = [(0.02, -1.7), (0.02, -0.2), (0.95, -0.2)], [(-0.06, -1.45), (-0.06, -0.2), (-0.75, -0.2)]
    sail = colour or mix(WHITE, colours.light, 0.3)
    for shape, tone in ((hull, mix(colours.near, BLACK, 0.4)), (main, sail), (jib, mix(sail, BLACK, 0.1))):
        canvas.polygon([(x + dx * across, y + dy * down) for dx, dy in shape], tone)
    canvas.veil([(x - across, y + down * 0.3), (x + across, y + down * 0.3), (x, y + down * 1.2)], BLACK, 0.18)
