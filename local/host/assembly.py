"""Makes the parts of the host from the functions of an app: who reads which queue, who watches, which routes
there are.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Protocol

from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient
from starlette.routing import Route

from local.host.app_settings import AppSettings
from local.host.blob_trigger import BlobEvent, BlobPath, BlobTrigger, ControlQueue
from local.host.config import HostConfig
from local.host.invoker import Invoker
from local.host.protocol import Function
from local.host.queue_listener import QueueListener
from local.host.queue_trigger import QueueTrigger
from local.host.timer_trigger import Schedule, TimerTrigger
from local.host.watcher import EventFaults, SeenBlobs, Watcher
from local.host.web import ByHand, Run, function_route

_HOST_STORAGE = "AzureWebJobsStorage"
_BLOB_POISON = "webjobs-blobtrigger-poison"


class Source(Protocol):
    """A part of the host that makes invocations."""

    async def run(self) -> None:
        """Work until stop(), then finish what is under way."""

    def stop(self) -> None:
        """Begin nothing new."""


class Assembly:
    """The sources, routes and hand-run functions of one app.

    `by_hand` maps a function's name to what turns a posted input into one run of it.
    """

    def __init__(self, settings: AppSettings, config: HostConfig, invoker: Invoker, lease_seconds: float) -> None:
        self._settings, self._config, self._invoker, self._lease_seconds = settings, config, invoker, lease_seconds
        self.sources: list[Source] = []
        self.routes: list[Route] = []
        self.by_hand: dict[str, ByHand] = {}
        self._blobs: dict[str, BlobTrigger] = {}

    def add(self, function: Function) -> None:
        """Make the part that runs a function; raises Refused when its trigger cannot be used."""
        where = f"Function {function.name}"
        match function.trigger["type"]:
            case "queueTrigger":
                self._add_queue(function, where)
            case "blobTrigger":
                self._add_blob(function, where)
            case "timerTrigger":
                self._add_timer(function, where)
            case "httpTrigger":
                self.routes.append(function_route(function, self._config.route_prefix, self._invoker))

    def blob_events(self, host_id: str, state: Path, faults: EventFaults) -> BlobEvents | None:
        """Make what all blob functions share, after the last add(); None for an app without one."""
        if not self._blobs:
            return None
        queue = self._queue(_HOST_STORAGE, f"azure-webjobs-blobtrigger-{host_id}", "The host")
        control = ControlQueue(queue, self._blobs, lambda name: self._queue(name, _BLOB_POISON, "The host"))
        listener = QueueListener(queue, control.poison_queue, control.handle, self._config.blobs, self._lease_seconds)
        watcher = Watcher(control, SeenBlobs(state / "seen-blobs.sqlite"), faults, listener.wake)
        self.sources += [listener, watcher]
        events = BlobEvents(control, listener)
        for trigger in self._blobs.values():
            self.by_hand[trigger.function.name] = events.by_hand(trigger.id)
        return events

    def _add_queue(self, function: Function, where: str) -> None:
        connection = function.trigger.get("connection") or _HOST_STORAGE
        name = self._settings.resolve(function.trigger["queueName"], where).lower()
        trigger = QueueTrigger(function, name, self._invoker)
        poison = self._queue(connection, trigger.poison_queue, where) if trigger.poison_queue else None
        queue = self._queue(connection, name, where)
        options = self._config.queues
        self.sources.append(QueueListener(queue, lambda _: poison, trigger.handle, options, self._lease_seconds))
        self.by_hand[function.name] = lambda body: lambda: trigger.run_by_hand(body)

    def _add_blob(self, function: Function, where: str) -> None:
        name = function.trigger.get("connection") or _HOST_STORAGE
        client = BlobServiceClient.from_connection_string(self._settings.connection(name, where))
        path = BlobPath.parse(self._settings.resolve(function.trigger["path"], where), where)
        trigger = BlobTrigger(function, path, name, client, self._invoker)
        self._blobs[trigger.id] = trigger

    def _add_timer(self, function: Function, where: str) -> None:
        schedule = Schedule(self._settings.resolve(function.trigger["schedule"], where), where)
        timer = TimerTrigger(function, schedule, self._invoker)
        self.sources.append(timer)
        self.by_hand[function.name] = lambda _: timer.fire

    def _queue(self, connection: str, name: str, where: str) -> QueueClient:
        return QueueClient.from_connection_string(self._settings.connection(connection, where), name)


class BlobEvents:
    """Takes in blob events that come over http."""

    def __init__(self, control: ControlQueue, listener: QueueListener) -> None:
        self._control, self._listener = control, listener

    async def announce(self, function_id: str, event: BlobEvent) -> None:
        """Put an event into the control queue, whoever it is for."""
        await asyncio.to_thread(self._control.announce, function_id, event)
        self._listener.wake()

    def by_hand(self, function_id: str) -> ByHand:
        """Give what turns `container/blob` into an event for a function; it raises ValueError for a path
        without a slash.
        """

        def make(path: str) -> Run:
            container, _, blob = path.strip("/").partition("/")
            if not blob:
                raise ValueError('A blob function takes {"input": "container/blob"}.')
            return lambda: self.announce(function_id, BlobEvent(container, blob, ""))

        return make
