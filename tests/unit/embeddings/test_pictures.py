"""Pictures reach an embedding model as PNG, upright, opaque and within its limits, or are refused in words."""

import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from shared import embedding_pictures
from shared.embedding_catalog import EMBEDDING_MODELS
from shared.embedding_pictures import fit
from shared.errors import Invalid, TooLarge
from tests import corpus

MODEL = EMBEDDING_MODELS["embed-v-4-0"]
SMALL = replace(MODEL, max_pixels=10_000)


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """A picture file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def fitted(folder: Path, data: bytes, model: Any = MODEL) -> tuple[Image.Image, str]:
    """The picture that the model gets, and what was done."""
    path, to = folder / "picture", folder / "fitted"
    path.write_bytes(data)
    found, done = fit(path, to, model)
    assert found == (to if done else path)
    with Image.open(found) as image:
        image.load()
    assert (image.format, found.stat().st_size <= model.max_image_bytes) == ("PNG", True)
    return image, done


def refused(folder: Path, data: bytes, model: Any = MODEL) -> Invalid:
    """Why a picture cannot be used."""
    with pytest.raises(Invalid) as raised:
        fitted(folder, data, model)
    return raised.value


def exif(orientation: int) -> Image.Exif:
    """A camera's note which way is up."""
    told = Image.Exif()
    told[0x0112] = orientation
    return told


def noise(size: tuple[int, int]) -> Image.Image:
    """A picture that no codec shrinks."""
    return Image.merge("RGB", [Image.effect_noise(size, 100) for _ in "RGB"])


def corners(mode: str = "RGB", size: tuple[int, int] = (80, 40)) -> Image.Image:
    """A white picture whose upper left quarter is black."""
    image = Image.new("L", size, 255)
    image.paste(0, (0, 0, size[0] // 2, size[1] // 2))
    return image.convert(mode)


def quarters(image: Image.Image) -> list[bool]:
    """Which quarters are dark: upper left, upper right, lower left, lower right."""
    grey = image.convert("L").resize((4, 4), Image.Resampling.BOX).tobytes()
    return [grey[at] < 128 for at in (0, 3, 12, 15)]


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_png_that_fits_goes_as_it_is(tmp_path: Path, mode: str) -> None:
    """Not a byte of it is written again."""
    _, done = fitted(tmp_path, saved(corners(mode)))

    assert done == ""
    assert not (tmp_path / "fitted").exists()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (corpus.jpeg(), "image/jpeg"),
        (corpus.cmyk_jpeg(), "image/jpeg"),
        (corpus.webp(), "image/webp"),
        (corpus.gif(), "image/gif"),
        (corpus.bmp(), "image/bmp"),
        (corpus.tiff(), "image/tiff"),
    ],
    ids=["jpeg", "cmyk", "webp", "gif", "bmp", "tiff"],
)
def test_other_kinds_become_png_and_look_the_same(tmp_path: Path, data: bytes, kind: str) -> None:
    """Words stay where they were, and white stays white."""
    image, done = fitted(tmp_path, data)

    assert done == f"converted from {kind}"
    assert image.mode in ("L", "RGB")
    with Image.open(io.BytesIO(data)) as before:
        assert ImageChops.difference(image.convert("L"), before.convert("L")).getbbox() is None


def test_a_camera_s_jpeg_with_a_second_picture_is_its_first(tmp_path: Path) -> None:
    """Telephones store a depth map or a preview behind the photograph."""
    second = Image.new("RGB", (80, 40), "red")

    image, done = fitted(tmp_path, saved(corners(), "MPO", save_all=True, append_images=[second]))

    assert (done, quarters(image)) == ("converted from image/jpeg", [True, False, False, False])


@pytest.mark.parametrize("mode", ["1", "P", "I;16"])
def test_other_modes_of_png_become_eight_bits(tmp_path: Path, mode: str) -> None:
    """A scanner's deep grey is no white page, and a palette's numbers are no shades."""
    source = corners("L").convert("I").point(lambda shade: shade * 257) if mode == "I;16" else corners("L")

    image, done = fitted(tmp_path, saved(source.convert(mode)))

    assert done == "converted to eight bits a colour"
    assert quarters(image) == [True, False, False, False]
    assert set(image.convert("L").tobytes()) == {0, 255}


