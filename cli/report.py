"""Jobs as people and programs see them: progress and prose on stderr, results on stdout."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from cli.drop import Drop
from cli.errors import ALL_WELL, SOME_FAILED
from cli.image_jobs import Asked, BadLine, price
from cli.inputs import Input
from cli.outcome import DocumentOutcome, ImageOutcome, Outcome, problem_of
from cli.pictures import Pictures
from cli.progress import line, progress
from shared.messages import Status
from shared.names import RECORD
from shared.storage import Storage


def drop_and_report(
    storage: Storage,
    inputs: Sequence[Input],
    metadata: Mapping[str, str],
    *,
    out: Path | None,
    timeout: float | None,
    as_json: bool,
) -> int:
    """Drop the files and tell of them; the exit status.

    With `as_json` every file's outcome is written to stdout as it ends, else in the end the places of the texts.

    Raises:
        UnreachableError: the storage account cannot be worked with.
        InterruptedByUserError: Ctrl-C.
    """
    console = Console(stderr=True)
    with telling(console, len(inputs), as_json=as_json) as tell:
        outcomes = Drop(storage, metadata, out=out, timeout=timeout, show=tell).run(inputs)
    if not as_json:
        _to_stdout(*(place_of(outcome) for outcome in outcomes if outcome.succeeded))
    return summed_up(console, outcomes)


def make_and_report(
    storage: Storage,
    jobs: Sequence[Asked | BadLine],
    *,
    out: Path | None,
    timeout: float | None,
    as_json: bool,
) -> int:
    """Have pictures made and tell of them; the exit status.

    With `as_json` every job's outcome is written to stdout as it ends, else in the end the places of the pictures.

    Raises:
        UnreachableError: the storage account cannot be worked with.
        InterruptedByUserError: Ctrl-C.
    """
    console = Console(stderr=True)
    refused = [_refused(job) for job in jobs if isinstance(job, BadLine)]
    with telling(console, len(jobs), as_json=as_json) as tell:
        for outcome in refused:
            tell(outcome)
        pictures = Pictures(storage, out=out, timeout=timeout, show=tell)
        outcomes = pictures.run([job for job in jobs if isinstance(job, Asked)])
    if not as_json:
        _to_stdout(*(file for outcome in outcomes for file in outcome.files))
    return summed_up(console, [*refused, *outcomes])


def show_only(jobs: Sequence[Asked | BadLine]) -> int:
    """Tell what would be posted and what it would cost, and spend nothing; the exit status."""
    console = Console(stderr=True)
    refused = [_refused(job) for job in jobs if isinstance(job, BadLine)]
    asked = [job for job in jobs if isinstance(job, Asked)]
    for outcome in refused:
        console.print(line(outcome), soft_wrap=True)
    _to_stdout(*(job.message for job in asked))
    if asked:
        console.print(price([job.job for job in asked]), soft_wrap=True, highlight=False)
    return SOME_FAILED if refused else ALL_WELL


def place_of(outcome: DocumentOutcome) -> str:
    """Where a document's text is: on disk when it was fetched, else in storage as `container/name`."""
    if outcome.out is not None:
        return str(Path(outcome.out, "document.md"))
    return f"{str(outcome.record).removesuffix(RECORD)}document.md"


@contextmanager
def telling(console: Console, total: int, *, as_json: bool) -> Iterator[Callable[[Outcome], None]]:
    """Show outcomes as they change, and write those that have ended to stdout when they are wanted as JSON."""
    live = console.is_terminal and not (as_json and sys.stdout.isatty())  # two writers would spoil the live lines

    with progress(console, total, live=live) as show:

        def tell(outcome: Outcome) -> None:
            show(outcome)
            if as_json and outcome.ended:
                _to_stdout(json.dumps(outcome.as_json()))

        yield tell


def summed_up(console: Console, outcomes: Sequence[Outcome]) -> int:
    """Tell how many jobs ended how; the exit status."""
    counts = Counter(outcome.status for outcome in outcomes)
    console.print(", ".join(f"{count} {status}" for status, count in sorted(counts.items(), reverse=True)) + ".")
    return ALL_WELL if all(outcome.succeeded for outcome in outcomes) else SOME_FAILED


def _refused(bad: BadLine) -> ImageOutcome:
    problem = problem_of(bad.error, "")
    return ImageOutcome(f"line {bad.line}", Status.FAILED, line=bad.line, problem=problem)


def _to_stdout(*lines: str) -> None:
    for text in lines:
        sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
