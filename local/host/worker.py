"""The worker: the process that imports the function app and runs it. Started by the host with `python -m
local.host.worker`.

Synchronous functions run in a pool of threads, asynchronous ones on one loop. What comes while all threads are
busy waits here, with its timeout already running in the host, as in the real worker.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from local.host import library
from local.host.indexing import CannotLoad, Indexed, load_app
from local.host.protocol import Invocation, Loaded, NotLoaded, Result

_TRACE_LINES = 12
_current = contextvars.ContextVar("invocation", default="-")


class Worker:
    """Answers invocations that come over the pipe until the host closes it."""

    def __init__(self, pipe: Connection, functions: list[Indexed], folder: Path) -> None:
        self._pipe, self._folder = pipe, folder
        self._functions = {function.name: function for function in functions}
        self._threads = ThreadPoolExecutor(thread_count(), "function")
        self._writing = threading.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Run every invocation that arrives; return when the host closes the pipe."""
        loop = asyncio.get_running_loop()
        inbox: asyncio.Queue[Invocation | None] = asyncio.Queue()
        threading.Thread(target=self._listen, args=(loop, inbox), daemon=True).start()
        while (invocation := await inbox.get()) is not None:
            task = asyncio.create_task(self._answer(invocation))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _listen(self, loop: asyncio.AbstractEventLoop, inbox: asyncio.Queue[Invocation | None]) -> None:
        try:
            while True:
                loop.call_soon_threadsafe(inbox.put_nowait, self._pipe.recv())
        except (EOFError, OSError):
            loop.call_soon_threadsafe(inbox.put_nowait, None)

    async def _answer(self, invocation: Invocation) -> None:
        _current.set(invocation.id)
        try:
            result = await self._run(self._functions[invocation.function], invocation)
        except Exception as error:  # noqa: BLE001  whatever user code raises is the outcome of the invocation
            result = Result(invocation.id, f"{type(error).__name__}: {error}", _end_of_traceback(error))
        with self._writing:
            self._pipe.send(result)

    async def _run(self, function: Indexed, invocation: Invocation) -> Result:
        arguments = {function.parameter: _decode(function, invocation)}
        if function.wants_context:
            arguments["context"] = library.Context(invocation.id, function.name, str(self._folder))
        returned = await self._call(function.call, invocation.id, arguments)
        if function.returns:
            return Result(invocation.id, reply=library.http_reply(returned))
        if returned is not None:
            raise RuntimeError(f"function {function.name} returned a value, but has no $return binding to take it")
        return Result(invocation.id)

    async def _call(self, function: Callable[..., Any], invocation: str, arguments: dict[str, Any]) -> Any:
        if inspect.iscoroutinefunction(function):
            return await function(**arguments)

        def in_thread() -> Any:
            library.THREAD.invocation_id = invocation
            return function(**arguments)

        here = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._threads, here.run, in_thread)


def _decode(function: Indexed, invocation: Invocation) -> Any:
    if function.annotation in (str, bytes):
        return invocation.value.data
    value = library.datum(invocation.value)
    metadata = {name: library.datum(part) for name, part in invocation.metadata.items()}
    converter = library.converter(function.trigger["type"], function.deferred)
    if function.deferred:
        return converter.decode(value, trigger_metadata=metadata, pytype=function.annotation)
    return converter.decode(value, trigger_metadata=metadata)


def thread_count() -> int | None:
    """Read PYTHON_THREADPOOL_THREAD_COUNT as the real worker does: anything but a whole number from 1 on means
    Python's default.

    That default (None) is min(32, processors + 4).
    """
    text = os.environ.get("PYTHON_THREADPOOL_THREAD_COUNT", "")
    return int(text) if text.isdecimal() and int(text) > 0 else None


def _end_of_traceback(error: BaseException) -> str:
    lines = "".join(traceback.format_exception(error)).rstrip().splitlines()
    return "\n".join(lines[-_TRACE_LINES:])


def _load(folder: Path) -> list[Indexed] | NotLoaded:
    try:
        return load_app(folder)
    except CannotLoad as error:
        return NotLoaded(str(error), "")
    except (Exception, SystemExit) as error:  # noqa: BLE001  an app may fail in any way while it is imported
        sentence = f"The function app in {folder} cannot be loaded: {type(error).__name__}: {error}"
        return NotLoaded(sentence, _end_of_traceback(error))


class _InvocationFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.invocation = _current.get()[:8]
        return True


def _set_up_logging() -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(_InvocationFilter())
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s [%(invocation)s] %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("azure").setLevel(logging.WARNING)


def main() -> None:
    """Index the app, tell the host, then serve until it closes the pipe."""
    pipe, folder = Connection(int(sys.argv[1])), Path(sys.argv[2])
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C in a terminal reaches the host too, and the host ends its worker
    _set_up_logging()
    loaded = _load(folder)
    if isinstance(loaded, NotLoaded):
        pipe.send(loaded)
        return
    pipe.send(Loaded(tuple(function.public for function in loaded)))
    asyncio.run(Worker(pipe, loaded, folder).serve())
    sys.stdout.flush()
    os._exit(0)  # a function that still runs must not hold the process: the host is gone or has waited long enough


if __name__ == "__main__":
    main()
