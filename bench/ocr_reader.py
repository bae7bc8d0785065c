"""One way to have a document read, run in a process of its own, which tells how its memory grew.

`python -m bench.ocr_reader WAY URL FILE TIMES` reads FILE so many times at once at URL, figures and all. Before
that it reads a tiny file once at the sink's small answer, so that lazy imports, connections and buffers of the
first call do not count.
"""

import base64
import json
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.memory import from_here, peak

Reader = Callable[[str, Path, Path], None]
"""Reads a file at a URL and leaves the figures in storage or in a folder."""

_MODEL = "mistral-document-ai-2512"
_SECONDS = 600.0


def darkroom() -> Reader:
    """Darkroom's own client and result files, written to the sink as blobs."""
    from shared.clients.credentials import Key
    from shared.clients.ocr import OcrClient, OcrRequest
    from shared.clients.transport import Transport
    from shared.pipelines.results import ResultFiles
    from shared.storage import Storage

    transport = Transport(Key("key"))

    def read(url: str, file: Path, folder: Path) -> None:
        client = OcrClient(f"{url}/v1/ocr", transport, _SECONDS)
        request = OcrRequest(_MODEL, file, "application/pdf", {"include_image_base64": True})
        answer, _ = client.read(request, folder / "answer.json")
        results = ResultFiles(Storage.from_connection_string(account(url)), "ocr/file", folder, {})
        for number, page in enumerate(answer.pages(), 1):
            results.add(number, page)
        results.close([])

    return read


def plain_requests() -> Reader:
    """The `requests` library with `json=` and `.json()`."""
    import requests

    session = requests.Session()

    def read(url: str, file: Path, folder: Path) -> None:
        content = {"model": _MODEL, "document": _document(file), "include_image_base64": True}
        answer = session.post(f"{url}/v1/ocr", json=content, timeout=_SECONDS).json()
        for page in answer["pages"]:
            for image in page["images"]:
                _write_figure(folder / image["id"], image["image_base64"])

    return read


def official_sdk() -> Reader:
    """The `mistralai` package's client for Azure."""
    from mistralai.azure.client import MistralAzure

    def read(url: str, file: Path, folder: Path) -> None:
        client = MistralAzure(api_key="key", server_url=url)
        answer = client.ocr.process(model=_MODEL, document=_document(file), include_image_base64=True)
        for page in answer.pages:
            for image in page.images:
                _write_figure(folder / image.id, str(image.image_base64))

    return read


WAYS = {"darkroom": darkroom, "requests": plain_requests, "mistralai": official_sdk}


def account(url: str) -> str:
    """The connection string by which the sink at this address takes blobs."""
    parts = urlsplit(url)
    address = f"{parts.scheme}://{parts.netloc}/account"
    return f"AccountName=account;AccountKey=a2V5;BlobEndpoint={address};QueueEndpoint={address};"


def _document(file: Path) -> Any:
    data = base64.b64encode(file.read_bytes()).decode()
    return {"type": "document_url", "document_url": f"data:application/pdf;base64,{data}"}


def _write_figure(path: Path, data_url: str) -> None:
    path.write_bytes(base64.b64decode(data_url.partition(",")[2]))


def _read_once(read: Reader, url: str, file: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        read(url, file, Path(folder))


def main(way: str, url: str, file: str, times: int) -> int:
    """Warm up, read, and print the growth in bytes."""
    read = WAYS[way]()
    with tempfile.NamedTemporaryFile() as tiny:
        tiny.write(b"%PDF-1.7\n")
        tiny.flush()
        _read_once(read, f"{url.rpartition('/')[0]}/small", Path(tiny.name))
    before = from_here()
    with ThreadPoolExecutor(times) as pool:
        list(pool.map(lambda _: _read_once(read, url, Path(file)), range(times)))
    sys.stdout.write(json.dumps({"growth": peak() - before}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
