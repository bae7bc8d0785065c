"""The streamed request body is, byte for byte, what json.dumps would have made."""

import base64
import json
import tracemalloc
from pathlib import Path

import pytest

from shared.clients.body import FileInJson

CHUNK = 3 * 64 * 1024


def body(folder: Path, data: bytes, **around: object) -> FileInJson:
    """A body whose document is a file with these bytes."""
    path = folder / "file"
    path.write_bytes(data)
    content = {"model": "m", "document": {"type": "document_url", "document_url": FileInJson.HERE}, **around}
    return FileInJson(content, path, "application/pdf")


def dumped(data: bytes, **around: object) -> bytes:
    """The same body made in memory."""
    url = f"data:application/pdf;base64,{base64.b64encode(data).decode()}"
    return json.dumps({"model": "m", "document": {"type": "document_url", "document_url": url}, **around}).encode()


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 2])
def test_the_bytes_and_the_length_are_those_of_json_dumps(tmp_path: Path, size: int) -> None:
    """Pieces of base64 join without padding between them, and the promised length is kept."""
    data = bytes(number % 251 for number in range(size))

    made = body(tmp_path, data)

    assert b"".join(made) == dumped(data)
    assert len(made) == len(dumped(data))


def test_text_around_the_file_is_escaped_and_counted_in_bytes(tmp_path: Path) -> None:
    """Quotes, backslashes, umlauts and emoji beside the file stay what they are."""
    around = {"name": 'a "quoted" \\ name', "schema": {"title": "Straße 图 😀", "nul": "\0"}}

    made = body(tmp_path, b"data", **around)

    assert b"".join(made) == dumped(b"data", **around)
    assert len(made) == len(b"".join(made))


def test_a_body_can_be_sent_again(tmp_path: Path) -> None:
    """A second try sends the file from its start."""
    made = body(tmp_path, b"data" * 1000)

    assert list(made) == list(made)


def test_sending_holds_a_piece_and_not_the_file(tmp_path: Path) -> None:
    """Memory does not grow with the file: a body of 32 MB passes through less than two."""
    made = body(tmp_path, bytes(24 * 1024 * 1024))

    tracemalloc.start()
    sent = sum(len(piece) for piece in made)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sent == len(made)
    assert most < 2 * 1024 * 1024
