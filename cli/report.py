"""A drop as people and programs see it: progress and prose on stderr, results on stdout."""

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from cli.drop import Drop
from cli.errors import ALL_WELL, SOME_FAILED
from cli.inputs import Input
from cli.outcome import Outcome
from cli.progress import progress
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
    live = console.is_terminal and not (as_json and sys.stdout.isatty())  # two writers would spoil the live lines

    with progress(console, len(inputs), live=live) as show:

        def tell(outcome: Outcome) -> None:
            show(outcome)
            if as_json and outcome.ended:
                _to_stdout(json.dumps(outcome.as_json()))

        outcomes = Drop(storage, metadata, out=out, timeout=timeout, show=tell).run(inputs)
    if not as_json:
        _to_stdout(*(place_of(outcome) for outcome in outcomes if outcome.succeeded))
    counts = Counter(outcome.status for outcome in outcomes)
    console.print(", ".join(f"{count} {status}" for status, count in sorted(counts.items(), reverse=True)) + ".")
    return ALL_WELL if all(outcome.succeeded for outcome in outcomes) else SOME_FAILED


def place_of(outcome: Outcome) -> str:
    """Where a document's text is: on disk when it was fetched, else in storage as `container/name`."""
    if outcome.out is not None:
        return str(Path(outcome.out, "document.md"))
    return f"{str(outcome.record).removesuffix(RECORD)}document.md"


def _to_stdout(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
