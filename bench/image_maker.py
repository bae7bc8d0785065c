"""One way to have pictures made or edited, run in a process of its own, which tells how its memory grew.

`python -m bench.image_maker WAY SINK ANSWER [FILE ...]` edits the FILEs, or makes pictures when there are none, and
leaves what the sink answers. Before that it does the same with a tiny answer of the same kind and tiny files, so that
lazy imports, connections and buffers of the first call do not count.
"""

import base64
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.memory import from_here, peak
from bench.ocr_reader import account

PNG = b"\x89PNG\r\n\x1a\n"
_MODEL, _PROMPT = "gpt-image-2", "A lighthouse at dusk"
_SECONDS = 600.0


@dataclass(frozen=True)
class Order:
    """Pictures to be made, or the files to be edited, and the sink's answer to that."""

    sink: str
    answer: str
    files: Sequence[Path]

    @property
    def url(self) -> str:
        """The endpoint."""
        return f"{self.sink}/{self.answer}"

    @property
    def streamed(self) -> bool:
        """Whether the answer is a stream."""
        return self.answer.endswith("-event")


Maker = Callable[[Order, Path], None]
"""Has an order done and leaves the answer's pictures in storage or in a folder."""


def darkroom() -> Maker:
    """Darkroom's own client; the answer, and its pictures with where they came from, written to the sink as blobs."""
    from shared.clients.credentials import Key
    from shared.clients.images import ImageClient, ImageRequest
    from shared.clients.multipart import FormFile
    from shared.clients.transport import Transport
    from shared.names import LEDGER, RESULTS, BlobRef
    from shared.provenance import marked
    from shared.storage import Storage

    transport = Transport(Key("key"))

    def make(order: Order, folder: Path) -> None:
        client = ImageClient(order.url, "v1", "", transport, _SECONDS)
        storage = Storage.from_connection_string(account(order.url))
        fields = {"prompt": _PROMPT, **({"stream": True} if order.streamed else {})}
        given = [FormFile("image[]", file, "image/png") for file in order.files]
        request = ImageRequest("edit" if given else "generate", _MODEL, fields, given)
        answer = client.make(request, folder / "answer", lambda *_: None)
        storage.write(BlobRef(LEDGER, "image/answer.json"), folder / "answer", "application/json")
        pictures = [picture.path for picture in answer.pictures if picture.path]
        for number, picture in enumerate(pictures, 1):
            marked(picture, folder / "marked", {"Software": "Darkroom"})
            storage.write(BlobRef(RESULTS, f"images/job/{number}.png"), folder / "marked", "image/png")

    return make


def official_sdk() -> Maker:
    """The `openai` package, given paths."""
    return _official_sdk(lambda file: file)


def official_sdk_with_open_files() -> Maker:
    """The `openai` package, given open files."""
    return _official_sdk(lambda file: file.open("rb"))


def _official_sdk(given: Callable[[Path], Any]) -> Maker:
    from openai import OpenAI

    def answered(order: Order) -> Iterator[str | None]:
        client = OpenAI(api_key="key", base_url=f"{order.url}/openai/v1", timeout=_SECONDS, max_retries=0)
        if order.streamed:
            for event in client.images.generate(model=_MODEL, prompt=_PROMPT, stream=True):
                yield event.b64_json
            return
        if order.files:
            answer = client.images.edit(model=_MODEL, prompt=_PROMPT, image=[given(file) for file in order.files])
        else:
            answer = client.images.generate(model=_MODEL, prompt=_PROMPT)
        yield from (picture.b64_json for picture in answer.data or [])

    def make(order: Order, folder: Path) -> None:
        for number, picture in enumerate(answered(order), 1):
            (folder / f"{number}.png").write_bytes(base64.b64decode(picture or ""))

    return make


WAYS = {"darkroom": darkroom, "openai": official_sdk, "openai with open files": official_sdk_with_open_files}


def _make_once(make: Maker, order: Order) -> None:
    with tempfile.TemporaryDirectory() as folder:
        make(order, Path(folder))


def _warm_up(make: Maker, order: Order) -> None:
    with tempfile.NamedTemporaryFile(suffix=".png") as tiny:
        tiny.write(PNG)
        tiny.flush()
        answer = "picture-event" if order.streamed else "picture"
        _make_once(make, Order(order.sink, answer, [Path(tiny.name)] * len(order.files)))


def main(way: str, order: Order) -> int:
    """Warm up, have the pictures made or edited, and print the growth in bytes."""
    make = WAYS[way]()
    _warm_up(make, order)
    before = from_here()
    _make_once(make, order)
    sys.stdout.write(json.dumps({"growth": peak() - before}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Order(sys.argv[2], sys.argv[3], [Path(file) for file in sys.argv[4:]])))
