"""What counts as a figure, and what is cut out."""

import io

from PIL import Image
from reportlab.lib.colors import black, navy, white
from reportlab.pdfgen.canvas import Canvas

from tests.unit.foundry.drawing import LEFT, RIGHT, chart, figures, make_pdf, read, texts, write


def test_a_coloured_bar_behind_a_heading_is_no_figure() -> None:
    """Text on a bar of one colour stays text."""

    # given
    def draw(canvas: Canvas) -> None:
        canvas.setFillColor(navy)
        canvas.rect(0, 740, 595, 60, fill=1)
        canvas.setFillColor(white)
        canvas.setFont("Helvetica-Bold", 24)
        canvas.drawString(60, 762, "Why lighthouses matter")
        canvas.setFillColor(black)
        canvas.setFont("Helvetica", 11)
        write(canvas, 60, 700, LEFT)

    # when
    reading = read(make_pdf(draw))
    # then
    assert figures(reading) == []
    assert texts(reading) == ["# Why lighthouses matter", " ".join(LEFT)]


def test_a_drawing_is_cut_out_with_its_labels() -> None:
    """A chart becomes one figure with its caption; the marks of its axis are not repeated as text."""
    # when
    reading = read(make_pdf(chart))
    # then
    (figure,) = figures(reading)
    assert texts(reading)[1:] == ["Figure 1: Mean level by season."]
    assert figure.caption == "Figure 1: Mean level by season."
    with Image.open(io.BytesIO(figure.jpeg)) as picture:
        assert abs(picture.width - figure.box.width) <= 2
    assert figure.box.left < 94 / 72 * 200 < figure.box.right


def test_a_placed_photo_is_a_figure() -> None:
    """A picture in a PDF is cut out where it stands, even if it is as pale as the paper."""

    # given
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 760, LEFT)
        canvas.drawInlineImage(Image.new("RGB", (60, 40), (250, 250, 250)), 100, 500, 300, 150)

    # when
    (figure,) = figures(read(make_pdf(draw)))
    # then
    scale = 200 / 72
    assert abs(figure.box.left - 100 * scale) < 10
    assert abs(figure.box.height - 150 * scale) < 20


def test_a_photo_alone_on_a_page_is_cut_out_of_it() -> None:
    """Without any text the figure is still the photo, not the page around it."""

    # given
    def draw(canvas: Canvas) -> None:
        canvas.drawInlineImage(Image.radial_gradient("L"), 100, 300, 400, 300)

    # when
    (figure,) = figures(read(make_pdf(draw)))
    # then
    assert abs(figure.box.width - 400 / 72 * 200) < 30


def test_text_on_a_background_picture_is_not_swallowed() -> None:
    """A picture with a page's text on top of it is decoration, and the text is read."""

    # given
    def draw(canvas: Canvas) -> None:
        canvas.drawInlineImage(Image.new("RGB", (60, 40), (230, 240, 250)), 40, 640, 300, 150)
        write(canvas, 60, 760, LEFT + RIGHT)

    # when
    reading = read(make_pdf(draw))
    # then
    assert figures(reading) == []
    assert texts(reading) == [" ".join(LEFT + RIGHT)]


def test_a_photo_without_text_is_one_figure() -> None:
    """A picture that is all picture is kept whole."""
    # given
    photo = io.BytesIO()
    Image.radial_gradient("L").resize((600, 400)).convert("RGB").save(photo, "JPEG")
    # when
    reading = read(photo.getvalue())
    # then
    assert len(figures(reading)) == 1
    assert figures(reading)[0].box.width > 500