@pytest.mark.parametrize(("orientation", "dark"), [(2, 1), (3, 3), (4, 2), (5, 0), (6, 1), (7, 3), (8, 2)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("model", [MODEL, SMALL], ids=["as it is", "scaled"])
def test_pictures_are_set_upright(tmp_path: Path, kind: str, model: Any, orientation: int, dark: int) -> None:
    """The vector of a photograph that lies on its side is that of another scene."""
    image, done = fitted(tmp_path, saved(corners(size=(160, 80)), kind, exif=exif(orientation)), model)

    assert done.endswith("turned upright")
    assert [at for at, is_dark in enumerate(quarters(image)) if is_dark] == [dark]
    assert (image.width < image.height) == (orientation >= 5)
    assert image.getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize(
    ("source", "data"),
    [
        ("RGBA", saved(Image.new("RGBA", (64, 64), (0, 0, 0, 0)))),
        ("LA", saved(Image.new("LA", (64, 64), (0, 0)))),
        ("P", saved(Image.new("P", (64, 64), 0), transparency=0)),
        ("RGB", saved(Image.new("RGB", (64, 64), (9, 9, 9)), transparency=(9, 9, 9))),
        ("L", saved(Image.new("L", (64, 64), 9), transparency=9)),
    ],
)
def test_transparency_lies_on_white(tmp_path: Path, source: str, data: bytes) -> None:
    """A logo on nothing is not embedded as black on black."""
    image, done = fitted(tmp_path, data)

    assert done.endswith("transparency laid on white"), source
    assert set(image.convert("L").tobytes()) == {255}


def test_edges_of_transparency_do_not_darken_when_scaled(tmp_path: Path) -> None:
    """The colour of what is transparent, mostly black, must not bleed into what is seen."""
    layer = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    layer.paste((255, 255, 255, 255), (100, 100, 301, 301))

    image, _ = fitted(tmp_path, saved(layer), SMALL)

    assert min(image.convert("L").tobytes()) >= 250


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_pictures_above_the_pixels_are_scaled_down_in_proportion(tmp_path: Path, kind: str) -> None:
    """To as many as the model takes, and not to fewer."""
    image, done = fitted(tmp_path, saved(corners(size=(400, 300)), kind), SMALL)

    assert image.size == (115, 86)
    assert done.endswith("scaled from 400 x 300 to 115 x 86")
    assert quarters(image) == [True, False, False, False]


def test_what_was_done_is_told_in_order(tmp_path: Path) -> None:
    """The record shows it."""
    _, done = fitted(tmp_path, saved(corners(size=(400, 300)), "JPEG", exif=exif(6)), SMALL)
    assert done == "converted from image/jpeg; scaled from 400 x 300 to 115 x 86; turned upright"

    _, done = fitted(tmp_path, saved(Image.new("RGBA", (400, 300)), "WEBP"), SMALL)
    assert done == "converted from image/webp; scaled from 400 x 300 to 115 x 86; transparency laid on white"


@pytest.mark.parametrize("size", [(32, 32), (100, 100)])
def test_nothing_is_scaled_up(tmp_path: Path, size: tuple[int, int]) -> None:
    """Pixels that were not there tell nothing, and cost."""
    image, _ = fitted(tmp_path, saved(Image.new("RGB", size), "JPEG"))

    assert image.size == size


def test_fine_patterns_become_grey_and_no_moire(tmp_path: Path) -> None:
    """A filter that skips pixels would find stripes, or a black picture, in a checked one."""
    checked = Image.frombytes("L", (512, 512), bytes((x + y) % 2 * 255 for y in range(512) for x in range(512)))

    image, _ = fitted(tmp_path, saved(checked), SMALL)

    inner = image.crop((4, 4, image.width - 4, image.height - 4)).convert("L").tobytes()
    assert max(inner) - min(inner) < 40
    assert 110 < sum(inner) / len(inner) < 145


def test_pictures_above_the_bytes_are_scaled_down_further(tmp_path: Path) -> None:
    """Noise within the pixels may still have too many bytes as PNG."""
    model = replace(MODEL, max_image_bytes=100_000)

    image, done = fitted(tmp_path, saved(noise((300, 200))), model)

    assert done == f"scaled from 300 x 200 to {image.width} x {image.height}"
    assert (tmp_path / "fitted").stat().st_size > 70_000
    assert image.width / image.height == pytest.approx(1.5, abs=0.02)


def test_a_png_that_is_badly_packed_is_packed_again(tmp_path: Path) -> None:
    """It keeps its pixels when they fit after all."""
    data = saved(Image.new("RGB", (300, 200)), compress_level=0)

    image, done = fitted(tmp_path, data, replace(MODEL, max_image_bytes=100_000))

    assert (done, image.size) == ("compressed again", (300, 200))


def test_a_print_shop_s_profile_is_left_out(tmp_path: Path) -> None:
    """It describes inks, not the colours that were made of them, and may have half a megabyte."""
    image, _ = fitted(tmp_path, saved(corners("CMYK"), "JPEG", icc_profile=bytes(100_000)))

    assert "icc_profile" not in image.info


@pytest.mark.parametrize("size", [(2, 2), (31, 500), (500, 31)])
def test_a_picture_with_a_side_below_the_least_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    """The service answers such with an error of its own, HTTP 500, which would be tried again for hours."""
    error = refused(tmp_path, saved(Image.new("RGB", size)))

    assert error.code == "too_small"
    assert f"{size[0]} x {size[1]} pixels" in error.message
    assert "sides of 32 pixels or more" in error.message


def test_a_strip_that_would_be_too_narrow_when_scaled_is_refused(tmp_path: Path) -> None:
    """Scaled to the pixels its short side would be below the least; that is told before it is decoded."""
    assert refused(tmp_path, saved(Image.new("L", (1000, 40))), SMALL).code == "too_small"
    assert refused(tmp_path, saved(noise((1000, 33))), replace(MODEL, max_image_bytes=50_000)).code == "too_small"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (corpus.PLAIN_TEXT, "unsupported_type"),
        (corpus.text_pdf(), "unsupported_type"),
        (corpus.cut_png(), "damaged"),
        (saved(noise((64, 64)), exif=exif(1))[:9000], "damaged"),
        (corpus.cut_jpeg(), "damaged"),
        (corpus.pageless_tiff(), "damaged"),
        (corpus.garbage_tiff(), "damaged"),
        (corpus.gif(3), "animated"),
        (corpus.webp(3), "animated"),
        (corpus.tiff(3), "animated"),
    ],
    ids=[
        "empty",
        "text",
        "pdf",
        "cut png",
        "cut png with exif",
        "cut jpeg",
        "pageless",
        "garbage",
        "gif",
        "webp",
        "tiff",
    ],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes, code: str) -> None:
    """Before anything is sent, so before anything is paid."""
    assert refused(tmp_path, data).code == code
    assert not (tmp_path / "fitted").exists()


