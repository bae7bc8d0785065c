"""Pictures reach the model in a form that every endpoint reads, and show the same as before."""

import io
import struct
import time
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageChops, TiffImagePlugin

from shared.documents import Cut, Document, open_document
from shared.errors import Invalid, TooLarge
from tests import corpus

TALL = (200, 400)


def opened(folder: Path, data: bytes) -> Document:
    """The document that these bytes are."""
    path = folder / "picture"
    path.write_bytes(data)
    return open_document(path)


def whole(folder: Path, data: bytes) -> Cut:
    """All of it, as the model gets it."""
    return opened(folder, data).whole(folder / "part")


def seen(path: Path) -> Image.Image:
    """The picture, decoded."""
    with Image.open(path) as image:
        image.load()
        return image


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """A picture file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def tiff(*frames: Image.Image, **options: object) -> bytes:
    """A TIFF of these frames."""
    return saved(frames[0], "TIFF", save_all=True, append_images=list(frames[1:]), **options)


def pages_of(cut: Cut) -> list[Image.Image]:
    """The pages of a PDF, as PDFium draws them at 72 dpi."""
    with pypdfium2.PdfDocument(cut.path) as document:
        return [page.render().to_pil().convert("RGB") for page in document]


def shade(page: Image.Image) -> int:
    """The grey in the middle of a page."""
    return page.convert("L").tobytes()[page.width * (page.height // 2) + page.width // 2]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (corpus.png(), "image/png"),
        (corpus.deep_png(), "image/png"),
        (corpus.jpeg(), "image/jpeg"),
        (corpus.rotated_jpeg(), "image/jpeg"),
        (corpus.webp(), "image/webp"),
    ],
)
def test_what_every_endpoint_reads_goes_as_it_is(tmp_path: Path, data: bytes, kind: str) -> None:
    """Nothing is decoded or written again, so nothing is lost."""
    document = opened(tmp_path, data)

    assert document.pages == 1
    assert document.whole(tmp_path / "part") == Cut((1,), tmp_path / "picture", kind)
    assert document.cut((1,), tmp_path / "part") == document.whole(tmp_path / "part")


@pytest.mark.parametrize("data", [corpus.bmp(), corpus.gif(), corpus.tiff()], ids=["bmp", "gif", "tiff"])
def test_other_kinds_become_png_and_look_the_same(tmp_path: Path, data: bytes) -> None:
    """BMP, GIF and single TIFFs are sent as PNG, pixel by pixel."""
    found = whole(tmp_path, data)

    with Image.open(io.BytesIO(data)) as before:
        assert ImageChops.difference(seen(found.path).convert("RGB"), before.convert("RGB")).getbbox() is None
    assert (found.pages, found.media_type, seen(found.path).format) == ((1,), "image/png", "PNG")


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    """A print shop's JPEG shows its words, not their negative."""
    found = whole(tmp_path, corpus.cmyk_jpeg())

    image = seen(found.path)
    assert (found.media_type, image.format, image.mode) == ("image/jpeg", "JPEG", "RGB")
    assert max(ImageChops.difference(image, Image.open(io.BytesIO(corpus.jpeg()))).convert("L").tobytes()) < 80


def test_a_turned_cmyk_picture_stays_turned(tmp_path: Path) -> None:
    """A conversion must not lose the note which way is up."""
    exif = Image.Exif()
    exif[0x0112] = 6
    found = whole(tmp_path, saved(Image.new("CMYK", TALL), "JPEG", exif=exif))

    image = seen(found.path)
    assert image.size == (400, 200) or image.getexif().get(0x0112) == 6


