"""Options and arguments that several commands take; cheap to import, so that help answers at once."""

from pathlib import Path
from typing import Annotated, Any

import typer


def named(metavar: str, text: str) -> Any:
    """An option whose value is called `metavar` in the help."""
    return typer.Option(metavar=metavar, help=text)


def folder(text: str) -> Any:
    """An option that names a folder."""
    return typer.Option(metavar="DIR", file_okay=False, help=text)


AsJson = Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")]
State = Annotated[Path | None, folder("State folder of the local stack; the project's .darkroom if not given.")]
Account = Annotated[
    str | None, named("NAME", "Storage account in Azure, with your own login; the local stack if not given.")
]
Timeout = Annotated[float | None, typer.Option(min=0, metavar="SECONDS", help="Wait no longer; the jobs go on.")]
