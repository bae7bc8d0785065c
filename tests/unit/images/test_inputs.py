"""The pictures that an edit is given: sent as they are where the service reads them, and made fit where it does not."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from shared.errors import DarkroomError
from shared.names import BlobRef
from shared.pipelines import image_inputs
from tests import corpus
from tests.fakes import MemoryStorage, small_png
from tests.unit.images.studio import PROMPT, Studio, encoded, mask_png

SQUARE = (16, 16)
RED = (200, 10, 10)


def sent(tmp_path: Path, *files: bytes) -> list[image_inputs.Given]:
    """What is made of these inputs."""
    storage = MemoryStorage()
    names = []
    for number, data in enumerate(files):
        storage.write(BlobRef("images", str(number)), data, "application/octet-stream")
        names.append(f"images/{number}")
    return image_inputs.pictures(storage, tuple(names), tmp_path)


def picture(given: image_inputs.Given) -> Image.Image:
    """The picture that is sent."""
    return Image.open(io.BytesIO(given.file.path.read_bytes()))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (small_png(), "image/png"),
        (corpus.png(), "image/png"),
        (corpus.deep_png(), "image/png"),
        (corpus.jpeg(), "image/jpeg"),
        (corpus.cmyk_jpeg(), "image/jpeg"),
        (corpus.rotated_jpeg(), "image/jpeg"),
    ],
)
def test_png_and_jpeg_are_sent_byte_for_byte(tmp_path: Path, data: bytes, kind: str) -> None:
    """Decoding and encoding again would cost time, and a JPEG its quality."""
    [given] = sent(tmp_path, data)

    assert (given.file.path.read_bytes(), given.file.media_type, given.source.media_type) == (data, kind, kind)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (encoded(Image.new("RGB", SQUARE, RED), "WEBP", lossless=True), "image/webp"),
        (encoded(Image.new("RGB", SQUARE, RED), "BMP"), "image/bmp"),
        (encoded(Image.new("RGB", SQUARE, RED), "TIFF", compression="tiff_lzw"), "image/tiff"),
        (encoded(Image.new("RGB", SQUARE, RED).convert("P"), "GIF"), "image/gif"),
    ],
    ids=["webp", "bmp", "tiff", "gif"],
)
def test_other_kinds_are_sent_as_png_and_recorded_as_what_they_were(tmp_path: Path, data: bytes, kind: str) -> None:
    """Size and colour stay."""
    [given] = sent(tmp_path, data)

    assert (given.file.media_type, given.source.media_type, given.source.size) == ("image/png", kind, len(data))
    made = picture(given)
    assert (made.format, made.size) == ("PNG", SQUARE)
    close = made.convert("RGB").getpixel((3, 3))
    assert isinstance(close, tuple)
    assert all(abs(value - wanted) < 30 for value, wanted in zip(close, RED, strict=True))


@pytest.mark.parametrize("kind", ["WEBP", "TIFF", "GIF"])
def test_what_is_transparent_stays_transparent(tmp_path: Path, kind: str) -> None:
    """A sticker on a black square is another picture."""
    image = Image.new("RGBA", SQUARE, (*RED, 0))
    image.paste((*RED, 255), (0, 0, 8, 16))

    [given] = sent(tmp_path, encoded(image, kind, lossless=True) if kind == "WEBP" else encoded(image, kind))

    alpha = picture(given).convert("RGBA").getchannel("A")
    assert (alpha.getpixel((3, 3)), alpha.getpixel((12, 3))) == (255, 0)


def test_what_has_no_transparency_gets_none(tmp_path: Path) -> None:
    """An alpha channel would be taken for a mask."""
    [given] = sent(tmp_path, encoded(Image.new("RGB", SQUARE, RED), "WEBP"))

    assert not picture(given).has_transparency_data


@pytest.mark.parametrize("shade", [0, 16_000, 30_000, 65_535])
def test_sixteen_bit_grey_keeps_its_shades(tmp_path: Path, shade: int) -> None:
    """Scanners make such TIFFs; Pillow's own conversion makes them white."""
    [given] = sent(tmp_path, encoded(Image.new("I;16", SQUARE, shade), "TIFF"))

    found = picture(given).convert("L").getpixel((3, 3))
    assert isinstance(found, int | float)
    assert abs(found - shade / 257) <= 1


