"""A loopback HTTP server that follows scripts: what it answers, how slowly, and where it breaks off."""

import itertools
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Script = Callable[["Exchange"], None]


@dataclass(frozen=True)
class Request:
    """What a client sent; header names are in lower case."""

    line: str
    headers: Mapping[str, str]
    body: bytes


class Exchange:
    """One connection, as a script sees it."""

    def __init__(self, connection: socket.socket, server: "Server") -> None:
        self._connection = connection
        self._server = server

    def receive(self) -> None:
        """Read the whole request and keep it in `Server.requests`."""
        with self._connection.makefile("rb") as file:
            line = file.readline().decode().strip()
            pairs = iter(lambda: file.readline().decode("latin-1").strip(), "")
            headers = {name.lower(): value.strip() for name, _, value in (pair.partition(":") for pair in pairs)}
            body = file.read(int(headers.get("content-length", "0")))
        self._server.requests.append(Request(line, headers, body))

    def receive_slowly(self, size: int, every: float) -> None:
        """Read so many bytes at a time, with a pause between them, until the client gives up."""
        while self._connection.recv(size):
            if self._server.stopped.wait(every):
                return

    def send(self, pieces: Iterable[bytes], every: float = 0.0) -> None:
        """Send the pieces, with a pause in seconds behind each."""
        for piece in pieces:
            self._connection.sendall(piece)
            if self._server.stopped.wait(every):
                return

    def hang(self) -> None:
        """Say nothing more until the test is over."""
        self._server.stopped.wait()

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@dataclass
class Server:
    """Follows its scripts, one a connection, the last one for all connections that come after."""

    scripts: list[Script]
    requests: list[Request] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    tls: ssl.SSLContext | None = None

    def serve(self, listener: socket.socket) -> None:
        """Take connections until the listener is closed."""
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
                threading.Thread(target=self._follow, args=(script, connection), daemon=True).start()

    def _follow(self, script: Script, connection: socket.socket) -> None:
        with connection, suppress(OSError):  # a client that gives up closes its end
            secured = self.tls.wrap_socket(connection, server_side=True) if self.tls else connection
            with secured:
                script(Exchange(secured, self))


@contextmanager
def serving(*scripts: Script, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server on a free port of the loopback, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        scheme = "https" if tls else "http"
        server = Server(list(scripts), url=f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/ocr", tls=tls)
        threading.Thread(target=server.serve, args=(listener,), daemon=True).start()
        try:
            yield server
        finally:
            server.stopped.set()
            listener.shutdown(socket.SHUT_RDWR)


def head(status: int = 200, **headers: str) -> bytes:
    """The head of an answer; underscores in header names stand for hyphens."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in {"connection": "close", **headers}.items()]
    return "\r\n".join([f"HTTP/1.1 {status} Said", *lines, "", ""]).encode()


def answer(status: int = 200, body: bytes = b"{}", **headers: str) -> Script:
    """Read the request, then answer it whole."""
    return sends([head(status, content_length=str(len(body)), **headers), body])


def sends(pieces: Iterable[bytes], every: float = 0.0, *, then: Script | None = None) -> Script:
    """Read the request, send these bytes with a pause behind each piece, then follow another script or close."""

    def script(exchange: Exchange) -> None:
        exchange.receive()
        exchange.send(pieces, every)
        if then:
            then(exchange)

    return script


def endless(status: int = 200) -> Script:
    """Read the request, then send chunks until the client gives up."""
    chunks = itertools.repeat(b"10000\r\n" + bytes(0x10000) + b"\r\n")
    return sends([head(status, transfer_encoding="chunked")], then=lambda exchange: exchange.send(chunks))
