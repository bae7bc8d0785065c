"""A file is told by its bytes, refused with a reason, and cut so that every part fits the model."""

from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalog import MIB, OcrModel
from shared.documents import Cut, media_type, open_document, parts
from shared.errors import DarkroomError, Invalid, TooLarge
from tests import corpus

PDF = "application/pdf"


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples of a property."""
    return tmp_path_factory.mktemp("documents")


def file(folder: Path, data: bytes, name: str = "document") -> Path:
    """A file with these bytes."""
    path = folder / name
    path.write_bytes(data)
    return path


def model(**limits: int) -> OcrModel:
    """A model with these limits."""
    return OcrModel("m", options=frozenset(), **limits)  # type: ignore[arg-type]  # the keys are those of the limits


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (corpus.text_pdf, PDF),
        (corpus.multi_column_pdf, PDF),
        (corpus.scanned_pdf, PDF),
        (corpus.huge_page_pdf, PDF),
        (corpus.active_pdf, PDF),
        (corpus.owner_locked_pdf, PDF),
        (corpus.broken_xref_pdf, PDF),
        (corpus.png, "image/png"),
        (corpus.deep_png, "image/png"),
        (corpus.jpeg, "image/jpeg"),
        (corpus.cmyk_jpeg, "image/jpeg"),
        (corpus.rotated_jpeg, "image/jpeg"),
        (corpus.bmp, "image/bmp"),
        (corpus.gif, "image/gif"),
        (corpus.webp, "image/webp"),
        (corpus.tiff, "image/tiff"),
    ],
)
def test_a_good_file_is_told_by_its_bytes_whatever_its_name(
    tmp_path: Path, make: Callable[[], bytes], kind: str
) -> None:
    """A scanner's `scan.txt` is read, and its kind is not taken from its name."""
    path = file(tmp_path, make(), "scan.txt")

    assert media_type(path) == kind
    assert open_document(path).media_type == kind


def test_a_pdf_may_have_a_preamble_before_its_header(tmp_path: Path) -> None:
    """Mail gateways put lines before `%PDF-`; readers accept it within the first 1,024 bytes."""
    near = file(tmp_path, b"Content-Type: application/pdf\r\n\r\n" + corpus.text_pdf(2))
    far = file(tmp_path, bytes([7]) * 1024 + corpus.text_pdf(), "far")

    assert media_type(near) == PDF
    assert open_document(near).pages == 2
    with pytest.raises(Invalid):
        media_type(far)


