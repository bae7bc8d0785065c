"""The whole product on one machine: Azurite, the model emulator and a Functions host, started and ended
together.

Everything lives in one state folder: `logs/`, the data of Azurite, what the host remembers, and `stack.json`
with process ids, URLs and the connection string while the stack runs (see `local.stack_state`).
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Literal
from urllib.parse import urlsplit

from local.processes import end, spawn, tail
from local.stack_state import Endpoints, StackError, release, take_lock, write
from local.storage_emulator import StorageEmulator, StorageEmulatorError, install
from shared.names import CONTAINERS, QUEUES
from shared.settings import Settings
from shared.storage import Storage

ROOT = Path(__file__).parents[1]
_MODEL_SETTINGS = {
    "DARKROOM_OCR_ENDPOINT": "DARKROOM_OCR_API_KEY",
    "DARKROOM_IMAGE_ENDPOINT": "DARKROOM_IMAGE_API_KEY",
    "DARKROOM_EMBEDDING_ENDPOINT": "DARKROOM_EMBEDDING_API_KEY",
}
# In Azure a queue that rests is looked at seldom, because every look costs; at a desk nobody wants to wait for it.
_POLLING = "AzureFunctionsJobHost__extensions__queues__maxPollingInterval"
_START_SECONDS = 60
_STOP_SECONDS = 15
_POLL_SECONDS = 0.05

_log = logging.getLogger("darkroom.local.stack")


@dataclass(frozen=True)
class Ports:
    """Where the parts listen on 127.0.0.1; 0 takes a free port."""

    blobs: int = 10000
    queues: int = 10001
    models: int = 8780
    host: int = 7071


class Stack:
    """Starts and ends the parts; a context manager.

    `settings` win over all other app settings and over the environment, for the app and for the model emulator.
    `host_arguments` go to `python -m local.host` as they are. `host="func"` runs Azure Functions Core Tools
    instead of the small host.
    """

    def __init__(
        self,
        *,
        root: Path = ROOT,
        state: Path | None = None,
        ports: Ports | None = None,
        host: Literal["local", "func"] = "local",
        settings: Mapping[str, str] | None = None,
        host_arguments: Sequence[str] = (),
    ) -> None:
        self._root = root
        self.state = (state or root / ".darkroom").resolve()
        self._ports = ports or Ports()
        self._host, self._settings = host, dict(settings or {})
        self._host_arguments = host_arguments
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._lock: IO[bytes] | None = None

    def start(self) -> Endpoints:
        """Start all parts, make the containers and queues, write `stack.json` and give the endpoints.

        Raises StackError when a stack runs on this state folder, a port is in use, or a part does not come up;
        nothing is left behind.
        """
        self._lock = take_lock(self.state)
        try:
            self._check()
            return self._start_parts()
        except BaseException as error:
            self.stop()
            if isinstance(error, StorageEmulatorError):
                raise StackError(str(error)) from error
            raise

    def stop(self) -> None:
        """End all parts, the host first and the storage last; harmless when nothing runs."""
        for name in reversed(list(self._children)):
            end(self._children.pop(name), _STOP_SECONDS)
        if self._lock is not None:
            release(self.state, self._lock)
            self._lock = None

    def status(self) -> dict[str, bool]:
        """Tell for each part by name whether its process runs."""
        return {name: child.poll() is None for name, child in self._children.items()}

    def wait(self) -> str | None:
        """Wait until SIGINT or SIGTERM comes (None) or a part ends (its name, with the end of its log logged as
        an error).
        """
        asked = threading.Event()
        with _signals(asked):
            while not asked.wait(_POLL_SECONDS * 5):
                for name, running in self.status().items():
                    if not running:
                        _log.error("%s has ended; its log says: %s", name, tail(self._log_file(name), 3))
                        return name
        return None

    def _check(self) -> None:
        if self._host == "func" and shutil.which("func") is None:
            message = "Azure Functions Core Tools are not installed: run `npm install -g azure-functions-core-tools@4`."
            raise StackError(message)
        for part, port in asdict(self._ports).items():
            if port and not _is_free(port):
                remedy = "end what uses it, or choose another (0 takes a free one)"
                raise StackError(f"Port {port}, meant for the {part}, is in use: {remedy}.")
        install()

    def _start_parts(self) -> Endpoints:
        models_command = _module("local.foundry", self._ports.models, self._ready_file("models"))
        self._launch("models", models_command, {**os.environ, **self._settings})
        azurite = StorageEmulator(
            self._log_file("azurite"),
            location=self.state / "azurite",
            blob_port=self._ports.blobs,
            queue_port=self._ports.queues,
        )
        connection = azurite.start()
        self._children = {"azurite": azurite.process, **self._children}
        Storage.from_connection_string(connection).prepare(CONTAINERS, QUEUES)
        models = self._ready_url("models")
        host = self._start_host(_usable(self.environment(connection, models)))
        urls = {"blobs": azurite.urls["Blob"], "queues": azurite.urls["Queue"], "models": models, "host": host}
        pids = {name: child.pid for name, child in self._children.items()}
        endpoints = Endpoints(os.getpid(), pids, urls, connection, str(self.state))
        write(self.state, endpoints)
        return endpoints

    def _start_host(self, environment: Mapping[str, str]) -> str:
        if self._host == "func":
            port = self._ports.host or _free_port()
            self._launch("host", ["func", "start", "--port", str(port)], environment)
            return self._answering(f"http://127.0.0.1:{port}")
        command = _module("local.host", self._ports.host, self._ready_file("host"))
        command += ["--app", str(self._root), "--state", str(self.state / "host"), *self._host_arguments]
        self._launch("host", command, environment)
        return self._ready_url("host")

    def environment(self, connection: str, models: str) -> dict[str, str]:
        """Give the environment of the app beside this storage and this model emulator.

        Raises StackError when the file of the settings cannot be read; the settings themselves may be wrong.
        """
        environment = {
            **app_settings(self._root),
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            _POLLING: "00:00:00.2500000",
            "AzureWebJobsStorage": connection,
            **self._settings,
        }
        for endpoint, key in _MODEL_SETTINGS.items():
            if urlsplit(environment.get(endpoint, "")).hostname in (None, "127.0.0.1", "localhost"):
                environment |= {endpoint: models, key: "local-key"}  # an endpoint elsewhere is meant
        return environment

    def _launch(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._ready_file(name).unlink(missing_ok=True)
        self._log_file(name).unlink(missing_ok=True)
        self._children[name] = spawn(command, self._log_file(name), env=environment, cwd=self._root)

    def _log_file(self, name: str) -> Path:
        return self.state / "logs" / f"{name}.log"

    def _ready_file(self, name: str) -> Path:
        return self.state / f"{name}.ready.json"

    def _ready_url(self, name: str) -> str:
        file = self._ready_file(name)
        for _ in self._patience(name):
            if file.exists():
                with contextlib.suppress(ValueError):
                    return str(json.loads(file.read_text())["url"])
        raise StackError(f"{name} did not start within {_START_SECONDS} s; see {self._log_file(name)}.")

    def _answering(self, url: str) -> str:
        for _ in self._patience("host"):
            if _is_running(url):
                return url
        raise StackError(f"func start did not come up within {_START_SECONDS} s; see {self._log_file('host')}.")

    def _patience(self, name: str) -> Iterator[None]:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._children[name].poll() is not None:
                raise StackError(f"{name} did not start; its log says: {tail(self._log_file(name), 3)}")
            yield
            time.sleep(_POLL_SECONDS)

    def __enter__(self) -> Stack:
        """Start it."""
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End it."""
        self.stop()


def app_settings(root: Path) -> dict[str, str]:
    """Read the app's settings: `Values` of local.settings.json, or of local.settings.sample.json where that is missing.

    Raises StackError when the file is not JSON or holds no Values; without either file there are none.
    """
    for name in ("local.settings.json", "local.settings.sample.json"):
        file = root / name
        if file.exists():
            try:
                values = json.loads(file.read_text())["Values"]
                return {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
            except (ValueError, KeyError, AttributeError, TypeError):
                raise StackError(f'{file} must be a JSON object with an object "Values".') from None
    return {}


def _usable(environment: dict[str, str]) -> dict[str, str]:
    for problem in Settings.read(environment).problems:
        raise StackError(problem)
    return environment


def _is_running(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/admin/host/status", timeout=2) as answer:  # noqa: S310  loopback http
            return bool(json.load(answer).get("state") == "Running")
    except (OSError, ValueError):
        return False


def _module(name: str, port: int, ready_file: Path) -> list[str]:
    return [sys.executable, "-m", name, "--port", str(port), "--ready-file", str(ready_file)]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _signals(asked: threading.Event) -> Iterator[None]:
    def ask(number: int, frame: FrameType | None) -> None:
        asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
