"""Small files that would fill memory or take hours: refused, or copied without being unpacked."""

import struct
import zlib
from pathlib import Path

import pikepdf
import pytest

from shared.documents import open_document
from shared.errors import Invalid, TooLarge
from tests import corpus

MIB = 1024 * 1024


def tree(*kids: bytes) -> bytes:
    """A PDF with one page; each entry of `kids` is a node of its tree of pages, with the numbers of its children."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"
    nodes = [b"<</Type/Pages/Count 1/Kids[%s]>>" % children for children in kids]
    objects = [b"<</Type/Catalog/Pages 3 0 R>>", page, *nodes]
    body, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return body + b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        size, rows, size, len(body),
    )  # fmt: skip


def zeros(mib: int) -> bytes:
    """So many megabytes of spaces, deflated to a thousandth."""
    packer = zlib.compressobj(9)
    return b"".join([*(packer.compress(b" " * MIB) for _ in range(mib)), packer.flush()])


def opened(folder: Path, data: bytes) -> object:
    """The document with these bytes."""
    path = folder / "document"
    path.write_bytes(data)
    return open_document(path)


@pytest.mark.parametrize(
    "kids",
    [(b"2 0 R " * 60_000,), (b"4 0 R " * 300, b"2 0 R " * 300), (b"3 0 R 2 0 R",)],
    ids=["wide", "deep", "endless"],
)
def test_a_page_that_is_named_over_and_over_is_not_a_document_of_its_size(tmp_path: Path, kids: tuple[bytes]) -> None:
    """A megabyte can name a page two hundred thousand times, which qpdf would make half a gigabyte of."""
    with pytest.raises(TooLarge, match="more than 50,000 pages"):
        opened(tmp_path, tree(*kids))


def test_an_object_stream_that_is_a_bomb_is_damaged(tmp_path: Path) -> None:
    """65 kB of a file would be 65 MB in memory, and a megabyte a gigabyte."""
    path = tmp_path / "bomb.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.Root.Big = pikepdf.String(" " * (65 * MIB))
        pdf.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    with pytest.raises(Invalid) as raised:
        open_document(path)
    assert raised.value.code in ("damaged", "no_pages")


def test_contents_that_are_a_bomb_are_copied_as_they_are(tmp_path: Path) -> None:
    """A page is cut out without unpacking what it shows."""
    path = tmp_path / "bomb.pdf"
    with pikepdf.new() as pdf:
        for _ in range(2):
            pdf.add_blank_page()
        bomb = pikepdf.Stream(pdf, zeros(65))
        bomb.Filter = pikepdf.Name.FlateDecode
        pdf.pages[0].obj.Contents = bomb
        pdf.save(path, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)

    cut = open_document(path).cut((1,), tmp_path / "cut.pdf")

    with pikepdf.open(cut.path) as pdf:
        assert pdf.pages[0].Contents.read_raw_bytes() == zeros(65)


def frames(count: int) -> bytes:
    """A TIFF of so many frames of one pixel."""
    tags = [
        (256, 4, 1),
        (257, 4, 1),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 0),
        (277, 3, 1),
        (278, 4, 1),
        (279, 4, 1),
    ]
    size = 2 + 12 * len(tags) + 4
    entries = struct.pack("<H", len(tags)) + b"".join(
        struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags
    )
    nexts = [*(8 + size * number for number in range(1, count)), 0]
    return struct.pack("<2sHI", b"II", 42, 8) + b"".join(entries + struct.pack("<I", follows) for follows in nexts)


def test_frames_without_number_are_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred bytes make one more frame, and looking for a million would take hours."""
    monkeypatch.setattr("shared.pictures._MOST_FRAMES", 50)
    with pytest.raises(TooLarge, match="more than 50 frames"):
        opened(tmp_path, frames(51))
    path = tmp_path / "fifty.tiff"
    path.write_bytes(frames(50))
    assert open_document(path).pages == 50


def test_a_picture_of_many_pixels_is_refused_by_its_header(tmp_path: Path) -> None:
    """Nothing of it is unpacked."""
    with pytest.raises(TooLarge) as raised:
        opened(tmp_path, corpus.bomb_png(side=10_000))
    assert raised.value.code == "too_many_pixels"
