"""`darkroom generate` and `darkroom edit`: their options, and the jobs that these ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.errors import WrongUseError
from cli.flags import Account, AsJson, State, Timeout, named

if TYPE_CHECKING:
    from cli.image_jobs import Asked, BadLine

Model = Annotated[str | None, named("NAME", "Image deployment; that of the app's settings if not given.")]
Number = Annotated[int | None, named("NUMBER", "How many pictures; one if not given.")]
Size = Annotated[str | None, named("WxH", "Such as 1024x1024, or auto.")]
Quality = Annotated[str | None, named("QUALITY", "Such as low, medium or high, as the model has it.")]
Background = Annotated[
    Literal["transparent", "opaque", "auto"] | None, typer.Option(help="Transparency of the background.")
]
OutputFormat = Annotated[Literal["png", "jpeg"] | None, typer.Option(help="Kind of file; PNG if not given.")]
Compression = Annotated[int | None, named("PERCENT", "Quality of a JPEG, 0 to 100.")]
User = Annotated[str | None, named("ID", "An opaque id of the end user, for the service's abuse checks.")]
Stream = Annotated[bool | None, typer.Option("--stream", help="Stream the answer, so that partial pictures can come.")]
Partials = Annotated[int | None, named("NUMBER", "Partial pictures to keep while streaming, 0 to 3.")]
Out = Annotated[
    Path | None,
    named("PATH", "Copy the results into PATH/<job id>/, or a single picture to the PNG or JPEG file PATH."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the request and its estimated price; spend nothing.")]
Batch = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="Do the jobs of a file, one JSON object a line, with the keys of the message; options are their defaults.",
    ),
]


@dataclass(frozen=True)
class _Wanted:
    """What a command is to do with its jobs."""

    batch: Path | None
    out: Path | None
    account: str | None
    timeout: float | None
    dry_run: bool
    as_json: bool
    state: Path | None


def generate(
    prompt: Annotated[str | None, typer.Argument(metavar="PROMPT", help="What is to be seen.")] = None,
    *,
    model: Model = None,
    n: Number = None,
    size: Size = None,
    quality: Quality = None,
    background: Background = None,
    output_format: OutputFormat = None,
    output_compression: Compression = None,
    moderation: Annotated[Literal["auto", "low"] | None, typer.Option(help="How strict the content filter is.")] = None,
    style: Annotated[Literal["vivid", "natural"] | None, typer.Option(help="DALL-E 3: lively or natural.")] = None,
    response_format: Annotated[
        Literal["url", "b64_json"] | None, typer.Option(help="DALL-E 3: how the picture is handed over.")
    ] = None,
    user: User = None,
    stream: Stream = None,
    partial_images: Partials = None,
    batch: Batch = None,
    out: Out = None,
    account: Account = None,
    timeout: Timeout = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Make pictures from a prompt, and wait until they are there.

    The places of the pictures go to stdout, a line each; with --json a JSON object for each job. Asking again for the
    same picture makes, and costs, a new one.
    """
    if (prompt is None) == (batch is None):
        raise WrongUseError("Give either a prompt or a --batch of them.")
    _run(
        _Wanted(batch, out, account, timeout, dry_run, as_json, state),
        {
            "operation": "generate",
            "prompt": prompt,
            "model": model,
            "n": n,
            "size": size,
            "quality": quality,
            "background": background,
            "output_format": output_format,
            "output_compression": output_compression,
            "moderation": moderation,
            "style": style,
            "response_format": response_format,
            "user": user,
            "stream": stream,
            "partial_images": partial_images,
        },
    )


def edit(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="IMAGES... PROMPT",
            help="The pictures, files on disk or blobs such as images/cat.png, and what to change.",
        ),
    ] = None,
    *,
    mask: Annotated[
        str | None, named("IMAGE", "A PNG whose transparent pixels say where the first picture may change.")
    ] = None,
    input_fidelity: Annotated[
        Literal["high", "low"] | None, typer.Option(help="How closely the edit keeps to its inputs.")
    ] = None,
    model: Model = None,
    n: Number = None,
    size: Size = None,
    quality: Quality = None,
    background: Background = None,
    output_format: OutputFormat = None,
    output_compression: Compression = None,
    user: User = None,
    stream: Stream = None,
    partial_images: Partials = None,
    batch: Batch = None,
    out: Out = None,
    account: Account = None,
    timeout: Timeout = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Change pictures by a prompt, and wait until the new ones are there.

    Files on disk are uploaded first. The places of the pictures go to stdout, a line each; with --json a JSON object
    for each job. Asking again makes, and costs, new pictures.
    """
    given = arguments or []
    if (batch is None and len(given) < 2) or (batch is not None and given):
        raise WrongUseError("Give either one picture or more and then a prompt, or a --batch of jobs.")
    _run(
        _Wanted(batch, out, account, timeout, dry_run, as_json, state),
        {
            "operation": "edit",
            "prompt": given[-1] if given else None,
            "images": given[:-1] or None,
            "mask": mask,
            "input_fidelity": input_fidelity,
            "model": model,
            "n": n,
            "size": size,
            "quality": quality,
            "background": background,
            "output_format": output_format,
            "output_compression": output_compression,
            "user": user,
            "stream": stream,
            "partial_images": partial_images,
        },
    )


def _run(wanted: _Wanted, options: Mapping[str, Any]) -> None:
    from cli import report
    from cli.account import of_either

    jobs = _jobs(wanted, options)
    if wanted.dry_run:
        raise typer.Exit(report.show_only(jobs))
    storage = of_either(wanted.account, wanted.state)
    raise typer.Exit(
        report.make_and_report(storage, jobs, out=wanted.out, timeout=wanted.timeout, as_json=wanted.as_json)
    )


def _jobs(wanted: _Wanted, options: Mapping[str, Any]) -> "list[Asked | BadLine]":
    """The jobs that are asked for; a wrong one alone is wrong use, a wrong line of a batch is one failure."""
    from cli.image_jobs import batch, single
    from cli.pictures import check_out

    if wanted.batch is not None:
        check_out(wanted.out, None)
        found = list(batch(wanted.batch, options))
        if not found:
            raise WrongUseError(f"The batch {wanted.batch} holds no jobs.")
        return found
    job = single(options)
    check_out(wanted.out, job.job)
    return [job]
