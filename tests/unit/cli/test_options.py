"""Options ride on the file as metadata that Darkroom reads back as the same options."""

import json
from pathlib import Path

import pytest

from cli.errors import WrongUseError
from cli.options import metadata
from shared.messages import OcrJob
from shared.pipelines.ocr_options import merged_options


def test_options_come_back_as_they_were_given(tmp_path: Path) -> None:
    """What the command writes, the pipeline reads; non-ASCII travels escaped."""
    schema = {"type": "object", "properties": {"größe": {"type": "string"}}}
    (tmp_path / "schema.json").write_text(json.dumps(schema, ensure_ascii=False), encoding="utf-8")

    texts = metadata(
        {"annotation_schema": tmp_path / "schema.json", "figure_annotation_schema": None},
        pages="3,1-2",
        model="my-ocr",
        include_figures=False,
        table_format="html",
    )
    options = merged_options(OcrJob(document="documents/a.pdf"), texts)

    assert all(text.isascii() for text in texts.values())
    assert options.annotation_schema == schema
    assert (options.pages, options.model, options.table_format) == ("1-3", "my-ocr", "html")
    assert options.include_figures is False


def test_options_that_were_not_given_do_not_ride_along() -> None:
    """The settings of the installation decide what nobody asked for."""
    assert metadata({"annotation_schema": None}, pages=None, include_figures=None) == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "The schema {} cannot be read: No such file or directory."),
        (
            "{",
            "The schema {} is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1).",
        ),
        ("[1]", "The schema {} is not a JSON object."),
    ],
)
def test_a_schema_that_cannot_be_used_is_named(tmp_path: Path, content: str | None, message: str) -> None:
    """The file and what is wrong with it are in the sentence."""
    path = tmp_path / "schema.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(WrongUseError) as caught:
        metadata({"annotation_schema": path})

    assert str(caught.value) == message.format(path)


def test_more_than_metadata_carries_is_refused(tmp_path: Path) -> None:
    """Storage would refuse every upload, with a code that explains nothing."""
    (tmp_path / "schema.json").write_text(json.dumps({"description": "x" * 8200}))

    with pytest.raises(WrongUseError, match=r"The options have 8\d{3} bytes, and blob metadata carries 8192; drop"):
        metadata({"annotation_schema": tmp_path / "schema.json"})


def test_a_model_name_that_metadata_cannot_carry_is_refused() -> None:
    """A header of other characters fails deep inside the SDK."""
    with pytest.raises(WrongUseError, match="The option model has a character that blob metadata cannot carry"):
        metadata({}, model="modèle")


def test_pages_are_checked_before_anything_is_uploaded() -> None:
    """A selection that cannot be read is wrong use, not a failed job."""
    with pytest.raises(WrongUseError, match="The page selection '3-1' cannot be read"):
        metadata({}, pages="3-1")
