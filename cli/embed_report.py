"""Embedding jobs as people and programs see them: progress and prose on stderr, results on stdout."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from cli.embed import Embeddings
from cli.embed_jobs import AskedVectors
from cli.errors import ALL_WELL, SOME_FAILED
from cli.report import summed_up, telling
from cli.showing import in_words, on_stdout
from shared.storage import Storage


def embed_and_report(
    storage: Storage,
    jobs: Sequence[AskedVectors],
    *,
    out: Path | None,
    timeout: float | None,
    as_json: bool,
) -> int:
    """Have vectors computed and tell of them; the exit status.

    With `as_json` every job's outcome is written to stdout as it ends, else in the end the places of the vectors.

    Raises:
        UnreachableError: the storage account cannot be worked with.
        InterruptedByUserError: Ctrl-C.
    """
    console = Console(stderr=True)
    with telling(console, len(jobs), as_json=as_json) as tell:
        outcomes = Embeddings(storage, out=out, timeout=timeout, show=tell).run(jobs)
    if not as_json:
        for outcome in outcomes:
            for file in outcome.files:
                on_stdout(file)
    return summed_up(console, outcomes)


def show_only(jobs: Sequence[AskedVectors]) -> int:
    """Tell what would be posted, what it takes and would cost, and spend nothing; the exit status."""
    from cli.embed_estimate import lines

    for job in jobs:
        on_stdout(job.message)
    told, can_be_done = lines(jobs)
    in_words(*told)
    return ALL_WELL if can_be_done else SOME_FAILED
