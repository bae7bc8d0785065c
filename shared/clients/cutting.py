"""Connections that are cut when a deadline is over, wherever the call stands then.

Timeouts of sockets count silence only: a peer that sends a byte now and then, in its headers or between its chunks,
keeps a call alive for ever. So a timer shuts the call's socket down, and the read that hangs on it ends at once.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_thread = threading.local()


class _Call:
    """One call: the socket that it goes over, once there is one."""

    def __init__(self) -> None:
        self.socket: socket.socket | None = None

    def cut(self) -> None:
        if self.socket is not None:
            with suppress(OSError):  # it has ended by itself
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)


class _Connection(HTTPConnection):
    def request(self, *args: Any, **options: Any) -> None:
        _take(self)
        super().request(*args, **options)


class _SecureConnection(HTTPSConnection):
    def request(self, *args: Any, **options: Any) -> None:
        _take(self)
        super().request(*args, **options)


def _take(connection: HTTPConnection) -> None:
    if connection.sock is None:
        connection.connect()
    call: _Call | None = getattr(_thread, "call", None)
    if call is not None:
        call.socket = connection.sock


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Pool, "https": _SecurePool}


class CuttableAdapter(HTTPAdapter):
    """Mount it on a session whose calls are made within `cut_after`."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools of connections."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        """Make the pools of connections through a proxy."""
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager


@contextmanager
def cut_after(seconds: float) -> Iterator[None]:
    """Cut the call that this thread makes in the block when it lasts longer; the call ends with a connection error."""
    call = _thread.call = _Call()
    timer = threading.Timer(seconds, call.cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        _thread.call = None
