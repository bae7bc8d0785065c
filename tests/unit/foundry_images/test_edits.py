"""Edits: what the mask protects, what it lets change, and the other images."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from local.foundry.images.drawing.edit import edited
from local.foundry.images.uploads import Sources
from tests.unit.foundry_images.pictures import distance, noise, wanted

SIZE = (320, 240)
HOLE = (80, 60, 259, 199)


def mask_with(shape: str) -> Image.Image:
    """A mask that lets a rectangle or an ellipse change."""
    mask = Image.new("RGBA", SIZE, (0, 0, 0, 255))
    getattr(ImageDraw.Draw(mask), shape)(HOLE, fill=(0, 0, 0, 0))
    return mask


def edit(
    mask: Image.Image | None, *others: Image.Image, prompt: str = "a fox", transparent: bool = False
) -> Image.Image:
    """The noise, edited."""
    sources = Sources(noise(*SIZE), others, mask, ())
    return edited(wanted(prompt), SIZE, 0, sources, transparent)


@pytest.mark.parametrize("shape", ["rectangle", "ellipse"])
def test_what_the_mask_protects_stays_exactly(shape: str) -> None:
    """Not one pixel outside the hole differs from the first image, and inside nearly all do."""
    # given
    mask = mask_with(shape)
    protected = np.asarray(mask.getchannel("A")) == 255
    # when
    changed = (np.asarray(edit(mask)) != np.asarray(noise(*SIZE, mode="RGB"))).any(axis=2)
    # then
    assert not changed[protected].any()
    assert changed[~protected].mean() > 0.95


def test_a_mask_in_between_blends() -> None:
    """A half transparent mask gives something between the image and the drawing."""
    # given
    halves = Image.new("RGBA", SIZE, (0, 0, 0, 128))
    everything = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    # when
    half, whole = edit(halves), edit(everything)
    # then
    first = noise(*SIZE, mode="RGB")
    assert 0.4 < distance(half, first) / distance(whole, first) < 0.6


def test_a_mask_that_protects_everything_changes_nothing() -> None:
    """An opaque mask gives the first image back."""
    assert edit(Image.new("RGBA", SIZE, (0, 0, 0, 255))) == noise(*SIZE, mode="RGB")


def test_transparency_of_the_image_survives_outside_the_mask() -> None:
    """An image with an alpha channel keeps it where it may not be changed."""
    # given
    first = noise(*SIZE)
    first.putalpha(Image.linear_gradient("L").resize(SIZE))
    # when
    result = edited(wanted("a fox"), SIZE, 0, Sources(first, (), mask_with("rectangle"), ()), transparent=False)
    # then
    assert np.array_equal(np.asarray(result)[:50], np.asarray(first)[:50])


def test_the_prompt_decides_what_fills_the_hole() -> None:
    """Another prompt fills the same hole with another picture."""
    mask = mask_with("rectangle")
    fillings = [edit(mask, prompt=prompt).crop(HOLE) for prompt in ("a red circle", "a night sky")]
    assert distance(*fillings) > 15


@pytest.mark.parametrize(
    "mask", [None, mask_with("rectangle"), mask_with("ellipse")], ids=["none", "rectangle", "ellipse"]
)
def test_other_images_are_seen(mask: Image.Image | None) -> None:
    """Each further image brings its colour into what may change."""
    # given
    colours = [(255, 0, 255), (0, 255, 0)]
    others = [Image.new("RGBA", (200, 100), colour) for colour in colours]
    # when
    result = np.asarray(edit(mask, *others).convert("RGB"))
    # then
    for colour in colours:
        assert (result == colour).all(axis=2).sum() > 50


def test_without_a_mask_the_image_is_still_recognised() -> None:
    """The whole image takes other colours, and keeps its light and dark."""
    # given
    first = Image.new("RGBA", SIZE, "black")
    first.paste("white", (160, 0, 320, 240))
    # when
    result = np.asarray(edited(wanted("gold"), SIZE, 0, Sources(first, (), None, ()), transparent=False).convert("L"))
    # then
    assert result[60, 240] > result[60, 80] + 60


def test_the_picture_has_the_size_asked_for() -> None:
    """An edit in another size than the image's is brought to it."""
    sources = Sources(noise(*SIZE), (), mask_with("ellipse"), ())
    assert edited(wanted("a fox"), (512, 256), 0, sources, transparent=False).size == (512, 256)


def test_a_transparent_edit_has_a_transparent_ground() -> None:
    """With a transparent background the corners of the picture, or of the hole, are transparent."""
    assert edit(None, transparent=True).getpixel((0, 0))[3] == 0  # type: ignore[index]  # a tuple, since the mode is RGBA
    assert edit(mask_with("rectangle"), transparent=True).getpixel(HOLE[:2])[3] == 0  # type: ignore[index]  # as above
