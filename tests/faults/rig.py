"""The whole stack with handles to hurt it: its worker, its storage and its model."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import urlsplit

from local.processes import end, spawn
from local.stack import ROOT, Ports, Stack
from local.storage_emulator import ACCOUNT, KEY, StorageEmulator
from shared.names import JOB_EVENTS, QUEUES
from shared.records import read_record
from shared.storage import Storage
from tests.faults.asking import ask
from tests.faults.bill import Kill
from tests.faults.plan import Job
from tests.faults.watch import Awaited, Watch

STATE = ROOT / ".darkroom" / "faults"
_PATIENCE_SECONDS = 600.0  # a scenario that takes longer has lost something
_LOOK_SECONDS = 0.1
_SETTLE_SECONDS = 90.0  # what is left of duplicates and of killed workers comes back and finds nothing to do
_QUICK_RETRIES = {"AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01"}


def storage_at(blobs: int, queues: int) -> str:
    """The connection string of a storage emulator at these ports."""
    return (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
        f"BlobEndpoint=http://127.0.0.1:{blobs}/{ACCOUNT};QueueEndpoint=http://127.0.0.1:{queues}/{ACCOUNT};"
    )


class Rig:
    """One stack for one scenario, with an emulator that reads at once; a context manager.

    Its files lie in `.darkroom/faults/<scenario>` until the next run. `lease_seconds` is how long a message of a dead
    worker stays hidden. Where `storage_fails`, an event may be posted twice, when its sender is not told.
    """

    def __init__(
        self,
        scenario: str,
        *,
        lease_seconds: int = 10,
        host_arguments: tuple[str, ...] = (),
        settings: Mapping[str, str] | None = None,
        ports: Ports | None = None,
        storage_fails: bool = False,
    ) -> None:
        self.scenario, self._began = scenario, time.monotonic()
        self._state = STATE / scenario
        shutil.rmtree(self._state, ignore_errors=True)
        self._host_arguments = ("--lease-seconds", str(lease_seconds), *host_arguments)
        self._stack = Stack(
            state=self._state,
            ports=ports or Ports(0, 0, 0, 0),
            host_arguments=self._host_arguments,
            settings=_QUICK_RETRIES | dict(settings or {}),
        )
        self.storage_fails = storage_fails
        self._second: subprocess.Popen[bytes] | None = None
        self._azurite: StorageEmulator | None = None
        self.kills: list[Kill] = []

    def __enter__(self) -> Self:
        """Start it, and watch."""
        self._ends = self._stack.start()
        try:
            self.storage = Storage.from_connection_string(self._ends.connection_string)
            self.emulator("PUT", "engine", {"engine": "instant", "seconds_per_page": 0.1, "figure_bytes": 2000})
            self.watch = Watch(self.storage)
            self.watch.start()
        except BaseException:
            self._stack.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.watch.stop()
        if self._second is not None:
            end(self._second)
        self._stack.stop()
        if self._azurite is not None:
            self._azurite.stop()

    # asking and waiting

    def ask(self, *jobs: Job) -> None:
        """Ask for jobs and await their ends."""
        for job in jobs:
            self.watch.expect(Awaited(job, ask(self.storage, job)))

    @contextmanager
    def asking(self, *jobs: Job) -> Iterator[None]:
        """Ask for jobs while the block runs: many take longer to ask for than the first ones take to end."""
        with ThreadPoolExecutor(1) as threads:
            asked = threads.submit(self.ask, *jobs)
            yield
        asked.result()

    def until(self, happened: Callable[[], object], seconds: float) -> bool:
        """Wait until something is so; False when it is not so in time."""
        ends = time.monotonic() + seconds
        while not happened():
            if time.monotonic() > ends:
                return False
            time.sleep(_LOOK_SECONDS)
        return True

    def until_ended(self, jobs: int) -> None:
        """Wait until so many jobs have ended."""
        self.until(lambda: len(self.watch.ended) >= jobs, _PATIENCE_SECONDS)

    def finish(self) -> None:
        """Wait until all jobs have ended, and until nothing is left in their queues and the poison queues."""
        self.until(lambda: not self.watch.open, _PATIENCE_SECONDS)
        queues = [name for name in QUEUES if name != JOB_EVENTS]
        self.until(lambda: not any(map(self.storage.depth, queues)), _SETTLE_SECONDS)

    @property
    def seconds(self) -> float:
        """How long the scenario has taken."""
        return time.monotonic() - self._began

    def is_in_work(self, job: Job) -> bool:
        """Whether somebody has begun a job, and maybe ended it."""
        return read_record(self.storage, job.folder) is not None

    def in_flight(self) -> int:
        """How many calls the model is at."""
        return int(self.emulator("GET", "stats")["in_flight"])

    # hurting

    def emulator(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the model emulator's control API."""
        data = None if body is None else json.dumps(body).encode()
        url = f"{self._ends.urls['models']}/emulator/{path}"
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
            return json.loads(answer.read() or b"null")

    def kill(self) -> None:
        """End the worker by SIGKILL, and wait until the host has another."""
        worker, at = self._worker(), datetime.now(UTC)
        os.kill(worker, signal.SIGKILL)
        self.until(lambda: self._worker() != worker, 60)
        self.kills.append(Kill(at, datetime.now(UTC)))

    def _worker(self) -> int:
        """The process in which the app runs, waiting while there is none."""
        while True:
            with urllib.request.urlopen(f"{self._ends.urls['host']}/admin/host/status", timeout=60) as answer:  # noqa: S310 - loopback
                if found := json.load(answer)["workerPid"]:
                    return int(found)
            time.sleep(_LOOK_SECONDS)

    def second_host(self) -> None:
        """Start another host with the app in it, on the same storage and model."""
        ready = self._state / "host-2.ready.json"
        command = [sys.executable, "-m", "local.host", "--app", str(ROOT), "--port", "0", "--ready-file", str(ready)]
        command += ["--state", str(self._state / "host-2"), *self._host_arguments]
        environment = self._stack.environment(self._ends.connection_string, self._ends.urls["models"])
        self._second = spawn(command, self._state / "logs" / "host-2.log", env=environment, cwd=ROOT)
        if not self.until(ready.exists, 60):
            raise RuntimeError(f"The second host did not start; see {self._state / 'logs' / 'host-2.log'}.")

    def restart_storage(self, seconds: float) -> None:
        """Stop Azurite, which writes its data first, and start it again after a while."""
        if self._azurite is not None:
            self._azurite.stop()
        else:
            os.kill(self._ends.pids["azurite"], signal.SIGTERM)
            self.until(lambda: not self._stack.status()["azurite"], 30)
        time.sleep(seconds)
        log, data = self._state / "logs" / "azurite-again.log", self._state / "azurite"
        blobs, queues = (urlsplit(self._ends.urls[name]).port or 0 for name in ("blobs", "queues"))
        self._azurite = StorageEmulator(log, location=data, blob_port=blobs, queue_port=queues)
        self._azurite.start()

    def replay(self) -> None:
        """Have all failed jobs replayed by the command."""
        command = [sys.executable, "-m", "cli.main", "replay", "--failed", "--state", str(self._state)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"`darkroom replay --failed` ended with {done.returncode}: {done.stderr[-300:]}")
        for awaited in self.watch.all:
            self.watch.expect(awaited.replayed())

    def log(self) -> str:
        """What the hosts and workers have logged."""
        return "".join(file.read_text(errors="replace") for file in (self._state / "logs").glob("host*.log"))
