"""Pages that must be recognised, and pages of unusual shape."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pikepdf
import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from local.foundry.ocr.documents import inspect
from local.foundry.ocr.page import TextBlock
from local.foundry.ocr.reading import read_page
from tests.unit.foundry.drawing import (
    LEFT,
    RIGHT,
    chart,
    figures,
    make_pdf,
    read,
    ruled_table,
    scan,
    tables,
    texts,
    two_columns,
    write,
)


def test_bullets_of_a_scan_are_seen() -> None:
    """A dot before a line makes it a list item on a scan too, though recognition leaves most dots out."""

    # given
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 760, LEFT)
        for row, item in enumerate(("Read the gauge.", "Write it down.", "Have it checked.")):
            canvas.circle(64, 683 - 30 * row, 2, fill=1)
            canvas.drawString(84, 680 - 30 * row, item)

    # when
    blocks = texts(read(scan(make_pdf(draw))))
    # then
    assert blocks[1:] == ["- Read the gauge.\n- Write it down.\n- Have it checked."]


def test_a_stamp_on_a_scan_is_not_its_text() -> None:
    """A scanned page with a few characters of its own text is recognised like any scan."""
    # given
    with Image.open(io.BytesIO(scan(make_pdf(two_columns)))) as shot:
        picture = shot.convert("RGB")

    def draw(canvas: Canvas) -> None:
        canvas.drawInlineImage(picture, 0, 0, *A4)
        canvas.drawString(500, 20, "Stamp 7")

    # when / then
    assert texts(read(make_pdf(draw)))[0] == "# River levels"


def test_recognition_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recogniser loads and reads with every connection refused: its models are on the disk already."""

    # given
    def refuse(*_: object) -> None:
        raise OSError("no network in this test")

    monkeypatch.setattr("socket.socket.connect", refuse)
    data = scan(make_pdf(lambda canvas: write(canvas, 60, 160, LEFT), size=(400, 200)))
    # when
    with ThreadPoolExecutor(1) as fresh_thread:
        reading = fresh_thread.submit(read_page, inspect(data), 0).result()
    # then
    assert LEFT[0] in " ".join(texts(reading))


def test_a_scan_is_read_by_recognition() -> None:
    """A crooked picture of a page gives the same title, order and words as the page's own text."""
    # given
    picture = scan(make_pdf(two_columns), turned=1.0)
    # when
    reading = read(picture)
    # then
    joined = " ".join(texts(reading))
    assert texts(reading)[0] == "# River levels"
    for line in LEFT + RIGHT:
        assert line in joined
    assert joined.rindex("nobody has ever missed") < joined.index("Its keeper lives")
    confidences = [word.confidence for block in reading.blocks if isinstance(block, TextBlock) for word in block.words]
    assert 0.5 < min(confidences) < max(confidences) <= 1


def test_a_scan_keeps_tables_and_figures() -> None:
    """On a scan too, ruling lines give a table and a drawing a figure."""
    # when
    from_table, from_chart = read(scan(make_pdf(ruled_table))), read(scan(make_pdf(chart)))
    # then
    assert tables(from_table)[0].rows[0] == ("Year", "Peak", "Day")
    assert tables(from_table)[0].rows[1][1] == "412"
    assert len(figures(from_chart)) == 1


def test_a_turned_page_is_read_upright() -> None:
    """A page that a viewer turns has the size it is shown at, and is read as it is shown."""

    # given
    def draw(canvas: Canvas) -> None:
        canvas.rotate(90)
        canvas.translate(0, -595)
        write(canvas, 60, 500, LEFT)

    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(make_pdf(draw))) as pdf:
        pdf.pages[0].rotate(90, relative=True)
        pdf.save(target)
    # when
    reading = read(target.getvalue())
    # then
    assert reading.width > reading.height
    assert texts(reading) == [" ".join(LEFT)]


def test_an_enormous_page_stays_within_the_pixel_limit() -> None:
    """A page of 200 by 200 inches is rendered smaller instead of filling the memory, and says at what resolution."""
    # when
    reading = read(make_pdf(lambda canvas: write(canvas, 60, 760, LEFT), size=(14_400, 14_400)))
    # then
    assert reading.width * reading.height <= 12_100_000
    assert reading.dpi < 200


def test_an_empty_page_has_no_blocks() -> None:
    """Nothing on a page gives an empty page, from a PDF and from a picture."""
    # given
    blank = io.BytesIO()
    Image.new("RGB", (400, 300), "white").save(blank, "PNG")
    # when
    readings = [read(make_pdf(lambda canvas: None)), read(blank.getvalue())]
    # then
    assert [reading.blocks for reading in readings] == [(), ()]


@pytest.mark.parametrize(
    ("mode", "form"),
    [("RGB", "PNG"), ("CMYK", "JPEG"), ("L", "TIFF"), ("I;16", "TIFF"), ("1", "BMP"), ("P", "GIF"), ("RGBA", "WEBP")],
)
def test_every_accepted_image_kind_is_read(mode: str, form: str) -> None:
    """Words are found in every format and colour mode that the service takes."""
    # given
    with Image.open(io.BytesIO(scan(make_pdf(lambda canvas: write(canvas, 60, 160, LEFT), size=(400, 200))))) as page:
        grey = page.convert("L")
        deep = Image.fromarray(np.asarray(grey).astype("uint16") * 257)
        picture = deep if mode == "I;16" else page.convert(mode)
    target = io.BytesIO()
    picture.save(target, form)
    # when
    joined = " ".join(texts(read(target.getvalue())))
    # then
    assert "nobody has ever missed one day." in joined
