"""What a model may make of one document: so many files, of such a size, and nothing that is no figure."""

from pathlib import Path
from typing import Any

import pytest

from shared.errors import TooLarge
from shared.pipelines.results import ResultFiles
from tests.fakes import MemoryStorage


@pytest.fixture
def storage() -> MemoryStorage:
    """Where the files go."""
    return MemoryStorage()


@pytest.fixture
def results(storage: MemoryStorage, tmp_path: Path) -> ResultFiles:
    """The files of one document."""
    return ResultFiles(storage, "ocr/a.pdf", tmp_path, {})


FIGURE = {"id": "img-0", "image_base64": "iVBORw0KGgo="}
TABLE = {"id": "tbl-0", "content": "x"}


@pytest.mark.parametrize(("key", "item"), [("images", FIGURE), ("tables", TABLE)])
def test_a_page_has_a_thousand_figures_and_tables_at_most(
    results: ResultFiles, storage: MemoryStorage, key: str, item: dict[str, Any]
) -> None:
    """A model that repeats itself cannot write a million files; nothing of such a page is written."""
    results.add(1, {key: [item] * 1000})
    written = len(storage.blobs)

    with pytest.raises(TooLarge, match=f"Page 2 has more than 1,000 {key}"):
        results.add(2, {key: [item] * 1001})

    assert len(storage.blobs) == written == 1000


def test_a_document_has_a_bounded_number_of_files(results: ResultFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """However they are spread over its pages."""
    monkeypatch.setattr("shared.pipelines.results._MOST_FILES", 5)
    results.add(1, {"images": [FIGURE] * 3})
    with pytest.raises(TooLarge, match="more than 5 figures and tables"):
        results.add(2, {"tables": [TABLE] * 3})


def test_a_figure_has_a_bounded_size(results: ResultFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is held in memory while it is written."""
    monkeypatch.setattr("shared.pipelines.results._LARGEST_FIGURE", 100)
    with pytest.raises(TooLarge, match="A figure is above"):
        results.add(1, {"images": [{"id": "a", "image_base64": "A" * 104}]})


@pytest.mark.parametrize("key", ["images", "tables"])
@pytest.mark.parametrize("sent", [None, True, 1, "x", {"id": "a"}, [None, 1, "x", [FIGURE]]])
def test_what_is_no_figure_or_table_is_left_out(results: ResultFiles, key: str, sent: Any) -> None:
    """The text of the page is there, and paid for."""
    results.add(1, {"markdown": "text", key: sent})
    results.close([])
    assert results.outputs == ["document.md", "document.json"]
