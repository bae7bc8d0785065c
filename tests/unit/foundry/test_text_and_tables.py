"""Reading order, headings, lists and tables of a page with its own text."""

from reportlab.pdfgen.canvas import Canvas

from local.foundry.ocr.page import TableBlock, TextBlock
from tests.unit.foundry.drawing import LEFT, RIGHT, make_pdf, read, ruled_table, tables, texts, two_columns, write


def test_columns_are_read_one_after_the_other() -> None:
    """The right column follows the left one, and the title stands before both."""
    # when
    blocks = texts(read(make_pdf(two_columns)))
    # then
    joined = " ".join(blocks)
    assert blocks[0] == "# River levels"
    assert joined.index("nobody has ever missed") < joined.index("Its keeper lives")
    assert joined.rindex("nobody has ever missed") < joined.index("Its keeper lives")


def test_lines_of_a_paragraph_are_joined_and_broken_words_made_whole() -> None:
    """A paragraph is one line of Markdown, and a hyphen at a line's end disappears."""
    # given
    lines = ["The keeper wrote every single obser-", "vation down in a book that is still", "kept in the archive."]
    # when
    blocks = texts(read(make_pdf(lambda canvas: write(canvas, 60, 760, lines))))
    # then
    assert blocks == ["The keeper wrote every single observation down in a book that is still kept in the archive."]


def test_headings_follow_the_size_of_their_type() -> None:
    """Larger type gives higher headings; running text gives none."""

    # given
    def draw(canvas: Canvas) -> None:
        for size, y, text in ((22, 780, "Report"), (16, 740, "Part one"), (14, 700, "Section")):
            canvas.setFont("Helvetica", size)
            canvas.drawString(60, y, text)
        canvas.setFont("Helvetica", 11)
        write(canvas, 60, 670, LEFT)

    # when
    blocks = texts(read(make_pdf(draw)))
    # then
    assert blocks[:3] == ["# Report", "## Part one", "### Section"]
    assert not blocks[3].startswith("#")


def test_list_items_stay_items() -> None:
    """Bullets set apart from their text become a Markdown list."""

    # given
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 760, LEFT)
        for row, item in enumerate(("Read the gauge.", "Write it down.")):
            canvas.drawString(60, 690 - 18 * row, "•")
            canvas.drawString(84, 690 - 18 * row, item)

    # when
    reading = read(make_pdf(draw))
    # then
    assert texts(reading)[1:] == ["- Read the gauge.\n- Write it down."]
    assert isinstance(reading.blocks[1], TextBlock)
    assert reading.blocks[1].kind == "list"


def test_links_are_listed() -> None:
    """Addresses that a PDF links to are returned with the page."""

    # given
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 760, LEFT)
        canvas.linkURL("https://example.com/gauge?day=1", (60, 750, 200, 770))

    # when / then
    assert read(make_pdf(draw)).hyperlinks == ("https://example.com/gauge?day=1",)


def test_labelled_lines_are_not_run_together() -> None:
    """`Label: value` lines each stay a block, so that values can be found again."""
    # when
    blocks = texts(read(make_pdf(lambda canvas: write(canvas, 60, 760, ["Invoice number: 4711", "Total: 12.50 EUR"]))))
    # then
    assert blocks == ["Invoice number: 4711", "Total: 12.50 EUR"]


def test_a_ruled_table_stands_at_its_place() -> None:
    """Cells between ruling lines become rows, between the paragraphs around them."""
    # when
    reading = read(make_pdf(ruled_table))
    # then
    assert [type(block) for block in reading.blocks] == [TextBlock, TableBlock, TextBlock]
    assert tables(reading)[0].rows == (("Year", "Peak", "Day"), ("1911", "412", "98"), ("1961", "398", "94"))


def test_aligned_columns_are_a_table_without_any_ruling_line() -> None:
    """Short texts in columns over several rows are a table; a wrapped cell stays in its row."""

    # given
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 760, LEFT)
        for x, cells in ((60, ["Station", "Norwood", "Ashby"]), (200, ["Depth", "2.4 m", "1.9 m"])):
            write(canvas, x, 680, cells, step=30)
        write(canvas, 340, 680, ["Owner", "", "State of"], step=30)
        write(canvas, 340, 650, ["County"])
        write(canvas, 340, 607, ["Maine"])

    # when
    found = tables(read(make_pdf(draw)))
    # then
    assert [table.rows for table in found] == [
        (("Station", "Depth", "Owner"), ("Norwood", "2.4 m", "County"), ("Ashby", "1.9 m", "State of Maine"))
    ]


def test_one_column_of_a_table_may_hold_sentences() -> None:
    """A glossary without ruling lines is a table, although its middle column is long."""

    # given
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 760, LEFT)
        write(canvas, 60, 680, ["Term", "Draught", "Beam"], step=18)
        write(
            canvas, 140, 680, ["Meaning", "Depth of a ship below the water line", "Width of a ship at its widest"], 18
        )
        write(canvas, 420, 680, ["Unit", "m", "m"], step=18)

    # when
    (table,) = tables(read(make_pdf(draw)))
    # then
    assert table.rows[1] == ("Draught", "Depth of a ship below the water line", "m")


def test_a_centred_line_parts_three_columns() -> None:
    """What stands alone in the middle of the page is read before the columns below it, not within one of them."""

    # given
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 9)
        canvas.drawCentredString(298, 780, "Friday, 20 November")
        for column, x in enumerate((50, 228, 406)):
            write(canvas, x, 740, [f"Column {column} opens with these words", *RIGHT])

    # when
    blocks = texts(read(make_pdf(draw)))
    # then
    assert blocks[0] == "Friday, 20 November"
    assert [block[:8] for block in blocks[1:]] == ["Column 0", "Column 1", "Column 2"]
