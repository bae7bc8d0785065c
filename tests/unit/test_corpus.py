"""The corpus is what it claims to be, as pikepdf, PDFium, Pillow and zlib see it."""

import io
import struct
import zlib
from collections.abc import Callable

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageOps, UnidentifiedImageError

from tests import corpus

Builder = Callable[[], bytes]

MAKERS: list[Builder] = [
    corpus.text_pdf,
    corpus.multi_column_pdf,
    corpus.scanned_pdf,
    corpus.shared_image_pdf,
    corpus.huge_page_pdf,
    corpus.active_pdf,
    corpus.owner_locked_pdf,
    corpus.password_pdf,
    corpus.pageless_pdf,
    corpus.deep_png,
    corpus.rotated_jpeg,
    corpus.cmyk_jpeg,
    corpus.gif,
    corpus.webp,
    corpus.tiff,
    corpus.garbage_tiff,
]


def opened(data: bytes, password: str = "") -> pikepdf.Pdf:
    """Return the document as pikepdf reads it."""
    return pikepdf.open(io.BytesIO(data), password=password)


def page_text(data: bytes, page: int = 0) -> str:
    """Return the text layer of a page as PDFium reads it."""
    with pypdfium2.PdfDocument(data) as document:
        return str(document[page].get_textpage().get_text_range())


def rendered(data: bytes, page: int = 0) -> Image.Image:
    """Return a page as PDFium draws it, in grey at 72 dpi."""
    with pypdfium2.PdfDocument(data) as document:
        drawn: Image.Image = document[page].render().to_pil()
    return drawn.convert("L")


