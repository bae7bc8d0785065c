"""A picture of how queues drain."""

from collections.abc import Mapping

from bench.drain_world import World

_WIDTH, _HEIGHT, _LEFT, _TOP = 560, 300, 50, 20
_COLOURS = ("#1b6ca8", "#2e9e5b", "#d1495b")


def plot(drains: Mapping[str, World], ideal: float) -> str:
    """An SVG of the share of jobs done over time, up to twice the ideal; dashed without a pace."""
    lines = [_line(world, number, ideal) for number, world in enumerate(drains.values())]
    names = [
        f'<text x="{_LEFT + _WIDTH + 10}" y="{_TOP + 20 + 20 * number}" fill="{_colour(number)}">{name}</text>'
        for number, name in enumerate(drains)
    ]
    axes = [
        f'<path d="M{_LEFT} {_TOP}V{_TOP + _HEIGHT}H{_LEFT + _WIDTH}" fill="none" stroke="#444"/>',
        f'<path d="M{_LEFT} {_TOP + _HEIGHT}L{_LEFT + _WIDTH / 2} {_TOP}" stroke="#999" stroke-dasharray="2 4"/>',
        *(
            f'<text x="{_LEFT + _WIDTH * part / 4 - 10}" y="{_TOP + _HEIGHT + 20}">{ideal * part / 120:.0f}</text>'
            for part in range(5)
        ),
        f'<text x="{_LEFT}" y="{_TOP + _HEIGHT + 42}">minutes; dotted: the quota\'s ideal; dashed: no pace</text>',
        *(f'<text x="8" y="{_TOP + 5 + _HEIGHT * (4 - part) / 4}">{25 * part} %</text>' for part in range(5)),
    ]
    size = f'width="{_LEFT + _WIDTH + 200}" height="{_TOP + _HEIGHT + 60}"'
    body = "\n".join((*axes, *lines, *names))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _line(world: World, number: int, ideal: float) -> str:
    points = " ".join(
        f"{_LEFT + _WIDTH * seconds / (2 * ideal):.1f},{_TOP + _HEIGHT * (1 - done / world.jobs):.1f}"
        for seconds, done in world.curve
        if seconds <= 2 * ideal
    )
    dashes = "" if world.paced else ' stroke-dasharray="7 5"'
    return f'<polyline points="{points}" fill="none" stroke="{_colour(number)}" stroke-width="2"{dashes}/>'


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]
