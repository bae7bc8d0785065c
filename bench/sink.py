"""A server on this machine that takes whatever is sent, keeps none of it, and gives answers of a known size.

POST below `/small` answers one page with a tiny figure, below `/large` forty pages with a figure of 1 MB each; below
`/picture` one tiny picture, below `/pictures` ten of 4 MB each, below `/picture-event` and `/pictures-event` a stream
with one picture, tiny or of 4 MB. PUT is a blob that is written. The server runs in threads of its caller, whose memory
is not what is measured.
"""

import base64
import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_PIECE = 1024 * 1024
_MIB = 1024 * 1024
_USAGE = {
    "input_tokens": 0,
    "output_tokens": 0,
    "total_tokens": 0,
    "input_tokens_details": {"text_tokens": 0, "image_tokens": 0},
}


def _answer(pages: int, figure_bytes: int) -> bytes:
    usage = {"pages_processed": pages, "doc_size_bytes": 0}
    told = [_page(index, figure_bytes) for index in range(pages)]
    return json.dumps({"model": "sink", "pages": told, "usage_info": usage, "document_annotation": None}).encode()


def _page(index: int, figure_bytes: int) -> dict[str, Any]:
    picture = b"\xff\xd8\xff" + random.Random(index).randbytes(figure_bytes)  # noqa: S311 - filler, no secret
    name = f"img-{index}.jpeg"
    corners = {"top_left_x": 0, "top_left_y": 0, "bottom_right_x": 100, "bottom_right_y": 100}
    figure = {"id": name, **corners, "image_base64": f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"}
    return {
        "index": index,
        "markdown": f"Page {index + 1}\n\n![{name}]({name})",
        "images": [figure],
        "dimensions": {"dpi": 200, "height": 2200, "width": 1700},
    }


def _pictures(count: int, size: int) -> bytes:
    data = [_picture(seed, size) for seed in range(count)]
    return json.dumps({"created": 0, "data": data, "usage": _USAGE}).encode()


def _picture_event(size: int) -> bytes:
    kind = "image_generation.completed"
    data = {"type": kind, **_picture(0, size), "created_at": 0, "usage": _USAGE}
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


def _picture(seed: int, size: int) -> dict[str, str]:
    content = b"\x89PNG\r\n\x1a\n" + random.Random(seed).randbytes(size - 8)  # noqa: S311 - filler, no secret
    return {"b64_json": base64.b64encode(content).decode()}


ANSWERS = {
    "small": _answer(1, 100),
    "large": _answer(40, _MIB),
    "picture": _pictures(1, 100),
    "pictures": _pictures(10, 4 * _MIB),
    "picture-event": _picture_event(100),
    "pictures-event": _picture_event(4 * _MIB),
}


class _Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self._drain()
        answer = self.path.split("/")[1]
        kind = "text/event-stream" if answer.endswith("-event") else "application/json"
        self._reply(200, ANSWERS[answer], {"Content-Type": kind})

    def do_PUT(self) -> None:
        self._drain()
        self._reply(201, b"", {"ETag": '"1"', "Last-Modified": self.date_time_string()})

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _drain(self) -> None:
        left, piece = int(self.headers["Content-Length"]), memoryview(bytearray(_PIECE))
        while left and (got := self.rfile.readinto(piece[:left])):
            left -= got

    def _reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def sink() -> Iterator[str]:
    """Serve while the block runs; the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Sink) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
