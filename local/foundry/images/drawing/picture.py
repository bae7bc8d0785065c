"""A picture from a prompt: composition, texture and caption, the same for the same prompt, size and index."""

import hashlib

import numpy as np
from PIL import Image, ImageDraw

from local.foundry.images.drawing.canvas import Canvas
from local.foundry.images.drawing.caption import caption
from local.foundry.images.drawing.dice import dice_for
from local.foundry.images.drawing.palette import Colour, Palette
from local.foundry.images.drawing.prompt import subject
from local.foundry.images.drawing.scene import colours_for, paint
from local.foundry.images.models import Size
from local.foundry.images.parameters import Wanted

_DETAIL = {"low": 1, "standard": 2, "medium": 2, "high": 3, "hd": 3, "xhigh": 4, "max": 5}
_GRAIN = 1.6


def drawn(wanted: Wanted, size: Size, index: int, transparent: bool) -> Image.Image:
    """The picture with its caption; a transparent one is a round-cornered cut-out."""
    picture = scene(wanted, size, index)
    tone = mood(wanted, size, index).near
    if transparent:
        return cut_out(picture, wanted.prompt, tone)
    caption(picture, wanted.prompt, tone)
    return picture


def scene(wanted: Wanted, size: Size, index: int) -> Image.Image:
    """The picture without a caption.

    The seed is the SHA-256 of prompt, size and index, so that quality changes the detail and not the composition.
    """
    seed = _seed(wanted, size, index)
    canvas = Canvas(size, _DETAIL[wanted.quality])
    paint(canvas, dice_for("scene", seed), subject(wanted.prompt), mood(wanted, size, index))
    return _grained(canvas.finished(), canvas.detail, int(seed[:8], 16))


def mood(wanted: Wanted, size: Size, index: int) -> Palette:
    """The colours of the picture."""
    return colours_for(dice_for("mood", _seed(wanted, size, index)), subject(wanted.prompt))


def cut_out(picture: Image.Image, text: str, tone: Colour) -> Image.Image:
    """The picture with its caption on a transparent ground, inside a frame with round corners."""
    edge = min(picture.size)
    inset, corner = edge // 25, edge // 8
    width, height = picture.size
    caption(picture, text, tone, (inset + corner // 2, inset, width - inset - corner // 2, height - inset))
    mask = Image.new("L", picture.size)
    ImageDraw.Draw(mask).rounded_rectangle((inset, inset, width - inset, height - inset), corner, fill=255)
    result = picture.convert("RGBA")
    result.putalpha(mask)
    return result


def _seed(wanted: Wanted, size: Size, index: int) -> str:
    return hashlib.sha256(f"{wanted.prompt}\n{size[0]}x{size[1]}\n{index}".encode()).hexdigest()


def _grained(picture: Image.Image, detail: int, seed: int) -> Image.Image:
    """A little noise, which keeps wide gradients from showing bands; none in the lowest quality."""
    if detail == 1:
        return picture
    noise = np.random.default_rng(seed).normal(0, _GRAIN, (picture.height, picture.width, 1)).astype(np.float32)
    return Image.fromarray((np.asarray(picture) + noise).clip(0, 255).astype(np.uint8))
