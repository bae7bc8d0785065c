"""One running app, from its settings to an orderly end."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import re
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.routing import BaseRoute

from local.host import web
from local.host.app_settings import AppSettings, load_settings
from local.host.assembly import Assembly, Source
from local.host.config import HostConfig, read_config
from local.host.invoker import Invoker
from local.host.lease import LEASE_SECONDS
from local.host.protocol import Function
from local.host.supervisor import Supervisor
from local.host.watcher import EventFaults

_STORAGE_THREADS = 32
_GRACE_SECONDS = 5

_log = logging.getLogger("darkroom.host")


@dataclass(frozen=True)
class Options:
    """How to run the host; `lease_seconds` below 600 is for tests of what happens after a crash."""

    app: Path
    port: int = 7071
    ready_file: Path | None = None
    state: Path | None = None
    lease_seconds: float = LEASE_SECONDS
    faults: EventFaults = field(default_factory=EventFaults)


class Host:
    """One running app. Make it with Host.load(), then run()."""

    def __init__(self, options: Options, settings: AppSettings, config: HostConfig, supervisor: Supervisor) -> None:
        self._options, self._settings, self._config, self._supervisor = options, settings, config, supervisor
        self._id = settings.get("AzureFunctionsWebHost__hostid") or _host_id(options.app)
        self._functions: tuple[Function, ...] = ()
        self._sources: list[Source] = []
        self._routes: list[BaseRoute] = []

    @classmethod
    async def load(cls, options: Options, environment: Mapping[str, str] | None = None) -> Host:
        """Read settings and host.json, index the app in a worker and prepare its triggers.

        Raises Refused, with no worker left behind, when any of it cannot be used.
        """
        settings = load_settings(options.app, os.environ if environment is None else environment)
        config = read_config(options.app, settings)
        supervisor = Supervisor(options.app, settings)
        host = cls(options, settings, config, supervisor)
        try:
            host._prepare(await supervisor.start())
        except BaseException:
            await supervisor.stop(0)
            raise
        return host

    def _prepare(self, functions: tuple[Function, ...]) -> None:
        self._functions = functions
        invoker = Invoker(self._supervisor, self._config.function_timeout)
        parts = Assembly(self._settings, self._config, invoker, self._options.lease_seconds)
        for function in functions:
            parts.add(function)
        state = self._options.state or self._options.app / ".darkroom" / "host"
        events = parts.blob_events(self._id, state, self._options.faults)
        admin = web.admin_routes(self._status, parts.by_hand, events.announce if events else None)
        self._sources = parts.sources
        self._routes = [*admin, *parts.routes]

    async def run(self, stop: asyncio.Event, listener: socket.socket) -> None:
        """Serve on the bound socket until `stop` is set, then let what runs finish for a few seconds.

        Raises what a part of the host itself died of, after the same orderly end.
        """
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_STORAGE_THREADS, "storage"))
        server = web.server(self._routes, _GRACE_SECONDS)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        tasks = [serving, *(asyncio.create_task(source.run()) for source in self._sources)]
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        self._announce_ready(listener.getsockname()[1])
        await asyncio.wait([asyncio.create_task(stop.wait()), *tasks], return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await self._end(tasks)

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        _log.info("stopping")
        for source in self._sources:
            source.stop()
        await asyncio.wait(tasks, timeout=_GRACE_SECONDS)
        await self._supervisor.stop(_GRACE_SECONDS)
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    def _announce_ready(self, port: int) -> None:
        url = f"http://127.0.0.1:{port}"
        _log.info("%s runs %d functions on %s", self._options.app, len(self._functions), url)
        if self._options.ready_file is not None:
            unfinished = self._options.ready_file.with_suffix(".part")
            unfinished.write_text(json.dumps({"pid": os.getpid(), "url": url}))
            unfinished.replace(self._options.ready_file)

    def _status(self) -> dict[str, Any]:
        names = [function.name for function in self._functions]
        return {"id": self._id, "state": "Running", "functions": names, "workerPid": self._supervisor.pid}


def _host_id(app: Path) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", app.resolve().name.lower()).strip("-") or "app"
    return f"{name[:20].strip('-')}-{hashlib.sha256(str(app.resolve()).encode()).hexdigest()[:10]}"
