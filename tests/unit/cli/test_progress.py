"""What people see while files are read."""

import io

from rich.console import Console

from cli.outcome import DocumentOutcome, ImageOutcome
from cli.progress import progress
from shared.messages import Problem, Status

WAIT = Problem(code="throttled", message="The model asks for a pause.", retryable=True)
FAULT = Problem(code="encrypted", message="The PDF is encrypted.", remedy="Save it without.", retryable=False)
STORY = [
    DocumentOutcome("[a].pdf", "queued"),
    DocumentOutcome("[a].pdf", Status.WAITING, problem=WAIT),
    DocumentOutcome("[a].pdf", Status.SUCCEEDED, pages=1, figures=2, seconds=3.14),
    DocumentOutcome("b\x1b[2J.pdf", Status.FAILED, problem=FAULT),
]


def told(console: Console, *, live: bool) -> str:
    """Everything that is written while the story goes on."""
    with progress(console, 2, live=live) as show:
        for outcome in STORY:
            show(outcome)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_plain_lines_tell_what_waits_and_what_ended() -> None:
    """Where nothing can be redrawn, only news worth a line is written; names are not markup and move no cursor."""
    assert told(Console(file=io.StringIO(), width=40), live=False).splitlines() == [
        "waiting    [a].pdf: The model asks for a pause.",
        "succeeded  [a].pdf: 1 page, 2 figures, 3.1 s",
        "failed     b\ufffd[2J.pdf: The PDF is encrypted. Save it without.",
    ]


def test_a_terminal_keeps_a_line_for_every_file_that_ended() -> None:
    """The live lines go, the results stay."""
    written = told(Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None), live=True)

    assert "succeeded  [a].pdf: 1 page, 2 figures, 3.1 s" in written
    assert "failed     b\ufffd[2J.pdf: The PDF is encrypted. Save it without." in written
    assert "2/2" in written


def test_a_job_in_work_has_a_line_with_what_has_come_so_far() -> None:
    """Partial pictures are told as they arrive, and a reason to wait that is over is not."""
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)

    with progress(console, 1, live=True) as show:
        show(ImageOutcome("cat", Status.RUNNING, partial=2, problem=WAIT))

    assert isinstance(console.file, io.StringIO)
    assert "running    cat: 2 partial pictures" in console.file.getvalue()
    assert "0/1" in console.file.getvalue()
