"""The emulator as a process: listens, says where, and ends at once when told to."""

import contextlib
import json
import logging
import os
import signal
import socket
import struct
from asyncio import Transport
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

_GRACE_SECONDS = 1
# As long as a load balancer would keep it, so that pooled connections do not die between two calls.
_IDLE_SECONDS = 75
_BACKLOG = 2048
_log = logging.getLogger("darkroom.foundry")


async def serve(app: Starlette, host: str, port: int, ready_file: Path | None) -> None:
    """Serve until SIGTERM or SIGINT; writes `{"pid", "url"}` to the ready file as soon as it listens.

    Raises OSError when the address cannot be bound.
    """
    listener = socket.create_server((host, port), backlog=_BACKLOG)
    url = f"http://{host}:{listener.getsockname()[1]}"
    await _Server(app, url, ready_file).serve(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, app: Starlette, url: str, ready_file: Path | None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_Connection,
                ws="none",
                log_config=None,
                access_log=False,
                timeout_keep_alive=_IDLE_SECONDS,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        # An answer that is cut on request looks like a broken app to uvicorn; the gateway logs what matters.
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
        self._url = url
        self._ready_file = ready_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._ready_file:
            _write_whole(self._ready_file, json.dumps({"pid": os.getpid(), "url": self._url}) + "\n")
        _log.info("the Foundry emulator listens on %s", self._url)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own version raises the signal again after a clean end, which would turn success into a failure.
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self.handle_exit)
        yield


class _Connection(H11Protocol):
    """A connection that the app can reset, through `request.state.reset_connection()`."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as in the parent class
        super().connection_made(transport)
        self.app_state = {**self.app_state, "reset_connection": self._reset}

    def _reset(self) -> None:
        wire = cast(Any, self.transport.get_extra_info("socket"))
        # Closing with a linger time of zero sends RST instead of FIN.
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


def _write_whole(path: Path, text: str) -> None:
    draft = path.with_name(path.name + ".draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
