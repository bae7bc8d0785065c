"""`docs/command.md`, made from the commands themselves: `python -m cli.reference > docs/command.md`."""

import json
import sys
from collections.abc import Iterator
from typing import Any

from typer.core import TyperGroup
from typer.main import get_command
from typer.models import Context

from cli.doctor.findings import right, wrong
from cli.errors import EXIT_CODES
from cli.main import app
from cli.operator_reference import operator_json
from cli.outcome import DocumentOutcome, EmbeddingOutcome, ImageOutcome, Outcome, problem_of
from cli.similar_matches import Match
from shared.errors import Invalid
from shared.messages import Status

_WIDTH = 100
_FINDINGS = (
    right("queues", "All 8 are there; ocr-jobs 3."),
    wrong("stack", "No local stack runs.", "Start one with `darkroom local start`."),
)
_INTRODUCTION = """# The command `darkroom`

Prose and progress go to stderr, results to stdout: `darkroom drop q3.pdf --out texts | xargs cat` shows the text. On a
terminal the progress is live; anywhere else it is plain lines.
"""
_JSON = """## The JSON of `darkroom drop --json`

One object a line for each file, written as the file ends. `status` is `succeeded`, `failed`, or `unfinished` when
`--timeout` was over first. `pages` are the pages that were read, `seconds` count from the start of the upload, `record`
is where the job record is in storage, `embedding_job` the id of the job that computes the vectors of pages and figures,
`out` where `--out` put the results, and `problem` says what was wrong, what to do, and whether dropping the file again
can help. What is not known is null.
"""
_IMAGE_JSON = """## The JSON of `darkroom generate --json` and `darkroom edit --json`

One object a line for each job, written as the job ends. `line` is the job's line in the batch, `files` are its finished
pictures, on disk with `--out` and else in storage, `usage` the tokens that the service counted, `estimated_usd` what
they cost at list prices, `revised_prompts` the prompts as the service rewrote them, and `notes` what else to know. The
rest is as above; a failed job has `files` too when some of its pictures were made, and paid, before it failed.
"""
_EMBEDDING_JSON = """## The JSON of `darkroom embed --json`

One object a line for each job, written as the job ends. `files` are `vectors.jsonl` and `vectors.npy`, on disk with
`--out` and else in storage; a failed job has them too when some inputs have vectors, and `failed_inputs` says which
have none, and why. `dimensions` is the length of the vectors. The rest is as above.
"""
_MATCH_JSON = """## The JSON of `darkroom similar --json`

One object a line for each match, the nearest first. `similarity` is the cosine, from -1 to 1, `row` the line of the
vectors, counted from 0, and `input`, `text` and `chunk` are what `vectors.jsonl` tells of it, where there is one.
"""
_DOCTOR_JSON = """## The JSON of `darkroom doctor --json`

One object a line for each thing that was looked at, written as it is found. `verdict` is `right`, `wrong`, `unknown`
from here, or `skipped`; `what` is a sentence, and `remedy` what to do about it, empty where there is nothing to do.
"""
_BATCH = """## A batch of image jobs

Each line of `--batch FILE` is a job as JSON, with the keys of a message on `image-jobs`; `images` and `mask` may be
files on disk, named from the current folder. Options of the command, and its operation, hold for every line that does
not say otherwise; null in a line takes one away. A line that cannot be used fails with its number, and the others are
done, several at once:

```json
{"prompt": "A lighthouse at dusk", "size": "1536x1024"}
{"prompt": "The same at night", "operation": "edit", "images": ["lighthouse.png"], "job_id": "night"}
```

A job gets an id of its own unless its line gives one. The same line with the same id again fetches the same pictures,
and nothing is made or paid twice; an id that another job has taken is refused.
"""
_FILES = """## Where `--out` puts things

The results of the document `reports/q3.pdf` go to `DIR/reports/q3.pdf/`: `document.md`, `document.json`, `figures/`,
`tables/` and `job.json`. A part of the name that a disk cannot take (above 200 bytes, `..`, characters that some system
forbids) is replaced by a safe one that ends in `~` and a hash; nothing is ever written outside DIR.

The results of an image job go to `PATH/<job id>/`: `1.png` and so on, `partial/` as unfinished pictures arrive while
streaming, and `job.json`. When PATH ends in `.png`, `.jpg` or `.jpeg` and is no folder, the single picture becomes this
file, and nothing else is copied.

The results of an embedding job go into DIR itself: `vectors.jsonl`, `vectors.npy` and `job.json`. When a message cannot
carry all inputs there are several jobs, and each has its folder `DIR/<job id>/`; `darkroom similar` finds both.
"""


