"""How many image jobs a second go through the whole stack, beside the ideal, and what processor time a job takes.

The model emulator answers after a fixed time, so that what is measured is Darkroom, the host and storage. Time runs
from the moment the first of the jobs is posted to the moment all their events are there. In the ideal every place that
host.json gives to jobs has a call to the model in it all the time.

Processor time is that of the process in which the app runs, beside the official SDK in a process of its own, which
makes the same calls from as many threads and writes the pictures to a folder. Both have made a picture before.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that it also runs as a file

from bench.image_caller import ASKED
from bench.report import ROOT, Row, fresh, publish
from bench.whole_stack import cpu_seconds, seconds_until_events, whole_stack, worker_of
from shared.catalog import MIB
from shared.messages import Status
from shared.names import IMAGE_JOBS, image_folder
from shared.records import read_record
from shared.storage import Storage

_JOBS = 200
_MODEL_SECONDS = 2.0
_PICTURE_BYTES = 1 * MIB
_GIVE_UP_SECONDS = 300.0


def main() -> int:
    """Measure, publish and give the exit status."""
    at_once = _concurrency()
    engine = {"seconds_per_picture": _MODEL_SECONDS, "picture_bytes": _PICTURE_BYTES}
    with whole_stack(engine) as endpoints:
        storage = Storage.from_connection_string(endpoints.connection_string)
        worker = worker_of(endpoints)
        _seconds(storage, ["first"])
        names, before = [f"job-{number}" for number in range(_JOBS)], cpu_seconds(worker)
        seconds = _seconds(storage, names)
        cpu = (cpu_seconds(worker) - before) / _JOBS
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


def _seconds(storage: Storage, names: list[str]) -> float:
    """Post a job of each name and wait for their events."""

    def post() -> None:
        for name in names:
            storage.send(IMAGE_JOBS, json.dumps({**ASKED, "stream": False, "job_id": name}))

    return seconds_until_events(storage, len(names), post, _GIVE_UP_SECONDS)


def _has_picture(storage: Storage, name: str) -> bool:
    record = read_record(storage, image_folder(name))
    return record is not None and record.status is Status.SUCCEEDED and len(record.outputs) == 1


if __name__ == "__main__":
    sys.exit(main())