REFUSED: dict[str, tuple[bytes, str, str]] = {
    "empty": (corpus.EMPTY, "empty", "empty"),
    "text": (corpus.PLAIN_TEXT, "unsupported_type", "plain text and needs no OCR"),
    "office": (b"PK\x03\x04" + bytes(60), "unsupported_type", "export it as PDF"),
    "old office": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60), "unsupported_type", "export it as PDF"),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(60), "unsupported_type", "save it as JPEG"),
    "noise": (b"\x80\x81\x82" * 60, "unsupported_type", "no known type"),
    "password": (corpus.password_pdf(), "encrypted", "protected with a password"),
    "cut pdf": (corpus.truncated_pdf(), "damaged", "damaged"),
    "header only": (corpus.header_only_pdf(), "damaged", "damaged"),
    "no page": (corpus.pageless_pdf(), "no_pages", "no pages"),
    "pageless tiff": (corpus.pageless_tiff(), "damaged", "damaged"),
    "garbage tiff": (corpus.garbage_tiff(), "damaged", "damaged"),
    "moving gif": (corpus.gif(3), "animated", "animation of 3 frames"),
    "moving webp": (corpus.webp(2), "animated", "animation of 2 frames"),
}


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow warns about what the file is made to be
@pytest.mark.parametrize(("data", "code", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_read_is_refused_with_a_reason(tmp_path: Path, data: bytes, code: str, says: str) -> None:
    """Each fault has a code of its own and one sentence that a person can act on."""
    with pytest.raises(Invalid) as raised:
        open_document(file(tmp_path, data))

    assert raised.value.code == code
    assert says in raised.value.message
    assert raised.value.message.endswith(".")


def test_a_picture_with_too_many_pixels_is_too_large(tmp_path: Path) -> None:
    """A bomb is refused by its header and never decoded."""
    with pytest.raises(TooLarge) as raised:
        open_document(file(tmp_path, corpus.bomb_png()))

    assert raised.value.code == "too_many_pixels"
    assert "89 megapixels" in raised.value.message


@pytest.mark.parametrize("text", ["BMW report of the year", "WEBP" * 20, "a" + "ü" * 600, "€" * 400])
def test_any_plain_text_is_called_plain_text(tmp_path: Path, text: str) -> None:
    """Text that begins like a picture, or whose first kilobyte ends within a letter, is text still."""
    with pytest.raises(Invalid, match="plain text"):
        open_document(file(tmp_path, text.encode()))


def test_zeros_are_not_called_plain_text(tmp_path: Path) -> None:
    """An upload that broke off can leave a file of zeros; whoever dropped it must not hear that it is text."""
    with pytest.raises(Invalid) as raised:
        open_document(file(tmp_path, bytes(4096)))

    assert "plain text" not in raised.value.message


def cuts(path: Path, folder: Path, selection: str | None = None, **limits: int) -> list[Cut]:
    """The parts of a file for a model with these limits."""
    return list(parts(open_document(path), selection, model(**limits), folder))


def test_a_small_sound_document_goes_as_it_is(tmp_path: Path) -> None:
    """Nothing is rewritten that need not be."""
    path = file(tmp_path, corpus.text_pdf(3))

    assert cuts(path, tmp_path) == [Cut((1, 2, 3), path, PDF)]


def test_pages_bind(tmp_path: Path) -> None:
    """No part has more pages than the model takes, and together they are the document in order."""
    found = cuts(file(tmp_path, corpus.text_pdf(7)), tmp_path, max_pages=3)

    assert [cut.pages for cut in found] == [(1, 2, 3), (4, 5, 6), (7,)]


def test_bytes_bind_too(tmp_path: Path) -> None:
    """Thirty heavy pages are more than 30 MB, so they are halved until each part fits."""
    path = file(tmp_path, corpus.heavy_pdf([200_000] * 5))

    found = cuts(path, tmp_path, max_bytes=500_000)

    assert [number for cut in found for number in cut.pages] == [1, 2, 3, 4, 5]
    assert all(cut.path.stat().st_size <= 500_000 for cut in found)
    assert len(found) == 3


def test_parts_that_were_too_large_leave_no_file(tmp_path: Path) -> None:
    """A disk of a small worker does not fill up with tries."""
    (tmp_path / "parts").mkdir()
    found = cuts(file(tmp_path, corpus.heavy_pdf([200_000] * 5)), tmp_path / "parts", max_bytes=500_000)

    assert {cut.path for cut in found} == set((tmp_path / "parts").iterdir())


@pytest.mark.parametrize("data", [corpus.heavy_pdf([1, 3 * MIB, 1]), corpus.heavy_pdf([3 * MIB])], ids=["2", "1"])
def test_a_page_above_the_limit_is_too_large(tmp_path: Path, data: bytes) -> None:
    """One page cannot be cut; the sentence names it, both sizes and what helps."""
    with pytest.raises(TooLarge, match=r"Page [12] alone has 3\.\d MB; m takes 2 MB") as raised:
        cuts(file(tmp_path, data), tmp_path, max_bytes=2 * MIB)

    assert raised.value.code == "page_too_large"
    assert "lower resolution" in raised.value.remedy


def test_a_picture_above_the_limit_is_too_large_and_stays_where_it_is(tmp_path: Path) -> None:
    """The file that was given is not the part's to remove."""
    path = file(tmp_path, corpus.png())

    with pytest.raises(TooLarge):
        cuts(path, tmp_path, max_bytes=1000)

    assert path.exists()


def test_a_selection_is_cut_out(tmp_path: Path) -> None:
    """Only the pages that were asked for are sent and paid."""
    (found,) = cuts(file(tmp_path, corpus.text_pdf(5)), tmp_path, "2,4-5")

    assert found.pages == (2, 4, 5)
    assert len(pikepdf.open(found.path).pages) == 3


def test_a_selection_of_all_pages_is_the_document(tmp_path: Path) -> None:
    """`1-3` of three pages is the file as it is."""
    path = file(tmp_path, corpus.text_pdf(3))

    assert cuts(path, tmp_path, "1-3") == cuts(path, tmp_path)


def test_a_page_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Nothing is cut, and the count is told."""
    with pytest.raises(Invalid, match="Page 4 was asked for, but the document has 3 pages"):
        cuts(file(tmp_path, corpus.text_pdf(3)), tmp_path, "1,4")


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_opened_or_refused(scratch: Path, data: bytes) -> None:
    """No file makes the reader raise anything but an error of Darkroom's own."""
    _open_or_refuse(scratch, data)


MAGICS = [b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"GIF89a", b"BM"]


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow tells what it thinks of such files
@given(st.sampled_from([*MAGICS, b"RIFF\0\0\0\0WEBP"]), st.binary(max_size=200))
def test_arbitrary_bytes_behind_a_signature_are_opened_or_refused(scratch: Path, magic: bytes, data: bytes) -> None:
    """A right signature does not help a wrong file further than to a refusal."""
    _open_or_refuse(scratch, magic + data)


GOOD = [
    corpus.text_pdf(2), corpus.owner_locked_pdf(), corpus.tiff(2), corpus.tiff(),
    corpus.gif(), corpus.bmp(), corpus.webp(), corpus.cmyk_jpeg(), corpus.png(),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow tells what it thinks of such files
@given(st.sampled_from(GOOD), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8), st.floats(0.3, 1))
def test_damaged_files_are_cut_or_refused(
    scratch: Path, good: bytes, flips: list[tuple[float, int]], kept: float
) -> None:
    """Flipped bytes and a lost end lead to parts or to a refusal, whatever the file was."""
    data = bytearray(good)
    for where, value in flips:
        data[int(where * (len(data) - 1))] = value

    _open_or_refuse(scratch, bytes(data[: int(kept * len(data))]))


def _open_or_refuse(folder: Path, data: bytes) -> None:
    try:
        found = list(parts(open_document(file(folder, data)), None, model(max_pages=1), folder))
    except DarkroomError:
        return
    assert found
