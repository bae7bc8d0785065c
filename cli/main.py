"""The command `darkroom`: what can be asked for, and how a command ends.

Everything heavy is imported by the command that needs it, so that help and wrong use answer at once.
"""

import json
import logging
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import doctor_command, embed_command, image_commands, operator_commands, similar_command
from cli.errors import CommandError
from cli.flags import Account, AsJson, State, Timeout, folder, named

if TYPE_CHECKING:
    from rich.console import Console

_PLAIN: dict[str, Any] = {"rich_markup_mode": None, "pretty_exceptions_enable": False, "add_completion": False}
_HELP = "Files become text, words become pictures, and both become vectors."
app = typer.Typer(no_args_is_help=True, help=_HELP, **_PLAIN)
local = typer.Typer(no_args_is_help=True, help="Run the whole of Darkroom on this machine.", **_PLAIN)
app.add_typer(local, name="local")


class TableFormat(StrEnum):
    """How tables are kept as files."""

    MARKDOWN = "markdown"
    HTML = "html"


class Host(StrEnum):
    """What runs the functions."""

    LOCAL = "local"
    FUNC = "func"


def _port(part: str) -> Any:
    return typer.Option(metavar="PORT", min=0, max=65535, help=f"Port of {part}; 0 takes a free one.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its status; a fault is one sentence on stderr."""
    logging.getLogger("azure").setLevel(logging.CRITICAL)  # its warnings repeat, at length, what the sentence says
    try:
        app(arguments, prog_name="darkroom")
    except CommandError as error:
        typer.echo(f"darkroom: {error}", err=True)
        sys.exit(error.exit_code)


@app.command()
def drop(
    *,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILES", help="Files, and folders that are dropped with all they hold.")
    ],
    pages: Annotated[str | None, named("PAGES", "Pages to read, such as 1-3,7.")] = None,
    model: Annotated[str | None, named("NAME", "OCR deployment that reads them.")] = None,
    schema: Annotated[Path | None, named("FILE", "JSON Schema of what to tell of a document.")] = None,
    figure_schema: Annotated[Path | None, named("FILE", "JSON Schema of what to tell of each figure.")] = None,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Cut no figures out.")] = False,
    table_format: Annotated[TableFormat | None, typer.Option(help="Keep tables as files too.")] = None,
    embed: Annotated[bool, typer.Option("--embed", help="Have vectors of pages and figures computed, too.")] = False,
    out: Annotated[Path | None, folder("Copy the results into DIR/<document>/.")] = None,
    account: Account = None,
    timeout: Timeout = None,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Drop files and wait until they are read.

    A file becomes the document of its name; the files of a folder keep their paths in it, and hidden ones are left
    out. The places of the texts go to stdout, a line each; with --json a JSON object for each file.
    """
    from cli.account import of_either
    from cli.inputs import collect
    from cli.options import metadata
    from cli.report import drop_and_report

    inputs = collect(files)
    options = metadata(
        {"annotation_schema": schema, "figure_annotation_schema": figure_schema},
        pages=pages,
        model=model,
        include_figures=False if no_figures else None,
        table_format=table_format,
        embed=True if embed else None,
    )
    raise typer.Exit(
        drop_and_report(of_either(account, state), inputs, options, out=out, timeout=timeout, as_json=as_json)
    )


app.command()(image_commands.generate)
app.command()(image_commands.edit)
app.command()(embed_command.embed)
app.command()(similar_command.similar)
app.command()(operator_commands.status)
app.command()(operator_commands.replay)
app.command()(operator_commands.drain)
app.command()(doctor_command.doctor)


@local.command()
def start(
    *,
    host: Annotated[
        Host, typer.Option(help="The project's own host, or func of Azure Functions Core Tools.")
    ] = Host.LOCAL,
    blob_port: Annotated[int, _port("the blobs")] = 10000,
    queue_port: Annotated[int, _port("the queues")] = 10001,
    model_port: Annotated[int, _port("the model emulator")] = 8780,
    host_port: Annotated[int, _port("the Functions host")] = 7071,
    state: State = None,
) -> None:
    """Start storage, model emulator and Functions host, and hold them until Ctrl-C."""
    from cli import local_stack
    from local.stack import Ports

    local_stack.start(state, Ports(blob_port, queue_port, model_port, host_port), host.value, _console())


@local.command()
def prepare(account: Account = None) -> None:
    """Make the containers and queues that are missing, for a `func start` of your own.

    In the account that is named, else in the storage that local.settings.json (or its sample) names.
    """
    from cli import local_stack

    local_stack.prepare(account, _console())


@local.command()
def stop(state: State = None) -> None:
    """Stop the local stack that runs."""
    from cli import local_stack

    local_stack.stop(state, _console())


@local.command()
def status(as_json: AsJson = False, state: State = None) -> None:
    """Tell what runs, where, and about how many messages the queues hold."""
    from cli import local_stack

    told = local_stack.status(state)
    if as_json:
        typer.echo(json.dumps(told, indent=2))
    else:
        local_stack.show_status(told, _console())


@local.command()
def demo(state: State = None) -> None:
    """Read the samples on a local stack, make and edit a picture, embed all, put it into out/ and check it."""
    from cli.demo import run

    raise typer.Exit(run(state, _console()))


def _console() -> "Console":
    from rich.console import Console

    return Console(stderr=True)


if __name__ == "__main__":
    main()
