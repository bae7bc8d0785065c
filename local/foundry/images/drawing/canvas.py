"""A canvas whose coordinates run from 0 to 1, drawn larger than it is shown so that edges are smooth."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from PIL import Image, ImageDraw

from local.foundry.images.drawing.palette import Colour, mix
from local.foundry.images.models import Size

Point = tuple[float, float]
_SMOOTH_BELOW = 2_000_000
_GLOW_EDGE = 192


class Canvas:
    """Draws on `image`; `unit` is the length of the shorter edge in pixels, `detail` runs from 1 to 5."""

    def __init__(self, size: Size, detail: int) -> None:
        """Start with a black canvas of this size in pixels."""
        self.size = size
        self.detail = detail
        scale = 2 if size[0] * size[1] < _SMOOTH_BELOW else 1
        self.image = Image.new("RGB", (size[0] * scale, size[1] * scale))
        self.width, self.height = self.image.size
        self.unit = min(self.image.size)
        self.ratio = size[0] / size[1]
        self._pen = ImageDraw.Draw(self.image)

    def finished(self) -> Image.Image:
        """The picture in its size."""
        return self.image.resize(self.size, Image.Resampling.BOX)

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """Fill a polygon."""
        self._pen.polygon(self._pixels(points), fill=colour)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """Draw a line; its width counts in shorter edges."""
        self._pen.line(self._pixels(points), fill=colour, width=max(1, round(width * self.unit)), joint="curve")

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Fill a rectangle."""
        self._pen.rectangle((*self._pixel(left, top), *self._pixel(right, bottom)), fill=colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Fill a circle; its radius counts in shorter edges."""
        left, top = self._pixel(x, y)
        reach = radius * self.unit
        self._pen.ellipse((left - reach, top - reach, left + reach, top + reach), fill=colour)

    def fade(self, top: Colour, bottom: Colour, from_y: float, to_y: float, within: Sequence[Point] = ()) -> None:
        """Fill the canvas, or a polygon in it, with colours that change from one height to another."""
        heights = np.clip((np.linspace(0, 1, self.height) - from_y) / (to_y - from_y), 0, 1)
        column = np.array(top) + heights[:, None] * (np.array(bottom) - np.array(top))
        fill = Image.fromarray(column.round().astype(np.uint8)[:, None, :]).resize(self.image.size)
        self.image.paste(fill, (0, 0), self._mask(within) if within else None)

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
        """Light that grows weaker with the distance."""
        rows, columns = np.mgrid[0 : 1 : _GLOW_EDGE * 1j, 0 : 1 : _GLOW_EDGE * 1j]
        across, down = max(1.0, self.ratio), max(1.0, 1 / self.ratio)
        distance = np.hypot((columns - x) * across, (rows - y) * down)
        light = Image.fromarray((255 * strength * np.exp(-((distance / radius) ** 1.3))).astype(np.uint8))
        self.image.paste(colour, (0, 0), light.resize(self.image.size, Image.Resampling.BICUBIC))

    def veil(self, points: Sequence[Point], colour: Colour, opacity: float) -> None:
        """Lay a translucent polygon over what is there."""
        self.image.paste(colour, (0, 0), self._mask(points).point(lambda value: round(value * opacity)))

    def colour_at(self, x: float, y: float) -> Colour:
        """What is there now."""
        column, row = self._pixel(min(x, 0.999), min(y, 0.999))
        red, green, blue = cast(Colour, self.image.getpixel((int(column), int(row))))
        return red, green, blue

    def lighter(self, x: float, y: float, colour: Colour, share: float) -> Colour:
        """A colour mixed into what is there."""
        return mix(self.colour_at(x, y), colour, share)

    def _mask(self, points: Sequence[Point]) -> Image.Image:
        mask = Image.new("L", self.image.size)
        ImageDraw.Draw(mask).polygon(self._pixels(points), fill=255)
        return mask

    def _pixels(self, points: Sequence[Point]) -> list[Point]:
        return [self._pixel(x, y) for x, y in points]

    def _pixel(self, x: float, y: float) -> Point:
        return x * self.width, y * self.height
