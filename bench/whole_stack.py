"""A whole stack to be measured: on free ports, with a model that takes its time, and waited for by its events."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from local.stack import Ports, Stack
from local.stack_state import Endpoints
from shared.names import JOB_EVENTS
from shared.storage import Storage

_LOOK_SECONDS = 0.1


@contextmanager
def whole_stack(engine: Mapping[str, Any], settings: Mapping[str, str] | None = None) -> Iterator[Endpoints]:
    """A stack with these app settings, whose model emulator has this engine (`PUT /emulator/engine`)."""
    with tempfile.TemporaryDirectory() as state:
        stack = Stack(state=Path(state), ports=Ports(0, 0, 0, 0), settings=settings)
        endpoints = stack.start()
        try:
            set_engine = f"{endpoints.urls['models']}/emulator/engine"
            requests.put(set_engine, json=dict(engine), timeout=10).raise_for_status()
            yield endpoints
        finally:
            stack.stop()


def worker_of(endpoints: Endpoints) -> int:
    """The id of the process in which the app runs."""
    return int(requests.get(f"{endpoints.urls['host']}/admin/host/status", timeout=10).json()["workerPid"])


def cpu_seconds(process: int) -> float:
    """What a process has used of the processors, in user and system mode (proc(5))."""
    told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def seconds_until_events(storage: Storage, count: int, post: Callable[[], None], give_up: float) -> float:
    """From posting jobs until so many events are there, in seconds; the program ends when that takes too long."""
    wanted = (storage.depth(JOB_EVENTS) or 0) + count
    started = time.monotonic()
    post()
    while (storage.depth(JOB_EVENTS) or 0) < wanted:
        if time.monotonic() > started + give_up:
            raise SystemExit(f"Not all jobs have ended after {give_up:.0f} s.")
        time.sleep(_LOOK_SECONDS)
    return time.monotonic() - started
