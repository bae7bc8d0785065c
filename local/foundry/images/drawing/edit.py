"""An edit: what the mask lets through is drawn anew, the rest stays as it was."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageOps

from local.foundry.images.drawing.caption import Box, caption
from local.foundry.images.drawing.palette import BLACK, WHITE, Colour, mix
from local.foundry.images.drawing.picture import cut_out, mood, scene
from local.foundry.images.models import Size
from local.foundry.images.parameters import Wanted
from local.foundry.images.uploads import Sources

_REPAINTED = 0.7
_COARSE = 96
_WIDE_ENOUGH = 0.8
_SMALLEST_INSET = 8


def edited(wanted: Wanted, size: Size, index: int, sources: Sources, transparent: bool) -> Image.Image:
    """The first image, brought to the size, with the prompt drawn into it.

    Where the mask is transparent the prompt's scene takes the image's place, with the other images as insets and the
    caption; pixels under its opaque part keep their value exactly, if the size is that of the first image. Without a
    mask the whole image is recoloured for the prompt, and the other images stand in a strip at its side.
    """
    first = ImageOps.fit(sources.first, size)
    if sources.mask is None:
        return _recoloured(wanted, index, first, sources.others, transparent)
    editable = ImageChops.invert(ImageOps.fit(sources.mask, size, Image.Resampling.NEAREST).getchannel("A"))
    box = editable.getbbox()
    if box is None:
        return _opaque(first)
    anew = first.copy()
    anew.paste(_inside(wanted, index, editable.crop(box), sources.others, transparent), box)
    return _opaque(Image.composite(anew, first, editable))


def _recoloured(
    wanted: Wanted, index: int, first: Image.Image, others: Sequence[Image.Image], transparent: bool
) -> Image.Image:
    flat = Image.new("RGB", first.size, "white")
    flat.paste(first, (0, 0), first)
    colours = mood(wanted, first.size, index)
    toned = ImageOps.colorize(flat.convert("L"), colours.near, mix(colours.light, WHITE, 0.3), mid=colours.far)
    picture = Image.blend(flat, toned, _REPAINTED)
    width, height = first.size
    strip = (0, 0, width // 4, height * 7 // 8) if width >= height else (0, 0, width, height // 5)
    _place(picture, others, strip, colours.near)
    if transparent:
        return cut_out(picture, wanted.prompt, colours.near)
    caption(picture, wanted.prompt, colours.near)
    return picture


def _inside(
    wanted: Wanted, index: int, room: Image.Image, others: Sequence[Image.Image], transparent: bool
) -> Image.Image:
    """The scene for the box around what may change, with insets and caption where `room` lets them be seen."""
    picture, tone = scene(wanted, room.size, index), mood(wanted, room.size, index).near
    _place(picture, others, _strip(room, 0.4, lowest=False), tone)
    if transparent:
        return cut_out(picture, wanted.prompt, tone)
    caption(picture, wanted.prompt, tone, _strip(room, 0.15, lowest=True))
    return picture


def _strip(room: Image.Image, share: float, lowest: bool) -> Box:
    """A strip so high that lies within what may change and is nearly as wide as any, the highest or lowest such."""
    small = np.asarray(room.resize((_COARSE, _COARSE), Image.Resampling.BOX)) > 250
    rows = max(1, round(share * _COARSE))
    free = [_longest_run(np.all(small[top : top + rows], axis=0)) for top in range(_COARSE - rows + 1)]
    widest = max(right - left for left, right in free)
    tops = [top for top, (left, right) in enumerate(free) if right - left >= _WIDE_ENOUGH * widest]
    top = tops[-1] if lowest else tops[0]
    across, down = room.width / _COARSE, room.height / _COARSE
    left, right = free[top] if widest else (0, _COARSE)
    return round(left * across), round(top * down), round(right * across), round((top + rows) * down)


def _longest_run(free: NDArray[np.bool_]) -> tuple[int, int]:
    """The longest stretch of true values: its first index, and the one after its last."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], free, [False])).astype(np.int8)))
    runs = [(int(left), int(right)) for left, right in zip(edges[::2], edges[1::2], strict=True)]
    return max(runs, key=lambda run: run[1] - run[0], default=(0, 0))


def _opaque(picture: Image.Image) -> Image.Image:
    """Without an alpha channel if nothing is transparent."""
    return picture.convert("RGB") if picture.getchannel("A").getextrema() == (255, 255) else picture


def _place(picture: Image.Image, others: Sequence[Image.Image], box: Box, tone: Colour) -> None:
    """Lay framed small versions of the images side by side, along the longer side of the box."""
    left, top, right, bottom = box
    upright = bottom - top > right - left
    for number, other in enumerate(others):
        length = (bottom - top if upright else right - left) // len(others)
        cell = min(length, right - left if upright else bottom - top)
        middle = number * length + length // 2
        centre = (left + cell // 2, top + middle) if upright else (left + middle, top + cell // 2)
        _frame(picture, other, centre, round(cell * 0.8), tone)


def _frame(picture: Image.Image, other: Image.Image, centre: tuple[int, int], edge: int, tone: Colour) -> None:
    if edge < _SMALLEST_INSET:
        return
    small = ImageOps.contain(other, (edge, edge))
    left, top = centre[0] - small.width // 2, centre[1] - small.height // 2
    border = max(2, edge // 30)
    frame = (left - border, top - border, left + small.width + border - 1, top + small.height + border - 1)
    ImageDraw.Draw(picture).rectangle(frame, fill=(250, 247, 238), outline=mix(tone, BLACK, 0.4))
    picture.paste(small, (left, top), small)
