"""The demo: the samples through the whole product, and a check that what comes out holds together."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cli import demo_pictures, demo_vectors
from cli.account import of_stack
from cli.drop import Drop
from cli.errors import ALL_WELL, SOME_FAILED, WrongUseError
from cli.inputs import Input, below
from cli.local_stack import STARTING, begun
from cli.outcome import DocumentOutcome
from cli.progress import progress
from cli.results import broken_links
from local.stack import ROOT, Ports, Stack
from local.stack_state import running

FOLDERS = ("reports", "scans", "receipts", "long", "screens")
_ANY_PORTS = Ports(0, 0, 0, 0)  # so that the demo runs beside whatever uses the usual ones
_PATIENCE_SECONDS = 900
_WIDTH_OF_A_FILE = 160


def run(state: Path | None, console: Console) -> int:
    """Read the samples, make a picture and change it, embed all of it, into `out/`, and check it; the exit status.

    Raises:
        WrongUseError: there are no samples.
        UnreachableError: no stack runs and none can be started.
    """
    out, inputs = ROOT / "out", samples(ROOT / "samples")
    with _stack(state, console):
        storage = of_stack(state)
        with progress(console, len(inputs), live=console.is_terminal) as show:
            outcomes = Drop(storage, {}, out=out, show=show, timeout=_PATIENCE_SECONDS).run(inputs)
        pictures = demo_pictures.make(storage, ROOT / "samples", out / "images", console, timeout=_PATIENCE_SECONDS)
        names = demo_vectors.inputs(outcomes, pictures)
        vectors = demo_vectors.embed(storage, names, out / "vectors", console, timeout=_PATIENCE_SECONDS)
    faults = [
        *(fault for outcome in outcomes for fault in faults_of(outcome)),
        *demo_pictures.faults_of(pictures),
        *demo_vectors.faults_of(vectors, names),
    ]
    _to_stdout(_table(outcomes, ROOT), demo_pictures.table(pictures, ROOT), demo_vectors.table(vectors))
    for fault in faults:
        console.print(fault, style="red", soft_wrap=True, highlight=False, markup=False)
    if not faults:
        _say_where(out, console)
    return SOME_FAILED if faults else ALL_WELL


def samples(folder: Path) -> list[Input]:
    """The sample files, named by their paths below the samples' folder.

    Raises:
        WrongUseError: one of its folders has no files.
    """
    found = [(name, list(below(folder / name, folder))) for name in FOLDERS]
    for name, inputs in found:
        if not inputs:
            raise WrongUseError(
                f"There are no samples in {folder / name}; run the demo in a whole copy of the project."
            )
    return [item for _, inputs in found for item in inputs]


def faults_of(outcome: DocumentOutcome) -> Iterator[str]:
    """What is wrong with one result, a sentence each: not read, no pages, or a link that leads nowhere."""
    if outcome.out is None:
        reason = outcome.problem.message if outcome.problem else "It has no result."
        yield f"{outcome.name} was not read: {reason}"
        return
    if not outcome.pages:
        yield f"{outcome.name} has no pages in its result."
    for link in broken_links(Path(outcome.out, "document.md")):
        yield f"{outcome.out}/document.md links to {link}, which is not there."


@contextmanager
def _stack(state: Path | None, console: Console) -> Iterator[None]:
    """The stack that runs on the state folder, or one of the demo's own."""
    stack = Stack(state=state, ports=_ANY_PORTS)
    if running(stack.state):
        console.print("Using the local stack that runs.", soft_wrap=True)
        yield
        return
    console.print(STARTING, soft_wrap=True)
    with begun(stack):
        yield


def _table(outcomes: Sequence[DocumentOutcome], base: Path) -> Table:
    table = Table(title="What became of the samples", title_justify="left")
    table.add_column("File", overflow="fold")
    for heading in ("Pages", "Figures", "Seconds"):
        table.add_column(heading, justify="right")
    table.add_column("Text", overflow="fold")
    for outcome in outcomes:
        where = Path(outcome.out, "document.md").relative_to(base).as_posix() if outcome.out else outcome.status
        numbers = (outcome.pages, outcome.figures, outcome.seconds)
        table.add_row(outcome.name, *("-" if number is None else str(number) for number in numbers), where)
    return table


def _to_stdout(*tables: Table) -> None:
    width = None if sys.stdout.isatty() else _WIDTH_OF_A_FILE
    for table in tables:
        Console(file=sys.stdout, width=width).print(table)


def _say_where(out: Path, console: Console) -> None:
    console.print(f"Look into {out}: document.md reads as it is, with its figures beside it.", soft_wrap=True)
    console.print(f"Look into {out / 'images'}: {demo_pictures.MADE} and {demo_pictures.EDITED}.", soft_wrap=True)
    console.print(f"Look into {out / 'vectors'}: of every page, figure and picture one vector or more.", soft_wrap=True)
    again = "Run it again: no page and no vector is paid twice, the answers are in the ledger; pictures are made anew."
    console.print(again, soft_wrap=True)
