"""A PDF that is cut keeps its pages, their order and their contents, and loses nothing but weight."""

import io
import time
from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from shared.documents import Cut, open_document
from tests import corpus


def cut(folder: Path, data: bytes, numbers: tuple[int, ...] = (), name: str = "part") -> Cut:
    """These pages of a PDF, or the whole of it, for the model."""
    path = folder / "document.pdf"
    path.write_bytes(data)
    document = open_document(path)
    return document.cut(numbers, folder / name) if numbers else document.whole(folder / name)


def texts(path: Path) -> list[str]:
    """What stands on each page, as PDFium reads it."""
    with pypdfium2.PdfDocument(path) as document:
        return [str(page.get_textpage().get_text_range()).split("\r\n")[0] for page in document]


def test_the_pages_asked_for_come_in_their_order_with_their_text(tmp_path: Path) -> None:
    """Page n of the part is the n-th page asked for, text and all."""
    found = cut(tmp_path, corpus.text_pdf(40), (2, 3, 17, 40))

    assert (found.pages, found.media_type) == ((2, 3, 17, 40), "application/pdf")
    assert texts(found.path) == ["Page 2 of 40", "Page 3 of 40", "Page 17 of 40", "Page 40 of 40"]


def test_a_part_reads_without_a_warning(tmp_path: Path) -> None:
    """What goes to the model is a sound file, also when it was cut from one that had to be repaired."""
    with pikepdf.open(cut(tmp_path, corpus.broken_xref_pdf(4), (2, 4)).path) as part:
        assert part.get_warnings() == []
        assert part.check_pdf_syntax() == []


def test_what_pages_share_is_copied_once_and_what_they_do_not_need_is_left_out(tmp_path: Path) -> None:
    """Thirty pages with one picture weigh one picture, and one heavy page elsewhere weighs nothing."""
    shared = cut(tmp_path, corpus.shared_image_pdf(60), tuple(range(1, 31)))
    light = cut(tmp_path, corpus.heavy_pdf([1000, 1_000_000]), (1,), "light")

    assert 160_000 < shared.path.stat().st_size < 190_000
    assert light.path.stat().st_size < 10_000


def test_a_picture_that_is_listed_but_not_shown_is_left_out(tmp_path: Path) -> None:
    """Scanners list every picture of a document on each page; a part of one page has one picture."""
    found = cut(tmp_path, _listing(tmp_path, [50_000] * 10), (3,))

    assert 50_000 < found.path.stat().st_size < 60_000


def _listing(folder: Path, sizes: list[int]) -> bytes:
    """A PDF whose pages show a picture each and all list every picture."""
    with pikepdf.open(_kept(folder, corpus.heavy_pdf(sizes)), allow_overwriting_input=True) as pdf:
        pictures = {f"/Im{number}": page.get_images()["/Im1"] for number, page in enumerate(pdf.pages)}
        resources = pdf.make_indirect(pikepdf.Dictionary(XObject=pikepdf.Dictionary(pictures)))
        for name, page in zip(pictures, pdf.pages, strict=True):
            page.obj.Resources = resources
            page.obj.Contents = pdf.make_stream(f"q 100 0 0 100 0 0 cm {name} Do Q".encode())
        pdf.save()
    return (folder / "kept.pdf").read_bytes()


def _kept(folder: Path, data: bytes) -> Path:
    path = folder / "kept.pdf"
    path.write_bytes(data)
    return path


def test_the_same_cut_gives_the_same_bytes_at_another_time(tmp_path: Path) -> None:
    """A part that is cut again, by another worker or another day, is the same file."""
    files = {"text": corpus.text_pdf(5), "locked": corpus.owner_locked_pdf(), "scan": corpus.scanned_pdf()}

    first = {name: cut(tmp_path, data, (1,)).path.read_bytes() for name, data in files.items()}
    began = int(time.time())
    while int(time.time()) == began:  # qpdf's own clock, which counts whole seconds, cannot be given
        time.sleep(0.01)

    assert {name: cut(tmp_path, data, (1,)).path.read_bytes() for name, data in files.items()} == first


def test_an_owner_lock_is_taken_off_on_the_way(tmp_path: Path) -> None:
    """Everyone may read such a file; the model's parser refuses it all the same unless it is rewritten."""
    found = cut(tmp_path, corpus.owner_locked_pdf())

    assert not pikepdf.open(found.path).is_encrypted
    assert texts(found.path) == ["Page 1 of 1"]


def test_a_repaired_file_is_sent_repaired(tmp_path: Path) -> None:
    """The model does not get what only qpdf can read."""
    data = corpus.broken_xref_pdf(2)
    found = cut(tmp_path, data)

    assert found.path.read_bytes() != data
    assert texts(found.path) == ["Page 1 of 2", "Page 2 of 2"]


def test_scripts_and_attachments_do_not_ride_along_with_a_part(tmp_path: Path) -> None:
    """A part has pages only."""
    with pikepdf.open(cut(tmp_path, corpus.active_pdf(), (1,)).path) as part:
        assert "/OpenAction" not in part.Root
        assert not part.attachments


def test_a_turned_and_cropped_page_stays_so(tmp_path: Path) -> None:
    """What a page inherits from its parents comes with it."""
    path = _kept(tmp_path, corpus.text_pdf(2))
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.Root.Pages.Rotate = 90
        pdf.Root.Pages.MediaBox = [0, 0, 300, 400]
        for page in pdf.pages:
            del page.obj["/MediaBox"]
        pdf.save()

    with pikepdf.open(cut(tmp_path, path.read_bytes(), (2,)).path) as part:
        assert part.pages[0].rotation == 90
        assert list(part.pages[0].mediabox) == [0, 0, 300, 400]


def form(value: str) -> bytes:
    """A PDF of two pages with a filled-in text field on the first, whose viewer is to draw it."""
    pdf = pikepdf.open(io.BytesIO(corpus.text_pdf(2)))
    field = pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Annot,
            Subtype=pikepdf.Name.Widget,
            FT=pikepdf.Name.Tx,
            T=pikepdf.String("name"),
            V=pikepdf.String(value),
            DA=pikepdf.String("/F1 12 Tf 0 g"),
            Rect=[100, 300, 400, 330],
            F=4,
        )
    )
    pdf.pages[0].obj.Annots = pikepdf.Array([field])
    fonts = pdf.pages[0].obj.Resources.Font
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[field], NeedAppearances=True, DR=pikepdf.Dictionary(Font=fonts))
    buffer = io.BytesIO()
    pdf.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("numbers", [(1,), (1, 2)])
def test_what_was_filled_into_a_form_is_read_too(tmp_path: Path, numbers: tuple[int, ...]) -> None:
    """A page that is cut out leaves the form behind, so its fields are drawn onto the page first."""
    found = cut(tmp_path, form("Ada Lovelace"), numbers)

    with pypdfium2.PdfDocument(found.path) as pdf:
        assert "Ada Lovelace" in pdf[0].get_textpage().get_text_bounded()


def test_a_repaired_file_with_a_blank_page_is_read(tmp_path: Path) -> None:
    """A page without contents is blank; only one at the end tells of a file that was cut short."""
    data = corpus.broken_xref_pdf(3)
    blank = data.replace(b"/Contents", b"/Nothings", 1)

    assert len(cut(tmp_path, blank).pages) == 3
