"""Where a picture came from lies in its own file, and its pixels are untouched."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image, ImageChops, JpegImagePlugin, PngImagePlugin

from shared.provenance import ending, marked
from tests import corpus
from tests.fakes import small_png
from tests.unit.images.studio import PROMPT, Studio, encoded

TOLD = {"Software": "Darkroom", "Model": "gpt-image-2", "Job": "image-7f3a", "Prompt": "Ein Leuchtturm für „€“ 灯台\n2"}
NOISE = Image.effect_noise((40, 30), 80).convert("RGB")
DESCRIPTION, SOFTWARE = 0x010E, 0x0131


def mark(folder: Path, picture: bytes, told: dict[str, str] | None = None) -> bytes:
    """The picture with what is told of it."""
    (folder / "picture").write_bytes(picture)
    marked(folder / "picture", folder / "marked", TOLD if told is None else told)
    return (folder / "marked").read_bytes()


def same_pixels(one: bytes, other: bytes) -> bool:
    """Whether two files show the same picture."""
    first, second = Image.open(io.BytesIO(one)), Image.open(io.BytesIO(other))
    return (
        first.mode == second.mode
        and ImageChops.difference(first.convert("RGBA"), second.convert("RGBA")).getbbox() is None
    )


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_png_tells_in_text_chunks(tmp_path: Path, mode: str) -> None:
    """Valid to the last check sum, whatever its colours; the rest of the file is byte for byte the same."""
    picture = encoded(NOISE.convert("L").convert("I").convert("I;16") if mode == "I;16" else NOISE.convert(mode), "PNG")

    made = mark(tmp_path, picture)

    image = Image.open(io.BytesIO(made))
    assert isinstance(image, PngImagePlugin.PngImageFile)
    image.verify()
    read = Image.open(io.BytesIO(made))
    read.load()
    assert isinstance(read, PngImagePlugin.PngImageFile)
    assert {key: str(value) for key, value in read.text.items()} == TOLD
    assert made.startswith(picture[:33])
    assert made.endswith(picture[33:])
    if mode != "I;16":
        assert same_pixels(picture, made)


@pytest.mark.parametrize("picture", [corpus.jpeg(), corpus.cmyk_jpeg(), encoded(NOISE, "JPEG", progressive=True)])
def test_a_jpeg_tells_in_exif(tmp_path: Path, picture: bytes) -> None:
    """As JSON, so that it can be taken apart again."""
    made = mark(tmp_path, picture)

    image = Image.open(io.BytesIO(made))
    assert isinstance(image, JpegImagePlugin.JpegImageFile)
    image.load()
    assert image.getexif()[SOFTWARE] == "Darkroom"
    assert json.loads(image.getexif()[DESCRIPTION]) == TOLD
    assert made.endswith(picture[2:])
    assert same_pixels(picture, made)


@pytest.mark.parametrize("prompt", ["x" * 40_000, "灯" * 40_000, '"\\' * 20_000])
def test_a_long_prompt_leaves_a_jpeg_that_opens_and_what_was_told_before_it(tmp_path: Path, prompt: str) -> None:
    """A segment holds 64 KiB; the prompt is cut, nothing else."""
    made = mark(tmp_path, corpus.jpeg(), {**TOLD, "Prompt": prompt})

    image = Image.open(io.BytesIO(made))
    image.load()
    assert str(image.getexif()[DESCRIPTION]).startswith('{"Software": "Darkroom", "Model": "gpt-image-2"')
    assert same_pixels(corpus.jpeg(), made)


@pytest.mark.parametrize("prompt", ["x" * 40_000, "灯" * 40_000])
def test_a_png_holds_a_prompt_of_any_length(tmp_path: Path, prompt: str) -> None:
    """Its chunks are as long as they need to be."""
    image = Image.open(io.BytesIO(mark(tmp_path, small_png(), {"Prompt": prompt})))
    image.load()

    assert isinstance(image, PngImagePlugin.PngImageFile)
    assert image.text["Prompt"] == prompt


@pytest.mark.parametrize("picture", [b"", b"no picture", corpus.webp(), b"\x89PNG\r\n\x1a\n", b"\xff\xd8"])
def test_what_is_neither_is_copied_or_stays_as_broken_as_it_was(tmp_path: Path, picture: bytes) -> None:
    """Nothing is raised; what was there is there."""
    assert set(picture) <= set(mark(tmp_path, picture))


@pytest.mark.parametrize(
    ("picture", "kind"),
    [(small_png(), "png"), (corpus.jpeg(), "jpeg"), (corpus.webp(), "webp"), (b"", "bin"), (b"<html>", "bin"),
     (corpus.text_pdf(), "bin"), (b"RIFF\0\0\0\0WAVE", "bin")],
)  # fmt: skip
def test_a_pictures_kind_is_told_by_its_bytes(tmp_path: Path, picture: bytes, kind: str) -> None:
    """Not by what was asked for."""
    (tmp_path / "picture").write_bytes(picture)

    assert ending(tmp_path / "picture") == kind


@pytest.mark.parametrize("allowed", [False, True])
def test_the_prompt_is_in_the_file_only_where_a_setting_allows_it(allowed: bool) -> None:
    """Pictures are passed on; prompts may be nobody's business."""
    studio = Studio.make(prompt_in_files=allowed)

    record = studio.run(PROMPT | {"job_id": "mine", "model": "gpt-image-1.5"})

    image = Image.open(io.BytesIO(studio.picture(record)))
    image.load()
    assert isinstance(image, PngImagePlugin.PngImageFile)
    always = {"Software": "Darkroom", "Model": "gpt-image-1.5", "Job": "mine", "Date": "2026-11-20T12:00:00+00:00"}
    assert image.text == (always | {"Prompt": PROMPT["prompt"]} if allowed else always)
    assert (PROMPT["prompt"].encode() in studio.picture(record)) is allowed
