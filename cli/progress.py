"""What is shown while jobs go on: live lines on a terminal, plain lines anywhere else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn
from rich.text import Text

from cli.outcome import Outcome
from shared.messages import Status

_STYLES = {Status.SUCCEEDED.value: "green", Status.FAILED.value: "red", Status.WAITING.value: "yellow"}
_ROOM_BELOW = 4  # lines of the terminal left to the bar and to what scrolls by


@contextmanager
def progress(console: Console, total: int, *, live: bool) -> Iterator[Callable[[Outcome], None]]:
    """Show outcomes as they change, until the block ends.

    When live every job in work has its line, and above them scrolls what has ended; else only what has ended and what
    there is something to say of is written, a line each.
    """
    if not live:
        yield lambda outcome: _plain(console, outcome)
        return
    bar = Progress(BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console)
    lines = _Lines(console, bar, total)
    with Live(get_renderable=lines.render, console=console, transient=True, redirect_stdout=False):
        yield lines.show


class _Lines:
    def __init__(self, console: Console, bar: Progress, total: int) -> None:
        self._console = console
        self._bar = bar
        self._task = bar.add_task("jobs", total=total)
        self._going: dict[str, Outcome] = {}

    def show(self, outcome: Outcome) -> None:
        if outcome.ended:
            self._going.pop(outcome.name, None)
            self._bar.advance(self._task)
            self._console.print(line(outcome))
        else:
            self._going[outcome.name] = outcome

    def render(self) -> Group:
        room = max(1, self._console.height - _ROOM_BELOW)
        return Group(*(line(outcome) for outcome in list(self._going.values())[:room]), self._bar)


def line(outcome: Outcome) -> Text:
    """One job's state in one line of words."""
    text = Text(overflow="fold" if outcome.ended else "ellipsis", no_wrap=not outcome.ended)
    text.append(f"{outcome.status:<11}", style=_STYLES.get(outcome.status, "cyan"))
    text.append(printable(outcome.name))
    told = printable(outcome.told)
    return text.append(f": {told}" if told else "")


def _plain(console: Console, outcome: Outcome) -> None:
    if outcome.ended or outcome.told:
        console.print(line(outcome), soft_wrap=True)


def printable(text: str) -> str:
    """Without control characters, which could move the cursor of the terminal."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
