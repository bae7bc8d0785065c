"""The emulator as a child process, for tests, benchmarks and the local stack."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_START_SECONDS = 30.0
_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Emulator:
    """A running emulator: where it listens, and its process."""

    url: str
    process: subprocess.Popen[bytes]


@contextmanager
def running(environment: Mapping[str, str] | None = None) -> Iterator[Emulator]:
    """Run an emulator on a free port for as long as the block lasts.

    `environment` adds to this process's own. Raises RuntimeError when it does not start.
    """
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.json"
        command = [sys.executable, "-m", "local.foundry", "--port", "0", "--ready-file", str(ready)]
        process = subprocess.Popen(command, env={**os.environ, **(environment or {})})  # noqa: S603 - our own module
        try:
            yield Emulator(_url(process, ready), process)
        finally:
            _stop(process)


def _url(process: subprocess.Popen[bytes], ready: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("The Foundry emulator did not start; its log above says why.")
        time.sleep(_POLL_SECONDS)
    return str(json.loads(ready.read_text(encoding="utf-8"))["url"])


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
