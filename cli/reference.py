"""`docs/command.md`, made from the commands themselves: `python -m cli.reference > docs/command.md`."""

import json
import sys
from collections.abc import Iterator

from typer.core import TyperGroup
from typer.main import get_command
from typer.models import Context

from cli.errors import EXIT_CODES
from cli.main import app
from cli.outcome import Outcome, problem_of
from shared.errors import Invalid
from shared.messages import Status

_WIDTH = 100
_INTRODUCTION = """# The command `darkroom`

Prose and progress go to stderr, results to stdout: `darkroom drop q3.pdf --out texts | xargs cat` shows the text. On a
terminal the progress is live; anywhere else it is plain lines.
"""
_JSON = """## The JSON of `darkroom drop --json`

One object a line for each file, written as the file ends. `status` is `succeeded`, `failed`, or `unfinished` when
`--timeout` was over first. `pages` are the pages that were read, `seconds` count from the start of the upload, `record`
is where the job record is in storage, `out` where `--out` put the results, and `problem` says what was wrong, what to
do, and whether dropping the file again can help. What is not known is null.
"""
_FILES = """## Where `--out` puts things

The results of the document `reports/q3.pdf` go to `DIR/reports/q3.pdf/`: `document.md`, `document.json`, `figures/`,
`tables/` and `job.json`. A part of the name that a disk cannot take (above 200 bytes, `..`, characters that some system
forbids) is replaced by a safe one that ends in `~` and a hash; nothing is ever written outside DIR.
"""


def reference() -> str:
    """The whole page, as Markdown."""
    codes = "\n".join(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items())
    helps = "\n".join(f"## `{name}`\n\n```text\n{text}\n```\n" for name, text in _helps(_group(), "darkroom"))
    examples = "\n".join(json.dumps(outcome.as_json()) for outcome in _examples())
    return (
        f"{_INTRODUCTION}\n{helps}\n## Exit status\n\n| status | meaning |\n|---|---|\n{codes}\n\n"
        f"{_JSON}\n```json\n{examples}\n```\n\n{_FILES}"
    )


def _group() -> TyperGroup:
    group = get_command(app)
    if not isinstance(group, TyperGroup):
        raise TypeError("The application has commands.")
    return group


def _helps(group: TyperGroup, name: str) -> Iterator[tuple[str, str]]:
    for word, command in group.commands.items():
        path = f"{name} {word}"
        if isinstance(command, TyperGroup):
            yield from _helps(command, path)
        else:
            context = Context(command, info_name=path, terminal_width=_WIDTH)
            yield path, command.get_help(context).strip()


def _examples() -> Iterator[Outcome]:
    folder = "results/ocr/reports"
    yield Outcome(
        "reports/q3.pdf", Status.SUCCEEDED, 3, 2, 3.1, "ocr-1f0c", f"{folder}/q3.pdf/job.json", "texts/reports/q3.pdf"
    )
    problem = problem_of(Invalid("The PDF is encrypted.", code="encrypted", remedy="Save it without a password."))
    record = f"{folder}/q4.pdf/job.json"
    yield Outcome("reports/q4.pdf", Status.FAILED, seconds=0.9, job_id="ocr-77ab", record=record, problem=problem)


if __name__ == "__main__":
    sys.stdout.write(reference())
