"""Pictures drawn from a prompt."""

import itertools

import numpy as np
import pytest
from PIL import Image

from local.foundry.images.drawing.caption import caption
from local.foundry.images.drawing.picture import drawn, mood
from local.foundry.images.drawing.prompt import subject
from tests.unit.foundry_images.pictures import distance, pixels, wanted

SMALL = (640, 480)


@pytest.mark.parametrize("size", [(1024, 640), (512, 1536), (1040, 1024)])
def test_a_picture_has_exactly_the_size(size: tuple[int, int]) -> None:
    """Width and height are those asked for."""
    assert drawn(wanted("a fox"), size, 0, transparent=False).size == size


def test_the_same_request_gives_the_same_picture() -> None:
    """Prompt, size and index decide every pixel."""
    request = wanted("hills and a forest", quality="medium")
    assert drawn(request, SMALL, 0, transparent=False) == drawn(request, SMALL, 0, transparent=False)


def test_the_index_changes_the_picture() -> None:
    """Several pictures of one prompt are different pictures."""
    request = wanted("the autumn catalogue")
    assert distance(*(drawn(request, SMALL, index, transparent=False) for index in (0, 1))) > 10


def test_different_prompts_look_different() -> None:
    """Any two of several prompts, named things or none, differ clearly."""
    prompts = ["jazz", "an old typewriter", "a red sun over the sea", "a city at night", "a blue circle", "snowy peaks"]
    drawings = [drawn(wanted(prompt), SMALL, 0, transparent=False) for prompt in prompts]
    assert min(distance(one, other) for one, other in itertools.combinations(drawings, 2)) > 15


def test_a_named_colour_is_seen() -> None:
    """A circle has the colour that stands before it in the prompt."""
    for colour, channel in (("red", 0), ("green", 1), ("blue", 2)):
        red_green_blue = pixels(drawn(wanted(f"a {colour} circle"), SMALL, 0, transparent=False))[216, 320]
        assert red_green_blue.argmax() == channel


def test_colours_belong_to_the_thing_behind_them() -> None:
    """In a prompt with several colours each thing has its own, and the rest belongs to none."""
    read = subject("A red sun over the sea, golden light, green hills")
    assert list(read.things) == ["sun", "sea", "hills"]
    assert read.things["sea"] is None
    assert read.things["sun"] != read.things["hills"]
    assert len(read.colours) == 1


def test_a_colour_of_nothing_tints_the_picture() -> None:
    """A colour without a thing bends the whole palette towards it."""
    plain, tinted = (mood(wanted(prompt), SMALL, 0).zenith for prompt in ("poem", "poem in green"))
    assert plain != tinted
    assert tinted[1] == max(tinted)


def test_quality_changes_the_detail_and_not_the_composition() -> None:
    """A better picture of the same prompt is near to the poorer one, and finer."""
    low, best = (drawn(wanted("sea and mountains", quality), SMALL, 0, transparent=False) for quality in ("low", "max"))
    other = drawn(wanted("mountains and sea", "low"), SMALL, 0, transparent=False)
    assert 0 < distance(low, best) < distance(low, other)


def test_the_prompt_is_written_at_the_bottom() -> None:
    """The lower edge carries bright letters on a dark band, others for another prompt."""
    bands = [pixels(drawn(wanted(text), SMALL, 0, transparent=False))[-36:] for text in ("hello", "goodbye")]
    for band in bands:
        assert band.max() > 230
        assert np.median(band) < 90
    assert (bands[0].max(axis=2) > 200).sum() != (bands[1].max(axis=2) > 200).sum()


@pytest.mark.parametrize("text", ["word " * 6000, "w" * 32_000, "\n\t", "…漢字", "x"])
def test_any_text_can_be_a_caption(text: str) -> None:
    """Long, blank and foreign texts stay within the picture and leave most of it free."""
    picture = Image.new("RGB", SMALL, "white")
    caption(picture, text, (0, 0, 0))
    assert (pixels(picture)[: SMALL[1] * 3 // 4] == 255).all()


def test_a_transparent_picture_has_a_transparent_ground() -> None:
    """Corners are transparent, the middle is not."""
    picture = drawn(wanted("a fox"), SMALL, 0, transparent=True)
    assert picture.mode == "RGBA"
    alpha = np.asarray(picture.getchannel("A"))
    assert (alpha[0, 0], alpha[-1, -1], alpha[SMALL[1] // 2, SMALL[0] // 2]) == (0, 0, 255)
