"""How long a document of 300 pages takes through the whole stack, beside the ideal.

The model emulator answers after a fixed time a page, so that what is measured is Darkroom, the host and storage. Time
runs from the moment the blob is written to the moment its record is final. The ideal is the time of the parts alone,
each of 30 pages sent straight to the model, scheduled on as many workers as host.json lets run at once. Both are
measured by turns, and the medians are told. All pages must be in their place.

A host looks at an idle queue less and less often, down to an interval that the local stack sets to a second. What the
interval in host.json costs a document that comes after a while without work is told in a row of its own.
"""

import heapq
import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that it also runs as a file

from bench.report import ROOT, Row, publish
from local.stack import Ports, Stack
from shared.catalog import OCR_MODELS
from shared.clients.credentials import Key
from shared.clients.ocr import OcrClient, OcrRequest, ocr_url
from shared.clients.transport import Transport
from shared.documents import PDF
from shared.messages import JobRecord, Status
from shared.names import DOCUMENTS, RESULTS, BlobRef, ocr_folder
from shared.records import read_record
from shared.storage import Storage
from tests.corpus import text_pdf

_MODEL = OCR_MODELS["mistral-document-ai-2512"]
_PAGES = 300
_SECONDS_PER_PAGE = 0.1
_ROUNDS, _IDLE_ROUNDS = 5, 3
_IDLE_SECONDS = 15.0
_LOOK_SECONDS = 0.05
_GIVE_UP_SECONDS = 120.0
_POLLING = "AzureFunctionsJobHost__extensions__queues__maxPollingInterval"
_PAGE = re.compile(r"^<!-- page (\d+) -->\n\n(Page \d+ of \d+)", re.MULTILINE)


def main() -> int:
    """Measure, publish and give the exit status."""
    names = [f"long-{number}.pdf" for number in range(_ROUNDS)]
    with _stack() as (storage, model):
        short = [_seconds(storage, f"short-{number}.pdf", 1) for number in range(_ROUNDS)]
        part, long = zip(*((_part_alone(model), _seconds(storage, name, _PAGES)) for name in names), strict=True)
        misplaced = sum(_misplaced(storage, name) for name in names)
    with _stack(**{_POLLING: _queues()["maxPollingInterval"]}) as (storage, _):
        idle = [_after_idleness(storage, f"idle-{number}.pdf") for number in range(_IDLE_ROUNDS)]
    ideal = _ideal(median(part))
    rows = [
        Row(f"{_PAGES} pages : ideal", median(long) / ideal, "ratio", reach=1.3),
        Row("pages not in their place", misplaced, "pages", reach=0),
        Row(f"{_PAGES} pages", median(long), "s"),
        Row(f"ideal for {_PAGES} pages at {_SECONDS_PER_PAGE} s a page", ideal, "s"),
        Row("one page", median(short), "s"),
        Row(f"one page after {_IDLE_SECONDS:.0f} s without work, polled as host.json says", median(idle), "s"),
    ]
    return publish("long_document", rows)


def _ideal(part_seconds: float) -> float:
    """When the last part is done, each taken by the worker that is free first."""
    queues = _queues()
    free_at = [0.0] * (queues["batchSize"] + queues["newBatchThreshold"])
    for _ in range(_PAGES // _MODEL.max_pages):
        heapq.heapreplace(free_at, free_at[0] + part_seconds)
    return max(free_at)


def _queues() -> dict[str, Any]:
    """How host.json has queues read."""
    options: dict[str, Any] = json.loads((ROOT / "host.json").read_text())["extensions"]["queues"]
    return options


@contextmanager
def _stack(**settings: str) -> Iterator[tuple[Storage, OcrClient]]:
    """The storage and the model of a whole stack, warm, on free ports and with the emulator's instant engine."""
    with tempfile.TemporaryDirectory() as state:
        known = {"DARKROOM_OCR_MODEL": _MODEL.name, **settings}
        stack = Stack(state=Path(state), ports=Ports(0, 0, 0, 0), settings=known)
        endpoints = stack.start()
        try:
            engine = {"engine": "instant", "seconds_per_page": _SECONDS_PER_PAGE}
            url = f"{endpoints.urls['models']}/emulator/engine"
            requests.put(url, json=engine, timeout=10).raise_for_status()
            storage = Storage.from_connection_string(endpoints.connection_string)
            _seconds(storage, "first.pdf", 1)
            model = OcrClient(ocr_url(endpoints.urls["models"], ""), Transport(Key("local-key")), _GIVE_UP_SECONDS)
            yield storage, model
        finally:
            stack.stop()


def _part_alone(model: OcrClient) -> float:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "part.pdf"
        file.write_bytes(text_pdf(_MODEL.max_pages))
        request = OcrRequest(_MODEL.name, file, PDF, {})
        started = time.monotonic()
        model.read(request, Path(folder) / "answer.json")
        return time.monotonic() - started


def _after_idleness(storage: Storage, name: str) -> float:
    time.sleep(_IDLE_SECONDS)
    return _seconds(storage, name, 1)


def _seconds(storage: Storage, name: str, pages: int) -> float:
    """Drop a document whose text nobody has paid for yet, and wait for its record."""
    storage.write(BlobRef(DOCUMENTS, name), text_pdf(pages, text=name), PDF)
    dropped = time.monotonic()
    record = _final(storage, name, dropped + _GIVE_UP_SECONDS)
    elapsed = time.monotonic() - dropped
    if record.status is not Status.SUCCEEDED:
        raise SystemExit(f"{name} failed: {record.problem.message if record.problem else 'no reason is recorded'}")
    return elapsed


def _final(storage: Storage, name: str, until: float) -> JobRecord:
    while time.monotonic() < until:
        record = read_record(storage, ocr_folder(BlobRef(DOCUMENTS, name)))
        if record is not None and record.final:
            return record
        time.sleep(_LOOK_SECONDS)
    raise SystemExit(f"{name} has no final record after {_GIVE_UP_SECONDS:.0f} s.")


def _misplaced(storage: Storage, name: str) -> int:
    """How many pages are missing, doubled or in another's place."""
    markdown = storage.read(BlobRef(RESULTS, f"{ocr_folder(BlobRef(DOCUMENTS, name))}/document.md")) or b""
    found = _PAGE.findall(markdown.decode())
    wanted = [(str(number), f"Page {number} of {_PAGES}") for number in range(1, _PAGES + 1)]
    in_place = [is_ for is_, should in zip(found, wanted, strict=False) if is_ == should]
    return max(len(found), _PAGES) - len(in_place)


if __name__ == "__main__":
    sys.exit(main())
