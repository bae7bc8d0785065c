"""The demo's vectors: of all that was read and made, and what is nearest to a few words among them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cli.embed import Embeddings
from cli.embed_jobs import jobs
from cli.outcome import DocumentOutcome, EmbeddingOutcome, ImageOutcome
from cli.progress import progress
from cli.similar import Search
from cli.similar_matches import Match
from cli.similar_results import Result, opened
from shared.messages import Problem, Status
from shared.names import DOCUMENTS
from shared.storage import Storage

_MODEL = "embed-v-4-0"
_QUERY = "a red lamp at night"  # as the demo's pictures show it, and a chapter of its handbook tells
_TOP = 5


@dataclass(frozen=True)
class Embedded:
    """What became of the vectors; without a result nothing was looked for."""

    outcome: EmbeddingOutcome
    result: Result | None = None
    matches: Sequence[Match] = ()


def inputs(documents: Sequence[DocumentOutcome], pictures: Sequence[ImageOutcome]) -> list[str]:
    """What is embedded: the pictures that were made, and the pages and figures of what was read."""
    read = [f"{DOCUMENTS}/{document.name}" for document in documents if document.succeeded]
    return [*(file for picture in pictures for file in picture.files), *read]


def embed(storage: Storage, names: Sequence[str], out: Path, console: Console, *, timeout: float) -> Embedded:
    """Embed all that is named by one job, into `out`, and find what is nearest to the query.

    Raises:
        CommandError: the query was not embedded.
        UnreachableError: the storage cannot be worked with.
        InterruptedByUserError: Ctrl-C.
    """
    if not names:
        problem = Problem(code="nothing_to_embed", message="There is nothing to embed.", retryable=False)
        return Embedded(EmbeddingOutcome("vectors", Status.FAILED, problem=problem))
    asked = jobs(names, {"model": _MODEL, "input_type": "document"}, stdin=bytes)
    with progress(console, 1, live=console.is_terminal) as show:
        [outcome] = Embeddings(storage, out=out, timeout=timeout, show=show).run(asked)
    if not outcome.succeeded:
        return Embedded(outcome)
    result = opened(out / "vectors.npy", "vectors.npy", None)
    search = Search(storage, [result], timeout=timeout)
    return Embedded(outcome, result, search.nearest(_QUERY, _TOP, stdin=bytes, console=console))


def faults_of(embedded: Embedded, names: Sequence[str]) -> Iterator[str]:
    """What is wrong with the vectors, a sentence each: not computed, some missing, or the query answered wrongly."""
    if embedded.result is None:
        yield f"The vectors were not computed: {embedded.outcome.told}"
        return
    told = embedded.result.about(range(len(embedded.result.numbers)))
    about = [row["input"] for row in told.values()]
    documents = {one.get("document") for one in about}
    for name in names:
        if name.startswith(f"{DOCUMENTS}/") and name not in documents:
            yield f"No vector is of {name}."
    if not any("figure" in one for one in about):
        yield "No vector is of a figure."
    nearest = embedded.matches[0]
    if "image" not in nearest.about["input"]:
        yield f"The nearest to “{_QUERY}” is no picture that was made, but {nearest.what}."


def table(embedded: Embedded) -> Table:
    """What is nearest to the query."""
    vectors = f"{embedded.outcome.vectors or 0} vectors of {embedded.outcome.dimensions or 0} dimensions"
    found = Table(title=f"Nearest to “{_QUERY}” among {vectors}", title_justify="left")
    for heading in ("Rank", "Similarity"):
        found.add_column(heading, justify="right")
    found.add_column("Input", overflow="fold")
    for match in embedded.matches:
        found.add_row(str(match.rank), f"{match.similarity:.3f}", match.what)
    return found
