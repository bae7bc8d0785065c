"""Keeps one worker process running: starts it, speaks to it, and starts another when it dies."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, cast

from local.host.errors import Refused
from local.host.protocol import Function, Invocation, Loaded, NotLoaded, Result
from local.processes import die_with_parent

_ROOT = Path(__file__).parents[2]
_SHORT_LIFE_SECONDS = 10.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 30.0

_log = logging.getLogger("darkroom.host")
_output = logging.getLogger("darkroom.host.worker")


class WorkerLost(Exception):
    """The worker process ended before it answered."""


class Worker:
    """One worker process and the invocations that it has not answered yet. Made and used on the event loop."""

    def __init__(self, app: Path, environment: Mapping[str, str]) -> None:
        self._loop = asyncio.get_running_loop()
        self._answers: dict[str, asyncio.Future[Result]] = {}
        self.loaded: asyncio.Future[Loaded | NotLoaded] = self._loop.create_future()
        self.ended: asyncio.Future[int] = self._loop.create_future()
        self.born = time.monotonic()
        self._pipe, theirs = Pipe()
        self._process = _start(app, environment, theirs)
        theirs.close()
        for work in (self._read_messages, self._read_output):
            threading.Thread(target=work, daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def invoke(self, invocation: Invocation) -> Result:
        """Run an invocation; raises WorkerLost when the process ends first."""
        answer: asyncio.Future[Result] = self._loop.create_future()
        self._answers[invocation.id] = answer
        try:
            self._pipe.send(invocation)
            return await answer
        except OSError:
            raise WorkerLost from None
        finally:
            self._answers.pop(invocation.id, None)

    def kill(self) -> None:
        """End the process at once."""
        if self._process.poll() is None:
            self._process.kill()

    async def stop(self, grace: float) -> None:
        """Ask the worker to end, and make it after `grace` seconds."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(asyncio.shield(self.ended), grace)
        except TimeoutError:
            self.kill()
            await self.ended

    def _read_messages(self) -> None:
        try:
            while True:
                self._loop.call_soon_threadsafe(self._received, self._pipe.recv())
        except (EOFError, OSError):
            code = self._process.wait()
        self._loop.call_soon_threadsafe(self._lost, code)

    def _read_output(self) -> None:
        with cast(IO[str], self._process.stdout) as output:
            for line in output:
                _output.info("%s", line.rstrip())

    def _received(self, message: Loaded | NotLoaded | Result) -> None:
        if not isinstance(message, Result):
            self.loaded.set_result(message)
        elif (answer := self._answers.get(message.id)) is not None and not answer.done():
            answer.set_result(message)

    def _lost(self, code: int) -> None:
        self._pipe.close()
        self.ended.set_result(code)
        if not self.loaded.done():
            self.loaded.set_result(
                NotLoaded(f"The worker ended with status {code} while it loaded the function app.", "")
            )
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(WorkerLost())


def _start(app: Path, environment: Mapping[str, str], pipe: Connection) -> subprocess.Popen[str]:
    paths = [str(_ROOT), environment.get("PYTHONPATH", "")]
    return subprocess.Popen(  # noqa: S603  our own interpreter and our own module
        [sys.executable, "-u", "-m", "local.host.worker", str(pipe.fileno()), str(app)],
        cwd=app,
        env={**environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        pass_fds=[pipe.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509  only between fork and exec can it be asked
    )


class Supervisor:
    """Holds the current worker; replaces a dead one for as long as the host runs."""

    def __init__(self, app: Path, environment: Mapping[str, str]) -> None:
        self._app, self._environment = app, environment
        self._worker: Worker | None = None
        self._ready = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> tuple[Function, ...]:
        """Start the first worker and give the app's functions; raises Refused when the app cannot be loaded."""
        worker = Worker(self._app, self._environment)
        loaded = await worker.loaded
        if isinstance(loaded, NotLoaded):
            await worker.stop(0)
            raise Refused(loaded.sentence, loaded.detail)
        self._take(worker)
        self._keeper = asyncio.create_task(self._keep())
        return loaded.functions

    async def current(self) -> Worker:
        """Give the worker that takes invocations, waiting while one is started."""
        while self._worker is None:
            await self._ready.wait()
        return self._worker

    @property
    def pid(self) -> int | None:
        """The current worker's process id; None while a new one is started."""
        return self._worker.pid if self._worker else None

    async def stop(self, grace: float) -> None:
        """End the worker for good."""
        if self._keeper is not None:
            self._keeper.cancel()
        if self._worker is not None:
            await self._worker.stop(grace)

    def _take(self, worker: Worker) -> None:
        self._worker = worker
        self._ready.set()

    async def _keep(self) -> None:
        pause = 0.0
        while self._worker is not None:
            code = await asyncio.shield(self._worker.ended)
            lived = time.monotonic() - self._worker.born
            _log.error("worker %d ended with status %d after %.1f s", self._worker.pid, code, lived)
            self._worker = None
            self._ready.clear()
            pause = 0.0 if lived > _SHORT_LIFE_SECONDS else _longer(pause)
            self._take(await self._replacement(pause))

    async def _replacement(self, pause: float) -> Worker:
        while True:
            await asyncio.sleep(pause)
            worker = Worker(self._app, self._environment)
            try:
                loaded = await worker.loaded
            except asyncio.CancelledError:
                worker.kill()
                raise
            if isinstance(loaded, Loaded):
                _log.info("worker %d replaces it", worker.pid)
                return worker
            pause = _longer(pause)
            _log.error("%s Trying again in %.1f s.\n%s", loaded.sentence, pause, loaded.detail)
            await worker.stop(0)


def _longer(pause: float) -> float:
    return min(_LONGEST_PAUSE_SECONDS, max(_FIRST_PAUSE_SECONDS, pause * 2))
