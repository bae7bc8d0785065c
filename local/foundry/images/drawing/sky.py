"""The sky: its light, sun or moon, stars, clouds and birds."""

from random import Random

from local.foundry.images.drawing.canvas import Canvas, Point
from local.foundry.images.drawing.palette import WHITE, Colour, Palette, mix


def sky(canvas: Canvas, colours: Palette, horizon: float) -> None:
    """Colour the whole canvas from zenith to horizon."""
    canvas.fade(colours.zenith, colours.horizon, 0.0, horizon)


def stars(canvas: Canvas, dice: Random, horizon: float) -> None:
    """Scatter stars, more of them with more detail."""
    for _ in range(90 * canvas.detail):
        x, y, size = dice.random(), dice.random() ** 1.4 * horizon, dice.random()
        canvas.disc(x, y, 0.0008 + 0.0016 * size**4, canvas.lighter(x, y, WHITE, 0.35 + 0.65 * size))


def sun(canvas: Canvas, place: Point, radius: float, colour: Colour) -> None:
    """A sun with its glow."""
    canvas.glow(*place, radius * 3.2, mix(colour, WHITE, 0.35), 0.75)
    canvas.disc(*place, radius, colour)
    canvas.disc(*place, radius * 0.93, mix(colour, WHITE, 0.12))


def moon(canvas: Canvas, place: Point, radius: float, colour: Colour) -> None:
    """A moon with its seas."""
    canvas.glow(*place, radius * 2.6, colour, 0.45)
    canvas.disc(*place, radius, colour)
    shade = mix(colour, (120, 120, 140), 0.22)
    for dx, dy, size in ((-0.35, -0.2, 0.28), (0.25, 0.3, 0.2), (0.3, -0.35, 0.15), (-0.2, 0.45, 0.12)):
        canvas.disc(place[0] + dx * radius / max(1, canvas.ratio), place[1] + dy * radius, size * radius, shade)


def clouds(canvas: Canvas, dice: Random, colours: Palette, horizon: float, colour: Colour | None) -> None:
    """Flat-bottomed clouds, each a heap of discs."""
    for _ in range(3 + canvas.detail // 2):
        x, y, size = dice.random(), dice.uniform(0.08, horizon * 0.7), dice.uniform(0.03, 0.06)
        tone = mix(colour or WHITE, colours.horizon, dice.uniform(0.05, 0.35))
        _cloud(canvas, dice, (x, y), size, tone)


def _cloud(canvas: Canvas, dice: Random, place: Point, size: float, tone: Colour) -> None:
    x, y = place
    across = size * canvas.unit / canvas.width
    down = size * canvas.unit / canvas.height
    for step in range(-3, 4):
        reach = size * (1 - abs(step) / 5) * dice.uniform(0.75, 1.1)
        canvas.disc(x + step * across * 0.8, y - reach / size * down, reach, tone)
    canvas.box(x - 2.4 * across, y - down * 0.4, x + 2.4 * across, y, tone)


def birds(canvas: Canvas, dice: Random, colour: Colour, horizon: float) -> None:
    """A loose flock, each bird two strokes of a pen."""
    x, y = dice.uniform(0.2, 0.7), dice.uniform(0.15, horizon * 0.55)
    for _ in range(5 + canvas.detail):
        left, top, span = x + dice.uniform(-0.14, 0.14), y + dice.uniform(-0.07, 0.07), dice.uniform(0.012, 0.024)
        wings = [(-1.0, -0.35), (-0.45, -0.5), (0.0, 0.0), (0.45, -0.5), (1.0, -0.35)]
        canvas.line([(left + dx * span, top + dy * span) for dx, dy in wings], colour, 0.0028)
