"""How many pictures a second an embedding job gets through the whole stack, beside the ideal, and its memory.

The model emulator answers after a fixed time, so that what is measured is Darkroom, the host and storage. Time runs
from the moment the job is posted to the moment its event is there: listing, reading, checking, calling, ledger, and
writing the vectors. In the ideal every call that the job makes side by side is at the model all the time. Four at once
is the setting's default, and what two processors feed beside the storage emulator and the model emulator.

The pictures are PNGs that the model takes as they are, noise within its pixels, and no two of them alike: one that
was paid before would cost nothing. Growth is that of the worker's peak (VmHWM) above its peak after a small job; MB
are of 1,048,576 bytes.
"""

import json
import random
import struct
import sys
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that it also runs as a file

from bench.memory import peak
from bench.report import Row, publish
from bench.whole_stack import cpu_seconds, seconds_until_events, whole_stack, worker_of
from shared.catalog import MIB
from shared.messages import Status
from shared.names import EMBEDDING_JOBS, IMAGES, BlobRef, embedding_folder
from shared.records import read_record
from shared.storage import Storage

_PICTURES, _FIRST_PICTURES = 1000, 20
_PICTURE_BYTES = 1 * MIB
_SIZE = 640, 512  # pixels; without compression a little less than the bytes of a picture
_AT_ONCE = 4
_MODEL_SECONDS = 0.2
_GIVE_UP_SECONDS = 600.0


def main() -> int:
    """Measure, publish and give the exit status."""
    engine = {"seconds_per_embedding_call": _MODEL_SECONDS}
    with whole_stack(engine, {"DARKROOM_EMBEDDING_CALLS": str(_AT_ONCE)}) as endpoints:
        storage = Storage.from_connection_string(endpoints.connection_string)
        worker = worker_of(endpoints)
        _upload(storage, "first", _FIRST_PICTURES)
        _upload(storage, "all", _PICTURES)
        _seconds(storage, "first")
        processes = {"worker": worker, "storage": endpoints.pids["azurite"], "model": endpoints.pids["models"]}
        before, used = peak(worker), _used(processes)
        seconds = _seconds(storage, "all")
        growth, took = (peak(worker) - before) / MIB, _used(processes)
        missing = _PICTURES - _vectors(storage, "all")
    ideal = _PICTURES * _MODEL_SECONDS / _AT_ONCE
    rows = [
        Row(f"{_PICTURES} pictures : ideal", seconds / ideal, "ratio", reach=1 / 0.8),
        Row("pictures without a vector", missing, "pictures", reach=0),
        Row("growth of the worker", growth, "MB", reach=64),
        Row(f"pictures a second, {_AT_ONCE} at once at {_MODEL_SECONDS:g} s", _PICTURES / seconds, "pictures/s"),
        *(
            Row(f"processor time of a picture: {name}", (took[name] - used[name]) / _PICTURES * 1000, "ms")
            for name in processes
        ),
    ]
    return publish("embedding_throughput", rows)


def _used(processes: Mapping[str, int]) -> dict[str, float]:
    return {name: cpu_seconds(process) for name, process in processes.items()}


def _upload(storage: Storage, prefix: str, count: int) -> None:
    picture = _picture()
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for number in range(count):
            ref = BlobRef(IMAGES, f"{prefix}/{number:04}.png")
            threads.submit(storage.write, ref, _numbered(picture, ref.name), "image/png")


def _picture() -> bytes:
    file = BytesIO()
    noise = random.Random(1).randbytes(3 * _SIZE[0] * _SIZE[1])  # noqa: S311 - filler, no secret
    Image.frombytes("RGB", _SIZE, noise).save(file, "PNG")
    return file.getvalue()


def _numbered(picture: bytes, name: str) -> bytes:
    """The picture with a private chunk before its end that makes it another, of exactly the bytes that are meant."""
    end = picture[-12:]
    filler = b"drKm" + name.encode().ljust(_PICTURE_BYTES - len(picture) - 12)
    return picture[:-12] + struct.pack(">I", len(filler) - 4) + filler + struct.pack(">I", zlib.crc32(filler)) + end


def _seconds(storage: Storage, prefix: str) -> float:
    """Have all pictures below a prefix embedded by one job."""
    message = json.dumps({"job_id": prefix, "inputs": [{"images": f"{IMAGES}/{prefix}/"}]})
    return seconds_until_events(storage, 1, partial(storage.send, EMBEDDING_JOBS, message), _GIVE_UP_SECONDS)


def _vectors(storage: Storage, job: str) -> int:
    record = read_record(storage, embedding_folder(job))
    return record.vectors or 0 if record is not None and record.status is Status.SUCCEEDED else 0


if __name__ == "__main__":
    sys.exit(main())
