"""The demo checks the vectors that it shows."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from cli import demo_vectors, similar
from cli.demo_vectors import Embedded, embed, faults_of, inputs, table
from cli.embed import Embeddings
from cli.outcome import DocumentOutcome, EmbeddingOutcome, ImageOutcome
from cli.similar_matches import Match
from cli.similar_results import opened
from shared.messages import Problem, Status
from tests.fakes import small_png
from tests.unit.cli.embedding_app import EmbeddingApp

PAGE = {"document": "documents/a.pdf", "page": 1}
FIGURE = {**PAGE, "figure": "figures/page-1-a.jpeg"}
PICTURE = {"image": "images/uploads/1/darkroom.png"}


def embedded(folder: Path, *about: dict[str, Any]) -> Embedded:
    """Vectors of these inputs, of which the first is the nearest."""
    lines = [{"input": one, "model": "m", "dimensions": 2, "vector": [1, 0]} for one in about]
    (folder / "vectors.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    np.save(folder / "vectors.npy", np.ones((len(about), 2), np.float32))
    outcome = EmbeddingOutcome("job", Status.SUCCEEDED, vectors=len(about), dimensions=2)
    return Embedded(outcome, opened(folder / "vectors.npy", "v", None), [Match(1, 0.5, "v", 0, {"input": about[0]})])


def test_a_picture_before_pages_and_figures_has_no_fault(tmp_path: Path) -> None:
    """Every document and some figure has a vector, and the query finds what was made."""
    assert list(faults_of(embedded(tmp_path, PICTURE, PAGE, FIGURE), ["out/darkroom.png", "documents/a.pdf"])) == []


@pytest.mark.parametrize(
    ("about", "fault"),
    [
        ([PICTURE, FIGURE], "No vector is of documents/b.pdf."),
        ([PICTURE, PAGE, {**PAGE, "document": "documents/b.pdf"}], "No vector is of a figure."),
        (
            [{**FIGURE, "document": "documents/b.pdf"}, PAGE],
            "The nearest to “a red lamp at night” is no picture that was made, but documents/b.pdf, page 1, "
            "figures/page-1-a.jpeg.",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_a_fault(tmp_path: Path, about: list[dict[str, Any]], fault: str) -> None:
    """A sentence each."""
    assert list(faults_of(embedded(tmp_path, *about), ["documents/a.pdf", "documents/b.pdf"])) == [fault]


def test_a_job_that_failed_is_a_fault_and_is_not_searched() -> None:
    """The reason is the job's own."""
    problem = Problem(code="x", message="The model said no.", retryable=False)

    failed = Embedded(EmbeddingOutcome("job", Status.FAILED, problem=problem))

    assert list(faults_of(failed, [])) == ["The vectors were not computed: The model said no."]


def test_nothing_read_and_nothing_made_is_a_fault(tmp_path: Path) -> None:
    """Whatever was wrong before is told beside it."""
    found = embed(EmbeddingApp().storage, [], tmp_path, Console(file=io.StringIO()), timeout=60)

    assert list(faults_of(found, [])) == ["The vectors were not computed: There is nothing to embed."]


def test_what_was_read_and_made_is_embedded() -> None:
    """What failed before is left out."""
    documents = [DocumentOutcome("a.pdf", Status.SUCCEEDED), DocumentOutcome("b.pdf", Status.FAILED)]
    pictures = [ImageOutcome("1", Status.SUCCEEDED, files=("out/1.png",)), ImageOutcome("2", Status.FAILED)]

    assert inputs(documents, pictures) == ["out/1.png", "documents/a.pdf"]


def test_one_job_and_one_query_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vectors lie in the folder, and the table names what is near."""
    app = EmbeddingApp()
    for module in (demo_vectors, similar):
        monkeypatch.setattr(
            module, "Embeddings", lambda *given, **named: Embeddings(*given, **{**named, "clock": app.clock()})
        )
    (tmp_path / "a.png").write_bytes(small_png(size=(64, 64)))
    console = Console(file=io.StringIO(), width=120)

    found = embed(app.storage, [str(tmp_path / "a.png"), "a text"], tmp_path / "out", console, timeout=60)

    assert [len(message["inputs"]) for message in app.posted] == [2, 1]
    assert [message["input_type"] for message in app.posted] == ["document", "query"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["job.json", "vectors.jsonl", "vectors.npy"]
    console.print(table(found))
    assert isinstance(console.file, io.StringIO)
    told = " ".join(console.file.getvalue().split())
    assert "among 2 vectors of 1536 dimensions" in told
    assert "/a.png" in told
