"""Where things are said: words for people on stderr, lines for programs on stdout."""

import json
import sys
from typing import Any

from rich.console import Console

from cli.progress import printable


def in_words(*lines: str) -> None:
    """Write lines for people, without characters that could move their cursor."""
    console = Console(stderr=True)
    for line in lines:
        console.print(printable(line), soft_wrap=True, highlight=False, markup=False)


def in_json(value: Any) -> None:
    """Write a value as one line of JSON."""
    on_stdout(json.dumps(value))


def on_stdout(line: str) -> None:
    """Write a result, at once: the next one may be long in coming."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