def reference() -> str:
    """The whole page, as Markdown."""
    codes = "\n".join(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items())
    helps = "\n".join(f"## `{name}`\n\n```text\n{text}\n```\n" for name, text in _helps(_group(), "darkroom"))
    return (
        f"{_INTRODUCTION}\n{helps}\n{_BATCH}\n## Exit status\n\n| status | meaning |\n|---|---|\n{codes}\n\n"
        f"{_JSON}\n{_json(_examples())}\n{_IMAGE_JSON}\n{_json(_image_examples())}\n{_EMBEDDING_JSON}\n{_json(_embedding_examples())}\n"
        f"{_MATCH_JSON}\n{_lines([match.as_json() for match in _matches()])}\n"
        f"{_DOCTOR_JSON}\n{_lines([finding.as_json() for finding in _FINDINGS])}\n{operator_json()}\n{_FILES}"
    )


def _json(outcomes: Iterator[Outcome]) -> str:
    return _lines([outcome.as_json() for outcome in outcomes])


def _lines(objects: list[dict[str, Any]]) -> str:
    lines = "\n".join(map(json.dumps, objects))
    return f"```json\n{lines}\n```\n"


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
    yield DocumentOutcome(
        "reports/q3.pdf",
        Status.SUCCEEDED,
        pages=3,
        figures=2,
        seconds=3.1,
        job_id="ocr-1f0c",
        record=f"{folder}/q3.pdf/job.json",
        embedding_job="embedding-9f86",
        out="texts/reports/q3.pdf",
    )
    problem = problem_of(Invalid("The PDF is encrypted.", code="encrypted", remedy="Save it without a password."), "")
    record = f"{folder}/q4.pdf/job.json"
    yield DocumentOutcome(
        "reports/q4.pdf", Status.FAILED, seconds=0.9, job_id="ocr-77ab", record=record, problem=problem
    )


def _image_examples() -> Iterator[Outcome]:
    job_id = "cli-5b1f0c77ab2e9d04"
    yield ImageOutcome(
        job_id,
        Status.SUCCEEDED,
        job_id=job_id,
        files=(f"pictures/{job_id}/1.png",),
        usage={"text_in": 14, "image_in": 0, "out": 1056},
        seconds=18.4,
        record=f"results/images/{job_id}/job.json",
    )
    problem = problem_of(Invalid("It is not JSON.", code="invalid_line"), "")
    yield ImageOutcome("line 2", Status.FAILED, line=2, problem=problem)


def _embedding_examples() -> Iterator[Outcome]:
    job_id = "cli-03be082bb913887c"
    yield EmbeddingOutcome(
        job_id,
        Status.SUCCEEDED,
        job_id=job_id,
        model="embed-v-4-0",
        vectors=59,
        dimensions=1536,
        files=("vectors/vectors.jsonl", "vectors/vectors.npy"),
        usage={"text_tokens": 5061, "image_tokens": 6535, "images": 13},
        estimated_usd=0.003679,
        seconds=1.7,
        record=f"results/embeddings/{job_id}/job.json",
    )


def _matches() -> Iterator[Match]:
    page = {"number": 2, "document": "documents/q3.pdf", "page": 3}
    caption = {"text": "Figure 2: Revenue in millions of euros", "chunk": {"start": 0, "end": 38}}
    figure = {"input": {**page, "figure": "figures/page-3-img-0.jpeg"}, **caption}
    yield Match(1, 0.3385, "vectors/vectors.npy", 4, figure)


if __name__ == "__main__":
    sys.stdout.write(reference())
