"""How many image jobs a second go through the whole stack, beside the ideal, and what processor time a job takes.

The model emulator answers after a fixed time, so that what is measured is Darkroom, the host and storage. Time runs
from the moment the first of the jobs is posted to the moment all their events are there. In the ideal every place that
host.json gives to jobs has a call to the model in it all the time.

Processor time is that of the process in which the app runs, beside the official SDK in a process of its own, which
makes the same calls from as many threads and writes the pictures to a folder. Both have made a picture before.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that it also runs as a file

from bench.image_caller import ASKED
from bench.report import ROOT, Row, fresh, publish
from local.stack import Ports, Stack
from local.stack_state import Endpoints
from shared.catalog import MIB
from shared.messages import Status
from shared.names import IMAGE_JOBS, JOB_EVENTS, image_folder
from shared.records import read_record
from shared.storage import Storage

_JOBS = 200
_MODEL_SECONDS = 2.0
_PICTURE_BYTES = 1 * MIB
_LOOK_SECONDS = 0.1
_GIVE_UP_SECONDS = 300.0


def main() -> int:
    """Measure, publish and give the exit status."""
    at_once = _concurrency()
    with _stack() as endpoints:
        storage = Storage.from_connection_string(endpoints.connection_string)
        worker = _worker(endpoints.urls["host"])
        _seconds(storage, ["first"])
        names, before = [f"job-{number}" for number in range(_JOBS)], _cpu_seconds(worker)
        seconds = _seconds(storage, names)
        cpu = (_cpu_seconds(worker) - before) / _JOBS
        without = sum(not _has_picture(storage, name) for name in names)
        sdk = ["-m", "bench.image_caller", endpoints.urls["models"], str(_JOBS), str(at_once)]
        sdk_cpu = float(fresh(sdk)["cpu_seconds"]) / _JOBS
    ideal = _JOBS * _MODEL_SECONDS / at_once
    rows = [
        Row(f"{_JOBS} jobs : ideal", seconds / ideal, "ratio", reach=1 / 0.9),
        Row("jobs without a picture", without, "jobs", reach=0),
        Row("processor time of a job, darkroom : openai", cpu / sdk_cpu, "ratio", reach=0.5),
        Row(f"jobs a second, {at_once} at once at {_MODEL_SECONDS:g} s", _JOBS / seconds, "jobs/s"),
        Row("processor time of a job: darkroom", cpu * 1000, "ms"),
        Row("processor time of a job: openai", sdk_cpu * 1000, "ms"),
    ]
    return publish("image_throughput", rows)


def _concurrency() -> int:
    """How many jobs host.json lets run at once."""
    queues = json.loads((ROOT / "host.json").read_text())["extensions"]["queues"]
    return int(queues["batchSize"] + queues["newBatchThreshold"])


@contextmanager
def _stack() -> Iterator[Endpoints]:
    """A whole stack on free ports, whose model takes its time."""
    with tempfile.TemporaryDirectory() as state:
        stack = Stack(state=Path(state), ports=Ports(0, 0, 0, 0))
        endpoints = stack.start()
        try:
            engine = {"seconds_per_picture": _MODEL_SECONDS, "picture_bytes": _PICTURE_BYTES}
            requests.put(f"{endpoints.urls['models']}/emulator/engine", json=engine, timeout=10).raise_for_status()
            yield endpoints
        finally:
            stack.stop()


def _worker(host: str) -> int:
    """The id of the process in which the app runs."""
    return int(requests.get(f"{host}/admin/host/status", timeout=10).json()["workerPid"])


def _cpu_seconds(process: int) -> float:
    """What a process has used of the processors, in user and system mode (proc(5))."""
    told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def _seconds(storage: Storage, names: list[str]) -> float:
    """Post a job of each name and wait for their events."""
    wanted = (storage.depth(JOB_EVENTS) or 0) + len(names)
    started = time.monotonic()
    for name in names:
        storage.send(IMAGE_JOBS, json.dumps({**ASKED, "stream": False, "job_id": name}))
    while (storage.depth(JOB_EVENTS) or 0) < wanted:
        if time.monotonic() > started + _GIVE_UP_SECONDS:
            raise SystemExit(f"Not all jobs have ended after {_GIVE_UP_SECONDS:.0f} s.")
        time.sleep(_LOOK_SECONDS)
    return time.monotonic() - started


def _has_picture(storage: Storage, name: str) -> bool:
    record = read_record(storage, image_folder(name))
    return record is not None and record.status is Status.SUCCEEDED and len(record.outputs) == 1


if __name__ == "__main__":
    sys.exit(main())
