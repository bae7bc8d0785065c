"""Mountains, hills, woods and towns, from far to near."""

from random import Random

from local.foundry.images.drawing.canvas import Canvas, Point
from local.foundry.images.drawing.dice import dice_for
from local.foundry.images.drawing.palette import BLACK, WHITE, Colour, Palette, mix
from local.foundry.images.drawing.ridges import above_bottom, height_at, ridge


def mountains(canvas: Canvas, dice: Random, colours: Palette, horizon: float, colour: Colour | None) -> None:
    """Two or more ranges with snow on the peaks and mist at the feet."""
    ranges, seed = 2 + canvas.detail // 3, dice.random()
    for number in range(ranges):
        depth = number / ranges
        top = horizon - 0.36 + 0.13 * depth
        line = ridge(dice_for(seed, number), top, 0.26, peaks=4 + 2 * number, roughness=1.0, octaves=1 + canvas.detail)
        tone = mix(colours.far, colour, 0.75) if colour else colours.ramp(0.1 + 0.5 * depth)
        body = above_bottom(line)
        canvas.fade(mix(tone, BLACK, 0.12), mix(tone, colours.horizon, 0.55), top, horizon + 0.06, body)
        _snow(canvas, dice_for(seed, number, "snow"), line, top + 0.11, mix(WHITE, tone, 0.12))


def _snow(canvas: Canvas, dice: Random, line: list[Point], snow_line: float, tone: Colour) -> None:
    """Fill each stretch of the ridge above the snow line, down to a ragged edge that meets the ridge at both ends."""
    stretch: list[Point] = []
    for x, y in [*line, (1.0, 1.0)]:
        if y < snow_line:
            stretch.append((x, y))
        elif stretch:
            lower = [(x, y + (snow_line - y) * dice.uniform(0.35, 0.8)) for x, y in stretch[::-3]]
            canvas.polygon([*stretch, *lower], tone)
            stretch = []


def hills(canvas: Canvas, dice: Random, colours: Palette, horizon: float, colour: Colour | None) -> list[list[Point]]:
    """Rolling hills down to the lower edge; gives their lines, from far to near."""
    count = 3 + canvas.detail // 2
    lines = []
    for number in range(count):
        depth = number / (count - 1)
        top = horizon - 0.04 + (0.9 - horizon) * depth**1.2
        line = ridge(dice, top, 0.1, peaks=1.6 + depth, roughness=0.0, octaves=2)
        tone = _tone(colours, colour, depth)
        canvas.fade(mix(tone, WHITE, 0.1), mix(tone, BLACK, 0.18), top, top + 0.24, above_bottom(line))
        lines.append(line)
    return lines


def forest(canvas: Canvas, dice: Random, lines: list[list[Point]], colours: Palette, colour: Colour | None) -> None:
    """Firs along the nearer lines."""
    for number, line in enumerate(lines[-3:]):
        depth = number / 2
        tone = mix(mix(colour, BLACK, 0.2 + 0.3 * depth) if colour else colours.ramp(0.55 + 0.45 * depth), BLACK, 0.15)
        for _ in range(14 + 9 * canvas.detail):
            x = dice.random()
            _fir(canvas, (x, height_at(line, x) + 0.012), (0.035 + 0.05 * depth) * dice.uniform(0.7, 1.25), tone)


def _fir(canvas: Canvas, foot: Point, height: float, tone: Colour) -> None:
    x, y = foot
    across = height * 0.24 * canvas.height / canvas.width
    for tier in range(3):
        top, base = y - height * (1 - 0.22 * tier), y - height * (0.56 - 0.24 * tier)
        half = across * (0.55 + 0.25 * tier)
        canvas.polygon([(x, top), (x + half, base), (x - half, base)], tone)
    canvas.box(x - across * 0.1, y - height * 0.1, x + across * 0.1, y + 0.004, mix(tone, BLACK, 0.3))


def city(canvas: Canvas, dice: Random, colours: Palette, ground: float, colour: Colour | None) -> None:
    """A skyline in two depths, with lit windows in the nearer one."""
    for number, (tallest, share) in enumerate(((0.42, 0.35), (0.3, 0.95))):
        tone = _tone(colours, colour, share)
        x = -0.02
        while x < 1.0:
            width = dice.uniform(0.045, 0.1) / max(1.0, canvas.ratio * 0.8)
            top = ground - tallest * dice.uniform(0.35, 1.0)
            _house(canvas, dice, (x, top, x + width, ground), mix(tone, BLACK, dice.uniform(0, 0.18)), bool(number))
            x += width * dice.uniform(0.92, 1.15)


def _house(canvas: Canvas, dice: Random, box: tuple[float, float, float, float], tone: Colour, lit: bool) -> None:
    left, top, right, ground = box
    canvas.box(left, top, right, ground, tone)
    if dice.random() < 0.35:
        middle = (left + right) / 2
        canvas.line([(middle, top - 0.05), (middle, top)], tone, 0.003)
    windows = dice_for(dice.random())
    if lit:
        _windows(canvas, windows, box, tone)


def _windows(canvas: Canvas, dice: Random, box: tuple[float, float, float, float], tone: Colour) -> None:
    left, top, right, ground = box
    columns, rows = 2 + min(canvas.detail, 4), max(1, round((ground - top) * (14 + 6 * canvas.detail)))
    wide, high = (right - left) / columns, (ground - top) / rows
    for number in range(columns * rows):
        x, y = left + (number % columns + 0.3) * wide, top + (number // columns + 0.3) * high
        glows = dice.random() < 0.42
        pane = (255, 220, 140) if glows else mix(tone, BLACK, 0.25)
        canvas.box(x, y, x + wide * 0.42, y + high * 0.45, pane)


def _tone(colours: Palette, colour: Colour | None, depth: float) -> Colour:
    """The palette's tone for what is so near, or the named colour's, hazy when far and dark when near."""
    return mix(mix(colour, colours.horizon, 0.45), mix(colour, BLACK, 0.5), depth) if colour else colours.ramp(depth)