def picture(data: bytes) -> Image.Image:
    """Return the picture with its pixels decoded."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_every_build_gives_the_same_bytes(make: Builder) -> None:
    """Tests may compare hashes of corpus files, since nothing in them depends on the clock or on chance."""
    assert make() == make()


@pytest.mark.parametrize("make", [corpus.text_pdf, corpus.owner_locked_pdf], ids=lambda make: make.__name__)
def test_pdf_ids_do_not_follow_the_clock(make: Builder) -> None:
    """Two builds in one second agree anyway; a fixed document id makes builds of different days agree."""
    qpdf_static_id = "31415926535897932384626433832795"
    assert [bytes(part).hex() for part in opened(make()).trailer.ID] == [qpdf_static_id] * 2


def test_text_pdf_carries_its_text_on_every_page() -> None:
    """A born-digital document has the asked number of pages, each with its number and text."""
    data = corpus.text_pdf(3, "brackets (and) \\ umlauts äöü\nsecond line")

    assert len(opened(data).pages) == 3
    assert page_text(data, 2).split("\r\n") == ["Page 3 of 3", "brackets (and) \\ umlauts äöü", "second line"]


def test_multi_column_lines_lie_side_by_side() -> None:
    """The two columns start at the same height and do not overlap."""
    with pypdfium2.PdfDocument(corpus.multi_column_pdf()) as document:
        page = document[0].get_textpage()
        left, right = page.get_charbox(0), page.get_charbox(page.get_text_range().index("Right line 1"))

    assert left[3] == pytest.approx(right[3], abs=2)
    assert right[0] - left[0] > 200


def test_scanned_pdf_is_pictures_only() -> None:
    """A scan has no text layer, and each page holds its own picture with dark print on it."""
    data = corpus.scanned_pdf(2)

    scans = [rendered(data, page) for page in range(2)]

    assert [page_text(data, page) for page in range(2)] == ["", ""]
    assert min(scans[0].tobytes()) < 30
    assert scans[0].tobytes() != scans[1].tobytes()


def test_heavy_pdf_keeps_its_weight_on_the_asked_pages() -> None:
    """Every page weighs at least what was asked for and little more, and compression takes nothing off."""
    wanted = [2_000_000, 1, 500_000]

    raw = [page.get_images()["/Im1"].read_raw_bytes() for page in opened(corpus.heavy_pdf(wanted)).pages]

    assert all(least <= len(data) < least + 5_000 for least, data in zip(wanted, raw, strict=True))
    assert all(len(zlib.compress(data)) >= len(data) for data in raw)


def test_heavy_pages_differ() -> None:
    """Two pages of the same weight hold different pictures, so nothing can store them once."""
    first, second = (rendered(corpus.heavy_pdf([50_000, 50_000]), page) for page in range(2))

    assert first.tobytes() != second.tobytes()


def test_heavy_pdf_can_be_drawn() -> None:
    """The weight of a heavy page is a real picture, not loose bytes."""
    drawn = rendered(corpus.heavy_pdf([100_000]))

    assert len(set(drawn.tobytes())) > 50


def test_shared_image_is_stored_once() -> None:
    """A thousand pages refer to one and the same picture object."""
    with opened(corpus.shared_image_pdf()) as pdf:
        objects = {page.get_images()["/Im1"].objgen for page in pdf.pages}

        assert len(pdf.pages) == 1000
        assert len(objects) == 1


def test_huge_page_measures_200_inches() -> None:
    """The page is 14,400 points wide and high."""
    with pypdfium2.PdfDocument(corpus.huge_page_pdf()) as document:
        assert document[0].get_size() == (14_400, 14_400)


def test_active_pdf_has_a_script_and_an_attachment() -> None:
    """The document opens with JavaScript and carries note.txt, and is otherwise an ordinary page."""
    pdf = opened(corpus.active_pdf())

    assert pdf.Root.OpenAction.S == "/JavaScript"
    assert pdf.attachments["note.txt"].get_file().read_bytes() == b"attached\n"
    assert corpus.WORDS in page_text(corpus.active_pdf())


def test_password_pdf_opens_with_its_password_only() -> None:
    """Without the user password neither reader gets in; with it the page is there."""
    data = corpus.password_pdf("secret")

    with pytest.raises(pikepdf.PasswordError):
        opened(data)
    with pytest.raises(pypdfium2.PdfiumError, match="password"):
        pypdfium2.PdfDocument(data)
    assert len(opened(data, "secret").pages) == 1


def test_owner_locked_pdf_opens_without_a_password() -> None:
    """A document with only an owner password is encrypted, yet anyone can read it."""
    data = corpus.owner_locked_pdf()

    pdf = opened(data)

    assert pdf.is_encrypted
    assert not pdf.owner_password_matched
    assert corpus.WORDS in page_text(data)


def test_broken_xref_pdf_is_repaired() -> None:
    """Both readers find all pages, and pikepdf warns that it had to look for them."""
    pdf = opened(corpus.broken_xref_pdf(4))

    assert len(pdf.pages) == 4
    assert pdf.get_warnings()
    assert "Page 4 of 4" in page_text(corpus.broken_xref_pdf(4), 3)


def test_pageless_pdf_is_sound_but_empty() -> None:
    """The file opens without a warning and has no page."""
    pdf = opened(corpus.pageless_pdf())

    assert len(pdf.pages) == 0
    assert not pdf.get_warnings()


def test_truncated_pdf_looks_whole_to_a_reader_that_repairs() -> None:
    """The trap of a broken upload: pikepdf counts three pages, none of which has contents; PDFium refuses the file."""
    data = corpus.truncated_pdf()

    pdf = opened(data)

    assert ["/Contents" in page for page in pdf.pages] == [False, False, False]
    assert pdf.get_warnings()
    with pytest.raises(pypdfium2.PdfiumError):
        pypdfium2.PdfDocument(data)


@pytest.mark.parametrize("data", [corpus.header_only_pdf(), corpus.PLAIN_TEXT, corpus.EMPTY])
def test_what_is_no_pdf_opens_nowhere(data: bytes) -> None:
    """A lone header, a text and an empty file are refused by both readers, not repaired."""
    with pytest.raises(pikepdf.PdfError):
        opened(data)
    with pytest.raises((pypdfium2.PdfiumError, ValueError)):
        pypdfium2.PdfDocument(data)


@pytest.mark.parametrize(
    ("data", "kind", "mode"),
    [
        (corpus.png(), "PNG", "RGB"),
        (corpus.deep_png(), "PNG", "I;16"),
        (corpus.jpeg(), "JPEG", "RGB"),
        (corpus.cmyk_jpeg(), "JPEG", "CMYK"),
        (corpus.bmp(), "BMP", "RGB"),
        (corpus.webp(), "WEBP", "RGB"),
    ],
)
def test_still_pictures_have_their_format_and_mode(data: bytes, kind: str, mode: str) -> None:
    """Each picture decodes as the format, colour mode and size that its name promises."""
    image = picture(data)

    assert (image.format, image.mode, image.size) == (kind, mode, (640, 240))


def test_deep_png_uses_16_bits() -> None:
    """The samples span the 16-bit range, so dropping a byte shows."""
    assert picture(corpus.deep_png()).getextrema() == (0, 65535)


def test_cmyk_jpeg_has_the_adobe_marker() -> None:
    """The Adobe segment, which tells a reader how the colours are stored, is in the file and Pillow sees it."""
    assert b"\xff\xee\x00\x0eAdobe" in corpus.cmyk_jpeg()
    assert "adobe" in picture(corpus.cmyk_jpeg()).info


def test_rotated_jpeg_stands_upright_after_its_orientation_is_applied() -> None:
    """The stored pixels lie sideways; turned by the EXIF tag they show the same picture as the plain JPEG."""
    stored = picture(corpus.rotated_jpeg())

    upright = ImageOps.exif_transpose(stored)

    assert (stored.size, upright.size) == ((240, 640), (640, 240))
    difference = ImageChops.difference(upright, picture(corpus.jpeg())).convert("L")
    assert max(difference.tobytes()) < 64


@pytest.mark.parametrize("make", [corpus.gif, corpus.webp, corpus.tiff], ids=lambda make: make.__name__)
@pytest.mark.parametrize("frames", [1, 3])
def test_sequences_have_the_asked_frames(make: Callable[[int], bytes], frames: int) -> None:
    """One frame is a still picture, several are an animation or pages, and every frame decodes."""
    image = Image.open(io.BytesIO(make(frames)))

    assert getattr(image, "n_frames", 1) == frames
    for frame in range(frames):
        image.seek(frame)
        image.load()


def test_bomb_png_is_complete() -> None:
    """The 50,000 pixel PNG has a right header and all its rows in 0.3 MB, counted without holding them."""
    data = corpus.bomb_png()
    width, height, depth = struct.unpack(">IIB", data[16:25])
    unpacker, rows = zlib.decompressobj(), 0

    pending = data[41:-16]
    while pending:
        rows += len(unpacker.decompress(pending, 1 << 20))
        pending = unpacker.unconsumed_tail

    assert (width, height, depth) == (50_000, 50_000, 1)
    assert unpacker.eof
    assert rows == 50_000 * (1 + 6250)
    assert len(data) < 310_000


def test_bomb_png_is_a_bomb_to_pillow() -> None:
    """Pillow refuses to open it on its header alone."""
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(corpus.bomb_png()))


def test_bomb_png_of_a_small_side_decodes() -> None:
    """The same builder at a harmless size makes a sound black picture, so only the size is wrong at 50,000."""
    image = picture(corpus.bomb_png(33))

    assert (image.size, image.mode, image.getextrema()) == ((33, 33), "1", (0, 0))


@pytest.mark.parametrize(("data", "kind"), [(corpus.cut_png(), "PNG"), (corpus.cut_jpeg(), "JPEG")])
def test_cut_pictures_open_but_do_not_decode(data: bytes, kind: str) -> None:
    """The header reads like a sound picture's; the pixels end too early."""
    image = Image.open(io.BytesIO(data))

    assert (image.format, image.size) == (kind, (640, 240))
    with pytest.raises(OSError, match="truncated"):
        image.load()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow warns about what the file is made to be
@pytest.mark.parametrize("data", [corpus.pageless_tiff(), corpus.garbage_tiff()], ids=["pageless", "garbage"])
def test_bad_tiffs_are_no_pictures(data: bytes) -> None:
    """The TIFF signature is right, and still there is nothing to open."""
    assert data.startswith(b"II*\x00")
    with pytest.raises((UnidentifiedImageError, OSError, SyntaxError)):
        picture(data)