@pytest.mark.parametrize("kind", ["WEBP", "TIFF"])
def test_a_turned_picture_is_converted_upright(tmp_path: Path, kind: str) -> None:
    """A PNG has nowhere to say that it lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6

    [given] = sent(tmp_path, encoded(Image.new("RGB", (16, 32), RED), kind, exif=exif))

    assert picture(given).size == (32, 16)


def test_the_first_frame_of_an_animation_is_the_picture(tmp_path: Path) -> None:
    """What else could be edited?"""
    frames = [Image.new("RGB", SQUARE, colour) for colour in (RED, (0, 0, 200))]

    [given] = sent(tmp_path, encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))

    found = picture(given).convert("RGB").getpixel((3, 3))
    assert isinstance(found, tuple)
    assert found[0] > found[2]


@pytest.mark.parametrize(("count", "field"), [(1, "image"), (2, "image[]"), (16, "image[]")])
def test_one_picture_goes_into_image_and_several_into_a_list(tmp_path: Path, count: int, field: str) -> None:
    """As the official SDKs name the parts."""
    given = sent(tmp_path, *[small_png(number) for number in range(count)])

    assert [one.file.field for one in given] == [field] * count
    assert [one.file.path.read_bytes() for one in given] == [small_png(number) for number in range(count)]


def test_a_picture_just_below_the_limit_is_sent(tmp_path: Path) -> None:
    """50 MB is refused, and not one byte less."""
    data = small_png().ljust(50 * 1024 * 1024 - 1)

    [given] = sent(tmp_path, data)

    assert given.source.size == 50 * 1024 * 1024 - 1


@pytest.mark.parametrize(
    "mask",
    [
        mask_png(),
        encoded(Image.new("LA", (8, 8), (0, 0)), "PNG"),
        encoded(Image.new("P", (8, 8), 0), "PNG", transparency=0),
        encoded(Image.new("RGB", (8, 8), RED), "PNG", transparency=RED),
    ],
    ids=["rgba", "grey and alpha", "palette", "one colour"],
)
def test_every_kind_of_transparency_that_png_has_makes_a_mask(mask: bytes) -> None:
    """Drawing programs use them all."""
    studio = Studio.make()
    names = {"images": [studio.give("a.png", small_png())], "mask": studio.give("m.png", mask)}

    record = studio.run({"operation": "edit", **PROMPT, **names})

    assert record.problem is None
    assert studio.model.calls[0].files[-1].field == "mask"


def test_a_mask_belongs_to_the_first_picture_and_to_its_size(tmp_path: Path) -> None:
    """The others may have any."""
    studio = Studio.make()
    names: list[str] = [studio.give("a.png", small_png(size=(9, 9))), studio.give("b.png", small_png())]
    message: dict[str, Any] = {"operation": "edit", **PROMPT, "images": names, "mask": studio.give("m.png", mask_png())}

    assert studio.run(message | {"job_id": "wrong"}).problem is not None
    assert studio.run(message | {"job_id": "right", "images": names[::-1]}).problem is None


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow tells of each thing that is broken
@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "WEBP", "PNG"])
def test_a_damaged_picture_is_sent_or_refused_and_never_a_fault_of_ours(tmp_path: Path, kind: str) -> None:
    """Cut anywhere, with a bit turned over anywhere in its head."""
    whole = encoded(Image.effect_noise((24, 24), 60).convert("P" if kind == "GIF" else "RGB"), kind)
    broken = [whole[:end] for end in range(1, len(whole), max(1, len(whole) // 40))]
    broken += [whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :] for at in range(min(len(whole), 120))]

    for data in broken:
        try:
            sent(tmp_path, data)
        except DarkroomError as error:
            assert error.message.endswith(".")
