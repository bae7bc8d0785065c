"""Colours: the words for them, and palettes that go together."""

import colorsys
from dataclasses import dataclass, fields, replace
from random import Random

from PIL import ImageColor

Colour = tuple[int, int, int]

NAMED = {
    "red": "#d1343f",
    "crimson": "#b01736",
    "pink": "#f08cae",
    "orange": "#f28c38",
    "coral": "#f5766a",
    "gold": "#e9b44c",
    "golden": "#e9b44c",
    "yellow": "#f6cf47",
    "lime": "#a4c639",
    "green": "#3f8f5b",
    "emerald": "#14805e",
    "teal": "#1f8a8c",
    "turquoise": "#3fc1c0",
    "blue": "#2f6fb7",
    "navy": "#1d2f5f",
    "indigo": "#433a8c",
    "violet": "#8257b8",
    "purple": "#76419a",
    "brown": "#80543a",
    "white": "#f6f4ee",
    "silver": "#c0c8d0",
    "grey": "#848c94",
    "gray": "#848c94",
    "black": "#20222b",
}


@dataclass(frozen=True)
class Palette:
    """Sky from top to horizon, the light in it, and land or water from far to near."""

    zenith: Colour
    horizon: Colour
    light: Colour
    far: Colour
    near: Colour
    accent: Colour

    def ramp(self, share: float) -> Colour:
        """The colour of what is so far away: 0 is far, 1 is near."""
        return mix(self.far, self.near, share)

    def all(self) -> tuple[Colour, ...]:
        """Every colour, for patterns."""
        return (self.near, self.accent, self.far, self.light, self.horizon, self.zenith)

    def turned(self, share: float) -> "Palette":
        """The palette with its hues moved around the colour wheel by this share of it."""
        return Palette(*(_turned(getattr(self, field.name), share) for field in fields(self)))

    def tinted(self, colour: Colour) -> "Palette":
        """The palette bent towards a colour that the prompt names."""
        return replace(
            self,
            zenith=mix(self.zenith, colour, 0.7),
            horizon=mix(mix(self.horizon, colour, 0.45), WHITE, 0.25),
            far=mix(self.far, colour, 0.75),
            near=mix(mix(self.near, colour, 0.6), BLACK, 0.35),
        )


def _turned(colour: Colour, share: float) -> Colour:
    hue, lightness, saturation = colorsys.rgb_to_hls(*(part / 255 for part in colour))
    red, green, blue = (round(part * 255) for part in colorsys.hls_to_rgb((hue + share) % 1, lightness, saturation))
    return red, green, blue


def rgb(text: str) -> Colour:
    """A colour written as #rrggbb."""
    red, green, blue = ImageColor.getrgb(text)[:3]
    return red, green, blue


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Between two colours: 0 is the one, 1 the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


WHITE, BLACK = rgb("#ffffff"), rgb("#0d0f1a")
_NIGHT = Palette(rgb("#070b1f"), rgb("#33477d"), rgb("#f5efd6"), rgb("#3d5187"), rgb("#0a1027"), rgb("#f2c14e"))
_ROWS = (
    "#2d3168 #f6a57a #ffe9c4 #b5658a #241c42 #f2545b",
    "#20304f #f58f7c #ffd9a8 #8d5b7f #1b1730 #f9c74f",
    "#7cc3d8 #f3f4dc #ffd166 #8fc1a9 #1f5c4a #ef6f6c",
    "#e8a04e #fbe8c8 #f4695c #dd9c72 #6d3527 #2a9d8f",
    "#0f6a94 #cde9ee #fff3cf #5aa2bd #0b2f4f #ff9f5a",
    "#c77596 #fde2d8 #fff1cf #b8709a #43264f #f4b860",
    "#8da9c4 #eef4f7 #fdfaf0 #9db4c8 #25405c #e26d5c",
    "#6b4a86 #f2b5a0 #ffe6a7 #80619a #251a3d #52b7a6",
    "#3c8d86 #f0ead2 #ffd97d #74b49b #14443f #ee6c4d",
    "#b23a48 #fcd5a5 #fff0cf #c96a5b #3d1525 #f4a261",
)
_DAYS = tuple(Palette(*(rgb(colour) for colour in row.split())) for row in _ROWS)


def palette(dice: Random, night: bool) -> Palette:
    """One of the palettes, a little turned, or that of the night."""
    return _NIGHT if night else dice.choice(_DAYS).turned(dice.uniform(-0.07, 0.07))
