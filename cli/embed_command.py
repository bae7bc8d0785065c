"""`darkroom embed`: its options."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.flags import Account, AsJson, State, Timeout, folder, named

Model = Annotated[str | None, named("NAME", "Embedding deployment; that of the app's settings if not given.")]


def embed(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE_OR_TEXT",
            help="Picture and text files, folders of them, texts as they are, - for the text on standard input, or "
            "blobs: images/cat.png, images/catalogue/, and documents/q3.pdf for the pages and figures of a document "
            "that was read.",
        ),
    ],
    *,
    model: Model = None,
    input_type: Annotated[
        Literal["document", "query", "text"] | None,
        typer.Option(help="Whether the inputs are to be found, or to find with."),
    ] = None,
    dimensions: Annotated[
        int | None, named("NUMBER", "Length of the vectors, such as 256; the model's if not given.")
    ] = None,
    truncate: Annotated[
        bool, typer.Option("--truncate", help="Cut a long text, instead of a vector for each chunk of it.")
    ] = False,
    out: Annotated[
        Path | None,
        folder("Copy vectors.jsonl, vectors.npy and job.json into DIR; of several jobs into DIR/<job id>/."),
    ] = None,
    account: Account = None,
    timeout: Timeout = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the request, what it takes and its estimated price; spend nothing.")
    ] = False,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Compute vectors of pictures and texts, and wait until they are there.

    Files on disk are uploaded first. All inputs are one job, or several when a message cannot carry them. The places of
    the vectors go to stdout, a line each; with --json a JSON object for each job. The same again is not paid twice.
    """
    from cli import embed_report
    from cli.account import of_either
    from cli.embed_jobs import jobs

    options = {"model": model, "input_type": input_type, "dimensions": dimensions, "truncate": truncate or None}
    asked = jobs(inputs, options, stdin=sys.stdin.buffer.read)
    if dry_run:
        raise typer.Exit(embed_report.show_only(asked))
    storage = of_either(account, state)
    raise typer.Exit(embed_report.embed_and_report(storage, asked, out=out, timeout=timeout, as_json=as_json))
