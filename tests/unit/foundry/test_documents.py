"""What the emulator takes a file for before it reads it."""

import io

import pytest
from PIL import Image

from local.foundry.errors import ServiceError
from local.foundry.ocr.documents import inspect
from local.foundry.ocr.picture import open_image


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    """The image as a file."""
    target = io.BytesIO()
    image.save(target, form, **options)
    return target.getvalue()


def test_every_frame_of_a_tiff_is_a_page() -> None:
    """A fax of three sheets has three pages; an animated GIF has one."""
    # given
    sheets = [Image.new("L", (40, 30), shade) for shade in (255, 200, 150)]
    # when / then
    assert inspect(saved(sheets[0], "TIFF", save_all=True, append_images=sheets[1:])).pages == 3
    assert inspect(saved(sheets[0], "GIF", save_all=True, append_images=sheets[1:])).pages == 1


def test_a_photo_taken_sideways_is_turned_upright() -> None:
    """The orientation that a camera notes is applied before anything is read."""
    # given
    exif = Image.Exif()
    exif[0x0112] = 6
    # when
    picture = open_image(saved(Image.new("RGB", (60, 40)), "JPEG", exif=exif), 0)
    # then
    assert picture.shape == (60, 40, 3)


def test_what_is_transparent_is_paper() -> None:
    """A transparent picture is read as if it lay on white paper."""
    assert open_image(saved(Image.new("RGBA", (4, 4), (0, 0, 0, 0)), "PNG"), 0).min() == 255


def test_a_large_picture_is_made_smaller() -> None:
    """Pictures beyond the pixel limit of the engine are scaled down, keeping their shape."""
    height, width, _ = open_image(saved(Image.new("L", (6000, 3000)), "PNG"), 0).shape
    assert height * width <= 12_000_000
    assert abs(width / height - 2) < 0.01


def test_too_many_pixels_are_refused() -> None:
    """A small file that unpacks to an enormous picture is refused before it is unpacked."""
    with pytest.raises(ServiceError) as refusal:
        inspect(saved(Image.new("1", (16_000, 5_000)), "PNG"))
    assert "16000 x 5000" in refusal.value.body["message"]


def test_a_picture_cut_short_is_damaged() -> None:
    """A truncated picture is refused, not read in part."""
    whole = saved(Image.linear_gradient("L"), "JPEG")
    with pytest.raises(ServiceError) as refusal:
        inspect(whole[: len(whole) // 2])
    assert refusal.value.body["code"] == "3310"
