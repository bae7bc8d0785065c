"""The demo checks what it shows."""

from pathlib import Path

import pytest

from cli.demo import FOLDERS, faults_of, samples
from cli.errors import WrongUseError
from cli.outcome import DocumentOutcome
from local.stack import ROOT
from shared.messages import Problem, Status


def read(folder: Path, text: str, pages: int | None = 1) -> DocumentOutcome:
    """The outcome of a document with this text."""
    (folder / "document.md").write_text(text)
    return DocumentOutcome("a.pdf", Status.SUCCEEDED, pages=pages, out=str(folder))


def test_a_whole_result_has_no_fault(tmp_path: Path) -> None:
    """Pages, and links that resolve."""
    (tmp_path / "a.png").touch()

    assert list(faults_of(read(tmp_path, "![a](a.png)"))) == []


def test_a_result_without_pages_or_with_a_dead_link_is_a_fault(tmp_path: Path) -> None:
    """Each fault is a sentence that names the document."""
    assert list(faults_of(read(tmp_path, "![a](a.png)", pages=None))) == [
        "a.pdf has no pages in its result.",
        f"{tmp_path}/document.md links to a.png, which is not there.",
    ]


def test_a_sample_that_was_not_read_is_a_fault() -> None:
    """The reason is the job's own."""
    problem = Problem(code="x", message="The PDF is encrypted.", retryable=False)

    assert list(faults_of(DocumentOutcome("a.pdf", Status.FAILED, problem=problem))) == [
        "a.pdf was not read: The PDF is encrypted."
    ]


def test_a_copy_without_samples_is_told_so(tmp_path: Path) -> None:
    """A demo of nothing does not end well."""
    with pytest.raises(WrongUseError, match=r"There are no samples in .*/reports; run the demo in a whole copy"):
        samples(tmp_path)


def test_every_folder_of_samples_takes_part() -> None:
    """No sample is forgotten, and each keeps its path."""
    names = [item.name for item in samples(ROOT / "samples")]

    assert {name.partition("/")[0] for name in names} == set(FOLDERS)