def test_too_many_pixels_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    """A bomb of 0.3 MB would be 7.5 GB."""
    with pytest.raises(TooLarge) as raised:
        fitted(tmp_path, corpus.bomb_png())

    assert raised.value.code == "too_many_pixels"


def test_a_disk_that_is_full_is_not_a_damaged_picture(tmp_path: Path) -> None:
    """The job is tried again instead of failing for its input."""
    (tmp_path / "fitted").mkdir()

    with pytest.raises(IsADirectoryError):
        fitted(tmp_path, corpus.jpeg())


def test_a_jpeg_is_decoded_at_a_part_of_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A photograph of 89 megapixels would be 360 MB in memory."""
    decoded = []
    plain: Callable[[Image.Image], Image.Image] = embedding_pictures._scalable

    def watched(image: Image.Image) -> Image.Image:
        decoded.append(image.size)
        return plain(image)

    monkeypatch.setattr(embedding_pictures, "_scalable", watched)
    image, _ = fitted(tmp_path, saved(corners(size=(1600, 1200)), "JPEG"), SMALL)

    assert decoded == [(200, 150)]
    assert image.size == (115, 86)


def test_one_picture_is_decoded_at_a_time_in_one_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight calls side by side have the memory of one picture: allocators keep what a thread once had."""
    threads = set()
    plain: Callable[[Image.Image], Image.Image] = embedding_pictures._scalable

    def watched(image: Image.Image) -> Image.Image:
        threads.add(threading.get_ident())
        return plain(image)

    monkeypatch.setattr(embedding_pictures, "_scalable", watched)
    (tmp_path / "picture").write_bytes(corpus.jpeg())
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(fit, tmp_path / "picture", tmp_path / f"fitted-{n}", MODEL) for n in range(16)]
        made = {job.result()[0].read_bytes() for job in jobs}

    assert (len(threads), len(made)) == (1, 1)
    assert threading.get_ident() not in threads
