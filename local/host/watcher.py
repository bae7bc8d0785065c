"""The local stand-in for Event Grid: looks into the watched containers and announces every ETag that it has not
seen.

What it has seen is kept in a small SQLite file, so that a restart announces what came while the host was down,
and nothing twice. An event is announced before it is noted: a crash between the two doubles it, as Event Grid
does, and never loses it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from local.host.blob_trigger import BlobEvent, BlobTrigger, ControlQueue
from local.host.errors import Refused

_PAGE = 5000
_INTERVAL_SECONDS = 0.5
_LONGEST_DELAY_SECONDS = 5
_FAULTS = ("duplicate", "reorder", "drop", "delay")

_log = logging.getLogger("darkroom.host.watcher")


@dataclass(frozen=True)
class EventFaults:
    """What goes wrong on purpose on the way from storage to the host: probability by fault, drawn with a seeded
    generator.
    """

    probability: Mapping[str, float] = field(default_factory=dict)
    random: random.Random = field(default_factory=random.Random)

    @classmethod
    def parse(cls, text: str, seed: int) -> EventFaults:
        """Read `duplicate=0.2,delay` (a fault without a number always happens); raises Refused for anything else."""
        probability = {}
        for part in filter(None, text.split(",")):
            name, _, number = part.partition("=")
            if name not in _FAULTS or not _is_probability(number or "1"):
                raise Refused(
                    f"--events does not know {part!r}: write {', '.join(_FAULTS)}, each with =0 to =1 or alone."
                )
            probability[name] = float(number or "1")
        return cls(probability, random.Random(seed))  # noqa: S311  faults must be repeatable, not secret

    def applied(self, events: Sequence[BlobEvent]) -> list[tuple[BlobEvent, float]]:
        """Give the events as they arrive, each with its delay in seconds."""
        arriving = [event for event in events if not self._strikes("drop")]
        arriving += [event for event in arriving if self._strikes("duplicate")]
        if self._strikes("reorder"):
            self.random.shuffle(arriving)
        return [(event, self._delay()) for event in arriving]

    def _strikes(self, fault: str) -> bool:
        return self.random.random() < self.probability.get(fault, 0)

    def _delay(self) -> float:
        return self.random.randint(1, _LONGEST_DELAY_SECONDS) if self._strikes("delay") else 0


def _is_probability(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False


class SeenBlobs:
    """The names and ETags announced so far, on disk."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(file, check_same_thread=False)
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS seen"
            " (place TEXT, blob TEXT, etag TEXT, PRIMARY KEY (place, blob)) WITHOUT ROWID"
        )

    def new(self, place: str, events: Iterable[BlobEvent]) -> list[BlobEvent]:
        """Pick the events of a watched place whose ETag differs from the noted one."""
        query = "SELECT etag FROM seen WHERE place = ? AND blob = ?"
        return [
            event for event in events if self._database.execute(query, (place, event.blob)).fetchone() != (event.etag,)
        ]

    def note(self, place: str, events: Iterable[BlobEvent]) -> None:
        """Remember the events of a watched place."""
        rows = [(place, event.blob, event.etag) for event in events]
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", rows)

    def close(self) -> None:
        """Close the file."""
        self._database.close()


class Watcher:
    """Announces new and changed blobs to the triggers of an app, and calls `wake` when it has."""

    def __init__(self, control: ControlQueue, seen: SeenBlobs, faults: EventFaults, wake: Callable[[], None]) -> None:
        self._control, self._seen, self._faults, self._wake = control, seen, faults, wake
        triggers = sorted(control.triggers.values(), key=_place)
        self._places = [(place, list(group)) for place, group in groupby(triggers, key=_place)]
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Look at every container again and again until stop(); looking never takes more than half of the time."""
        try:
            await self._look_around()
        finally:
            self._seen.close()

    async def _look_around(self) -> None:
        while not self._stopping.is_set():
            started = time.monotonic()
            for place, triggers in self._places:
                if await asyncio.to_thread(self.look, place, triggers):
                    self._wake()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), max(_INTERVAL_SECONDS, time.monotonic() - started))

    def stop(self) -> None:
        """End run() after the page at hand."""
        self._stopping.set()

    def look(self, place: str, triggers: Sequence[BlobTrigger]) -> int:
        """List the container of these triggers page by page, announce what is new and give how many events that
        were.
        """
        container, announced = triggers[0].path.container, 0
        try:
            for page in _pages(triggers[0].blobs, container):
                new = self._seen.new(place, page)
                self._announce(new, triggers)
                self._seen.note(place, new)
                announced += len(new)
                if self._stopping.is_set():
                    break
        except ResourceNotFoundError:
            _log.debug("container %s does not exist yet", container)
        except AzureError as error:
            _log.warning("container %s cannot be watched (%s), trying again", container, type(error).__name__)
        return announced

    def _announce(self, events: Sequence[BlobEvent], triggers: Sequence[BlobTrigger]) -> None:
        for event, delay in self._faults.applied(events):
            for trigger in triggers:
                if trigger.wants(event):
                    self._control.announce(trigger.id, event, delay=delay)


def _place(trigger: BlobTrigger) -> str:
    return f"{trigger.connection}/{trigger.path.container}"


def _pages(blobs: BlobServiceClient, container: str) -> Iterable[list[BlobEvent]]:
    for page in blobs.get_container_client(container).list_blobs(results_per_page=_PAGE).by_page():
        yield [BlobEvent(container, blob.name, str(blob.etag)) for blob in page]
