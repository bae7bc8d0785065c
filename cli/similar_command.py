"""`darkroom similar`: its options."""

import sys
from typing import Annotated

import typer

from cli.flags import Account, AsJson, State, Timeout, named


def similar(
    query: Annotated[
        str,
        typer.Argument(metavar="QUERY", help="A picture file, a blob such as images/cat.png, a text, or - for stdin."),
    ],
    vectors: Annotated[
        list[str],
        typer.Argument(
            metavar="VECTORS",
            help="Files .npy or .jsonl, folders that hold some, or results in storage: results/embeddings/<job id>.",
        ),
    ],
    *,
    top: Annotated[int, typer.Option(min=1, metavar="NUMBER", help="List no more than this.")] = 10,
    model: Annotated[str | None, named("NAME", "Model that computed a .npy with no .jsonl beside it.")] = None,
    account: Account = None,
    timeout: Timeout = None,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """List what is nearest to a picture or a text among vectors that were computed.

    The query is embedded by the model that computed them, named in vectors.jsonl; beside a .npy alone --model names it.
    To stdout go rank, cosine similarity, input and file, a line each; with --json a JSON object for each.
    """
    import tempfile
    from pathlib import Path

    from rich.console import Console

    from cli.account import of_either
    from cli.similar import Search, report, results

    storage = of_either(account, state)
    with tempfile.TemporaryDirectory() as folder:
        search = Search(storage, results(storage, vectors, model, Path(folder)), timeout=timeout)
        matches = search.nearest(query, top, stdin=sys.stdin.buffer.read, console=Console(stderr=True))
    report(matches, as_json=as_json)