@pytest.mark.parametrize("compression", [None, "tiff_adobe_deflate", "tiff_lzw"])
def test_a_turned_tiff_is_set_upright(tmp_path: Path, compression: str | None) -> None:
    """However it is packed, the first row of a scan that was stored lying becomes its right column."""
    lying = Image.new("L", (40, 20))
    lying.paste(255, (0, 0, 40, 1))

    image = seen(whole(tmp_path, saved(lying, "TIFF", compression=compression, tiffinfo={274: 6})).path)

    assert image.size == (20, 40)
    assert image.getbbox() == (19, 0, 20, 40)


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    """Black letters on nothing do not become black on black."""
    letters = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    letters.putpixel((3, 3), (0, 0, 0, 255))

    image = seen(whole(tmp_path, saved(letters, "TIFF")).path).convert("RGB")

    assert (image.getpixel((0, 0)), image.getpixel((3, 3))) == ((255, 255, 255), (0, 0, 0))


@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
def test_sixteen_bits_become_eight_and_not_white(tmp_path: Path, mode: str) -> None:
    """A scanner's deep grey keeps its greys: cutting them off at 255 would blank the page."""
    shades = Image.new("I", (3, 1))
    for x, shade in enumerate((0, 32768, 65535)):
        shades.putpixel((x, 0), shade)

    image = seen(whole(tmp_path, saved(shades.convert(mode), "TIFF")).path)

    assert list(image.convert("L").tobytes()) == pytest.approx([0, 128, 255], abs=1)


def test_frames_become_pages_in_order_with_their_size(tmp_path: Path) -> None:
    """A fax of three sheets is a PDF of three pages, each at its own resolution."""
    frames = [Image.new("L", (300, 150), grey) for grey in (10, 120, 250)]
    document = opened(tmp_path, tiff(*frames, dpi=(150, 150)))

    found = document.whole(tmp_path / "part")

    pages = pages_of(found)
    assert (document.media_type, document.pages, found.pages) == ("image/tiff", 3, (1, 2, 3))
    assert found.media_type == "application/pdf"
    assert [page.size for page in pages] == [(144, 72)] * 3
    assert [shade(page) for page in pages] == pytest.approx([10, 120, 250], abs=2)


def test_the_frames_asked_for_are_cut_out(tmp_path: Path) -> None:
    """A selection of a TIFF is those frames and no others."""
    frames = [Image.new("L", (100, 100), grey) for grey in (10, 90, 170, 250)]

    found = opened(tmp_path, tiff(*frames)).cut((2, 4), tmp_path / "part")

    assert found.pages == (2, 4)
    assert [shade(page) for page in pages_of(found)] == pytest.approx([90, 250], abs=2)


@pytest.mark.parametrize("options", [{}, {"dpi": (0, 0)}], ids=["none", "zero"])
def test_frames_without_a_resolution_count_as_200_dpi(tmp_path: Path, options: dict[str, object]) -> None:
    """A page has a size that a reader can draw."""
    found = whole(tmp_path, tiff(Image.new("L", (200, 100)), Image.new("L", (200, 100)), **options))

    assert [page.size for page in pages_of(found)] == [(72, 36)] * 2


def test_a_fax_keeps_its_proportions(tmp_path: Path) -> None:
    """Faxes have twice as many dots across as down; a page drawn by one of the two is squashed."""
    sheets = [Image.new("1", (1728, 1078), 1)] * 2

    with pikepdf.open(whole(tmp_path, tiff(*sheets, dpi=(204, 98))).path) as pdf:
        width, height = (float(side) for side in list(pdf.pages[0].mediabox)[2:])

    assert width / height == pytest.approx((1728 / 204) / (1078 / 98), rel=0.02)


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "P", "CMYK", "I;16", "LA"])
def test_frames_of_every_mode_become_pages(tmp_path: Path, mode: str) -> None:
    """Whatever a scanner writes, the model gets pages."""
    frames = [Image.new(mode, (40, 20)), Image.new(mode, (40, 20))]

    assert len(pages_of(whole(tmp_path, tiff(*frames)))) == 2


