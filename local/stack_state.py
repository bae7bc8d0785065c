"""What the state folder tells about a running stack, and how another process ends it.

`stack.json` holds the endpoints, a lock on `stack.lock` the truth: the kernel drops it with its owner, so a
file left behind by a crash is never mistaken for a running stack.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

_POLL_SECONDS = 0.05
_FILE = "stack.json"


class StackError(RuntimeError):
    """The stack cannot start or cannot be ended; the message says why and what to do."""


@dataclass(frozen=True)
class Endpoints:
    """A running stack: the owner's process id, its children's by name, URLs by name, and how to reach the storage.

    Processes are `azurite`, `models` and `host`; the URLs of Azurite are `blobs` and `queues`.
    """

    pid: int
    pids: dict[str, int]
    urls: dict[str, str]
    connection_string: str
    state: str


def take_lock(state: Path) -> IO[bytes]:
    """Become the owner of a state folder, until the returned file is closed or this process ends.

    Raises StackError, with the endpoints, when a stack runs there. What a crashed stack left in `stack.json` is
    removed.
    """
    state.mkdir(parents=True, exist_ok=True)
    lock = (state / "stack.lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        found = running(state)
        where = ", ".join(f"{name} {url}" for name, url in found.urls.items()) if found else "it is still starting"
        raise StackError(f"A stack runs already on {state}: {where}.") from None
    (state / _FILE).unlink(missing_ok=True)
    return lock


def write(state: Path, endpoints: Endpoints) -> None:
    """Write `stack.json`, at once and whole."""
    unfinished = state / f"{_FILE}.part"
    unfinished.write_text(json.dumps(asdict(endpoints), indent=2) + "\n")
    unfinished.replace(state / _FILE)


def release(state: Path, lock: IO[bytes]) -> None:
    """Give the state folder up."""
    (state / _FILE).unlink(missing_ok=True)
    lock.close()


def running(state: Path) -> Endpoints | None:
    """Give the endpoints of the stack that runs on a state folder; None when none does, or it is still starting."""
    try:
        if not _is_locked(state / "stack.lock"):
            return None
        return Endpoints(**json.loads((state / _FILE).read_text()))
    except FileNotFoundError:
        return None


def stop_running(state: Path, patience: float = 30) -> bool:
    """End the stack that runs on a state folder from another process and wait until it is gone; False when none runs.

    Raises StackError when it is not gone after `patience` seconds.
    """
    found = running(state)
    if found is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(found.pid, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while _is_locked(state / "stack.lock"):
        if time.monotonic() > deadline:
            raise StackError(f"The stack of process {found.pid} has not ended after {patience:g} s: end that process.")
        time.sleep(_POLL_SECONDS)
    return True


def _is_locked(file: Path) -> bool:
    with file.open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
