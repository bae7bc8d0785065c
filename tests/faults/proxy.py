"""A way to storage that can fail: between the app and Azurite, busy or cutting connections when it is told to."""

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Coroutine
from typing import Any, Literal, Self

Mood = Literal["open", "busy", "cutting"]
_BUSY = b"HTTP/1.1 503 Server Busy\r\nx-ms-error-code: ServerBusy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_PIECE = 64 * 1024
_LONGEST_CUT = 2000  # bytes of answers that a connection lets through before it is cut


class Proxy:
    """Passes bytes on to a port of this machine, in a thread of its own; a context manager.

    Whenever the mood changes, all connections are cut. `busy` answers every request with 503, `cutting` ends each
    connection after some bytes of answers; `struck` counts both.
    """

    def __init__(self, target: int, draw: random.Random) -> None:
        self._target, self._draw = target, draw
        self._mood: Mood = "open"
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.struck: Counter[Mood] = Counter()
        self.port = 0

    def turn(self, mood: Mood) -> None:
        """Change the mood."""
        self._run(self._turn(mood))

    def __enter__(self) -> Self:
        """Listen on a free port."""
        self._thread.start()
        self.port = self._run(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        """Cut all connections and listen no more."""
        self._run(self._turn("busy"))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> int:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(server.sockets[0].getsockname()[1])

    async def _turn(self, mood: Mood) -> None:
        self._mood = mood
        for writer in list(self._open):
            _reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await (self._refuse(reader, writer) if self._mood == "busy" else self._pass_on(reader, writer))
        finally:
            self._open.discard(writer)
            _reset(writer)

    async def _refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer 503 when the request is whole: a client that is still sending would not see an answer."""
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        _, _, length = head.partition(b"content-length:")
        left = int(length.split(b"\r\n")[0] or b"0")
        while left > 0 and (piece := await reader.read(_PIECE)):
            left -= len(piece)
        self.struck["busy"] += 1
        writer.write(_BUSY)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, storage = await asyncio.open_connection("127.0.0.1", self._target)
        limit = self._draw.randrange(_LONGEST_CUT) if self._mood == "cutting" else None
        asking = asyncio.create_task(_copy(reader, storage, None))
        asking.add_done_callback(lambda _: storage.transport.abort())
        try:
            await _copy(answers, writer, limit)
            if limit is not None:
                self.struck["cutting"] += 1
                return
            writer.close()
            await writer.wait_closed()
        finally:
            asking.cancel()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with a TCP reset: half of the headers before an orderly end would pass for all."""
    with contextlib.suppress(OSError):
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int | None) -> None:
    """Pass bytes on, at most so many, until one side ends."""
    with contextlib.suppress(OSError):
        while piece := await reader.read(_PIECE if limit is None else min(limit, _PIECE)):
            writer.write(piece)
            await writer.drain()
            limit = None if limit is None else limit - len(piece)