def test_the_same_frames_give_the_same_bytes_on_another_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that is cut again is the same file, whatever the clock says."""
    document = opened(tmp_path, corpus.tiff(2))
    today = document.whole(tmp_path / "today").path.read_bytes()
    monkeypatch.setattr(time, "gmtime", lambda *_: time.struct_time((2030, 1, 2, 3, 4, 5, 2, 2, 0)))

    assert document.whole(tmp_path / "later").path.read_bytes() == today


def _with_width(data: bytes, frame: int, width: int) -> bytes:
    """The TIFF with another width told for one frame, counted from 0."""
    changed, (offset,) = bytearray(data), struct.unpack_from("<I", data, 4)
    for _ in range(frame):
        (count,) = struct.unpack_from("<H", data, offset)
        (offset,) = struct.unpack_from("<I", data, offset + 2 + 12 * count)
    (count,) = struct.unpack_from("<H", data, offset)
    for entry in range(offset + 2, offset + 2 + 12 * count, 12):
        if struct.unpack_from("<H", data, entry) == (TiffImagePlugin.IMAGEWIDTH,):
            struct.pack_into("<HII", changed, entry + 2, 4, 1, width)
    return bytes(changed)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")  # the file is made to be one
@pytest.mark.parametrize("width", [1_000_000, 10_000_000], ids=["100 megapixels", "1000 megapixels"])
def test_a_later_frame_with_too_many_pixels_is_too_large(tmp_path: Path, width: int) -> None:
    """A bomb behind a harmless first page is refused like any other."""
    data = _with_width(tiff(Image.new("L", (100, 100)), Image.new("L", (100, 100))), 1, width)

    with pytest.raises(TooLarge) as raised:
        whole(tmp_path, data)

    assert raised.value.code == "too_many_pixels"


@pytest.mark.parametrize("size", [(9434, 9433), (9434, 9434)], ids=["at the limit", "above"])
def test_the_limit_of_pixels_is_exact(tmp_path: Path, size: tuple[int, int]) -> None:
    """89,000,000 pixels pass; one row more does not."""
    data = saved(Image.new("1", size), "PNG")

    if size[0] * size[1] <= 89_000_000:
        assert opened(tmp_path, data).pages == 1
    else:
        with pytest.raises(TooLarge, match=r"9,434 x 9,434 pixels"):
            opened(tmp_path, data)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow warns about what the file is made to be
@pytest.mark.parametrize(
    "data", [corpus.bmp(), corpus.gif(), corpus.tiff(), corpus.cmyk_jpeg()], ids=["bmp", "gif", "tiff", "cmyk"]
)
def test_a_picture_that_was_cut_short_is_damaged(tmp_path: Path, data: bytes) -> None:
    """What must be decoded and cannot be is refused with what to do."""
    with pytest.raises(Invalid) as raised:
        whole(tmp_path, data[: len(data) // 2])

    assert raised.value.code == "damaged"
    assert "transfer it again" in raised.value.remedy


@pytest.mark.parametrize("tail", [b"!", b"!\xf9\x04", b",\x00"], ids=repr)
def test_a_gif_that_ends_within_a_block_is_damaged(tmp_path: Path, tail: bytes) -> None:
    """Counting frames reads the file to its end, and the end may be anywhere."""
    with pytest.raises(Invalid):
        whole(tmp_path, corpus.gif().removesuffix(b";") + tail)


@pytest.mark.parametrize("highest", [1.0, 255.0])
def test_floating_greys_are_not_black(tmp_path: Path, highest: float) -> None:
    """Scientific scanners write shades from 0 to 1."""
    shades = Image.new("F", (2, 1))
    shades.putpixel((1, 0), highest)

    image = seen(whole(tmp_path, saved(shades, "TIFF")).path)

    assert list(image.convert("L").tobytes()) == [0, 255]


def test_a_photograph_that_is_too_large_as_png_becomes_a_jpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A JPEG within a TIFF must not fail for what it has as PNG."""
    monkeypatch.setattr("shared.pictures._LARGEST_PNG", 100)

    found = whole(tmp_path, saved(Image.effect_noise((64, 64), 60), "TIFF"))

    assert (found.media_type, seen(found.path).format) == ("image/jpeg", "JPEG")
