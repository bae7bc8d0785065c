"""The local stack at a keyboard: start and hold it, end it, tell what runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from rich.console import Console

from cli.account import answering, of_account, reached
from cli.errors import UnreachableError
from local.processes import alive
from local.stack import ROOT, Ports, Stack, app_settings
from local.stack_state import Endpoints, StackError, running, stop_running
from shared.errors import Misconfigured
from shared.names import CONTAINERS, QUEUES
from shared.settings import Settings
from shared.storage import Storage

STARTING = "Starting storage, model emulator and Functions host (the first start installs Azurite)."
_PARTS = {"blobs": "Blobs", "queues": "Queues", "models": "Models", "host": "Functions host"}
_EXAMPLES = """
Drop a file and get its text:
  darkroom drop report.pdf --out texts
  az storage blob upload -c documents -n report.pdf -f report.pdf
  or with Azure Storage Explorer: connect with the connection string below, open the container documents

Have some of its pages read, by a message:
  az storage message put -q ocr-jobs \\
    --content "$(printf '{"document": "documents/report.pdf", "pages": "1-3"}' | base64)"

Have a picture made, and changed:
  darkroom generate "A lighthouse at dusk" --out lighthouse.png
  darkroom edit lighthouse.png "Make it night" --out night.png

Have vectors of them computed, and find the nearest to a few words:
  darkroom embed lighthouse.png night.png documents/report.pdf --out vectors
  darkroom similar "A tower in the dark" vectors

The results are in the container results, under ocr/report.pdf/, images/<job id>/ and embeddings/<job id>/. The commands
of az need:
  export AZURE_STORAGE_CONNECTION_STRING='%s'

Ctrl-C stops the stack; what it holds is kept for the next start."""


@contextmanager
def begun(stack: Stack) -> Iterator[Endpoints]:
    """A stack that runs while the block does.

    Raises:
        UnreachableError: it cannot start, with the reason.
    """
    try:
        endpoints = stack.start()
    except (StackError, OSError) as error:
        raise UnreachableError(f"The local stack does not start: {error}") from None
    try:
        yield endpoints
    finally:
        stack.stop()


def start(state: Path | None, ports: Ports, host: Literal["local", "func"], console: Console) -> None:
    """Run the stack until Ctrl-C or SIGTERM.

    Raises:
        UnreachableError: it cannot start, or a part of it ended by itself.
    """
    stack = Stack(state=state, ports=ports, host=host)
    _say(console, STARTING)
    with begun(stack) as endpoints:
        _say(console, f"Darkroom runs; its data and logs are in {endpoints.state}.", *_addresses(endpoints))
        _say(console, _EXAMPLES % endpoints.connection_string)
        ended = stack.wait()
    if ended is not None:
        raise UnreachableError(f"The part {ended} ended by itself; see its log {stack.state / 'logs' / ended}.log.")


def prepare(account: str | None, console: Console) -> None:
    """Make the containers and queues that are missing in an account, or in the storage of the settings.

    Raises:
        UnreachableError: it does not answer, or the settings name none.
    """
    try:
        storage = (
            of_account(account) if account else Storage.connect(Settings.read({**app_settings(ROOT), **os.environ}))
        )
    except (StackError, Misconfigured) as error:
        raise UnreachableError(str(error)) from None
    with answering():
        storage.prepare(CONTAINERS, QUEUES)
    _say(console, f"The containers {', '.join(CONTAINERS)} and {len(QUEUES)} queues are there.")


def stop(state: Path | None, console: Console) -> None:
    """End the stack that runs on a state folder; none is as good.

    Raises:
        UnreachableError: it does not end.
    """
    try:
        stopped = stop_running(Stack(state=state).state)
    except StackError as error:
        raise UnreachableError(str(error)) from None
    _say(
        console,
        "The local stack is stopped." if stopped else "No local stack runs; one that is still starting is not stopped.",
    )


def status(state: Path | None) -> dict[str, Any]:
    """What runs on a state folder: processes, addresses, and about how many messages each queue holds.

    Raises:
        UnreachableError: nothing runs, or the storage does not answer.
    """
    found = running(Stack(state=state).state)
    if found is None:
        raise UnreachableError("No local stack runs: start one with `darkroom local start`.")
    storage = Storage.from_connection_string(found.connection_string)
    with reached():
        depths = {queue: storage.depth(queue) for queue in QUEUES}
    return {
        "state": found.state,
        "processes": {name: {"pid": pid, "running": alive(pid)} for name, pid in found.pids.items()},
        "endpoints": found.urls,
        "queues": depths,
    }


def show_status(told: dict[str, Any], console: Console) -> None:
    """Write a status for people."""
    _say(console, f"Data and logs: {told['state']}")
    for name, process in told["processes"].items():
        _say(console, f"{name:<16}{'runs' if process['running'] else 'has ended'}, process {process['pid']}")
    _say(console, *(f"{_PARTS[name]:<16}{url}" for name, url in told["endpoints"].items()))
    _say(console, *(f"{queue:<32}{'missing' if depth is None else depth}" for queue, depth in told["queues"].items()))


def _addresses(endpoints: Endpoints) -> list[str]:
    return [f"  {_PARTS[name]:<16}{url}" for name, url in endpoints.urls.items()]


def _say(console: Console, *lines: str) -> None:
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False, markup=False)
