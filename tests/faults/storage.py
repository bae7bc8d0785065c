"""Storage that fails: stopped and started again, busy, and cutting connections."""

import socket
import time

from local.stack import Ports
from tests.faults.plan import dice, mixed, points, told
from tests.faults.proxy import Mood, Proxy
from tests.faults.reckoning import reckon
from tests.faults.rig import Rig, storage_at
from tests.faults.table import Row

_LEASE_SECONDS = 60  # nobody dies here; a message whose end could not be told is delivered again after this
_MOODS: tuple[Mood, ...] = ("busy", "cutting")


def restarts(seed: int) -> Row:
    """Azurite is stopped while jobs run, and started again on its data."""
    draw = dice(seed, "restarts")
    jobs, moments = mixed(draw, "restarts", 80), points(draw, 3, 80)
    pauses = [draw.uniform(1.0, 12.0) for _ in moments]
    with Rig("restarts", lease_seconds=_LEASE_SECONDS, storage_fails=True) as rig:
        rig.ask(*jobs)
        for moment, pause in zip(moments, pauses, strict=True):
            rig.until_ended(moment)
            rig.restart_storage(pause)
        rig.finish()
        return reckon(rig, told(jobs, moments, pauses))


def bad_storage(seed: int) -> Row:
    """Between the app and storage, requests are answered 503 for a while, and answers are cut off, by turns."""
    draw = dice(seed, "bad storage")
    jobs, moments = mixed(draw, "storage", 80), points(draw, 6, 80)
    turns = [(moment, _MOODS[at % 2], draw.uniform(1.0, 8.0)) for at, moment in enumerate(moments)]
    blobs, queues = _free_ports()
    with Proxy(blobs, draw) as to_blobs, Proxy(queues, draw) as to_queues:
        settings = {"AzureWebJobsStorage": storage_at(to_blobs.port, to_queues.port)}
        ports = Ports(blobs, queues, 0, 0)
        with Rig(
            "bad storage", lease_seconds=_LEASE_SECONDS, settings=settings, ports=ports, storage_fails=True
        ) as rig:
            with rig.asking(*jobs):
                for moment, mood, seconds in turns:
                    rig.until_ended(moment)
                    _hurt((to_blobs, to_queues), mood, seconds)
            rig.finish()
            spared = [mood for mood in _MOODS if not to_blobs.struck[mood] or not to_queues.struck[mood]]
            return reckon(rig, told(jobs, turns), tuple(f"No request met storage that is {mood}." for mood in spared))


def _hurt(proxies: tuple[Proxy, ...], mood: Mood, seconds: float) -> None:
    for proxy in proxies:
        proxy.turn(mood)
    time.sleep(seconds)
    for proxy in proxies:
        proxy.turn("open")


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as another:
        return int(one.getsockname()[1]), int(another.getsockname()[1])
