"""How readings become the pages of an answer."""

from typing import Any

import pytest

from local.foundry.ocr.page import Block, Box, FigureBlock, PageReading, TableBlock, TextBlock, Word
from local.foundry.ocr.request import Ocr40
from local.foundry.ocr.response import PageWriter

HEAD = TextBlock("text", "Annual report", Box(100, 40, 500, 70))
TEXT = TextBlock(
    "text",
    "Two words",
    Box(100, 300, 500, 330),
    (Word("Two", Box(100, 300, 200, 330), 0.9), Word("words", Box(210, 300, 500, 330), 0.5)),
)
FOOT = TextBlock("text", "Page 1", Box(100, 2150, 500, 2180))
TABLE = TableBlock((("a", "b|c"), ("1", "<2>")), Box(100, 400, 500, 500))
SMALL = FigureBlock(b"small", Box(100, 600, 150, 640))
LARGE = FigureBlock(b"large", Box(100, 700, 500, 1000), caption="Figure 1: A bridge")


def write(*pages: tuple[Block, ...], **fields: Any) -> list[dict[str, Any]]:
    """Answer pages made of these blocks, for a request with these fields."""
    document = {"type": "document_url", "document_url": ""}
    writer = PageWriter(Ocr40.model_validate({"model": "m", "document": document, **fields}))
    return [writer.write(PageReading(index, 1700, 2200, blocks)) for index, blocks in enumerate(pages)]


def test_figures_are_numbered_through_the_document() -> None:
    """No two pages of an answer use one figure id, and each id is linked where the figure stands."""
    # when
    first, second = write((TEXT, LARGE), (LARGE, TEXT))
    # then
    assert first["markdown"] == "Two words\n\n![img-0.jpeg](img-0.jpeg)"
    assert second["markdown"] == "![img-1.jpeg](img-1.jpeg)\n\nTwo words"
    assert [second["images"][0][key] for key in ("id", "top_left_x", "bottom_right_y")] == ["img-1.jpeg", 100, 1000]


def test_pictures_are_sent_only_when_asked_for() -> None:
    """`image_base64` is null unless the request wants it, and then a data URL."""
    assert write((LARGE,))[0]["images"][0]["image_base64"] is None
    asked = write((LARGE,), include_image_base64=True)
    assert asked[0]["images"][0]["image_base64"] == "data:image/jpeg;base64,bGFyZ2U="


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"image_min_size": 50}, ["large"]), ({"image_limit": 1}, ["small"]), ({"image_limit": 0}, [])],
)
def test_unwanted_figures_leave_no_link(fields: dict[str, int], expected: list[str]) -> None:
    """Figures beyond the limit or below the size vanish from the Markdown as well as from the list."""
    # when
    (page,) = write((SMALL, TEXT, LARGE), **fields)
    # then
    assert len(page["images"]) == len(expected) == page["markdown"].count("![")


def test_tables_stay_in_the_text_unless_a_format_is_asked_for() -> None:
    """Without `table_format` a table is Markdown in place, with its pipes escaped."""
    (page,) = write((TABLE,))
    assert page["markdown"] == "| a | b\\|c |\n| --- | --- |\n| 1 | <2> |"
    assert page["tables"] == []


@pytest.mark.parametrize(
    ("wanted", "name", "start"), [("html", "tbl-0.html", "<table><tr><th>a</th>"), ("markdown", "tbl-0.md", "| a | b")]
)
def test_tables_move_out_when_a_format_is_asked_for(wanted: str, name: str, start: str) -> None:
    """With `table_format` the text holds a link, and `tables` the content in that format."""
    # when
    (page,) = write((TABLE,), table_format=wanted)
    # then
    assert page["markdown"] == f"[{name}]({name})"
    assert (page["tables"][0]["id"], page["tables"][0]["format"]) == (name, wanted)
    assert page["tables"][0]["content"].startswith(start)


def test_html_tables_are_escaped() -> None:
    """A cell that looks like markup stays text."""
    assert "&lt;2&gt;" in write((TABLE,), table_format="html")[0]["tables"][0]["content"]


def test_header_and_footer_move_out_when_asked_for() -> None:
    """Texts in the margins leave the Markdown for `header` and `footer`, only if the request says so."""
    # when
    (kept,), (moved,) = write((HEAD, TEXT, FOOT)), write((HEAD, TEXT, FOOT), extract_header=True, extract_footer=True)
    # then
    assert (kept["header"], kept["footer"]) == (None, None)
    assert kept["markdown"].startswith("Annual report")
    assert (moved["header"], moved["footer"], moved["markdown"]) == ("Annual report", "Page 1", "Two words")


def test_confidence_is_that_of_the_words() -> None:
    """Average and minimum come from the words, and each word says where it stands in the Markdown."""
    # when
    scores = write((TEXT,), confidence_scores_granularity="word")[0]["confidence_scores"]
    # then
    assert scores["average_page_confidence_score"] == 0.7
    assert scores["minimum_page_confidence_score"] == 0.5
    assert scores["word_confidence_scores"][1] == {"text": "words", "confidence": 0.5, "start_index": 4}


def test_blocks_name_their_kind_and_their_figure_or_table() -> None:
    """With `include_blocks` every block is listed with its box, and points at its figure or table."""
    # when
    (page,) = write(
        (TEXT, TABLE, LARGE), include_blocks=True, table_format="html", confidence_scores_granularity="block"
    )
    # then
    assert [block["type"] for block in page["blocks"]] == ["text", "table", "image"]
    assert page["blocks"][1]["table_id"] == "tbl-0.html"
    assert page["blocks"][2]["image_id"] == "img-0.jpeg"
    assert page["blocks"][0]["confidence_scores"]["minimum_content_confidence_score"] == 0.5


def test_a_figure_is_annotated_from_its_caption() -> None:
    """A strict schema for figures is filled from caption and size."""
    # given
    schema = {"type": "object", "properties": {"caption": {"type": "string"}, "width": {"type": "integer"}}}
    asked = {"type": "json_schema", "json_schema": {"name": "figure", "schema": schema, "strict": True}}
    # when
    (page,) = write((LARGE,), bbox_annotation_format=asked)
    # then
    assert page["images"][0]["image_annotation"] == '{"caption": "Figure 1: A bridge", "width": 400}'
