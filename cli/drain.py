"""`darkroom drain`: what lies in a queue, and emptying it by hand without losing anything by accident."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cli.account import answering
from cli.errors import CommandError, WrongUseError
from cli.outcome import counted
from cli.results import safe_path
from cli.showing import in_json, in_words, on_stdout
from cli.status import POISON
from cli.times import age
from shared.names import QUEUES
from shared.queues import Waiting
from shared.services import utc_now
from shared.storage import Storage

_HIDDEN_SECONDS = 300  # for a message whose file cannot be written: until then nobody else sees it


def checked(storage: Storage, queue: str, *, empties: bool, any_queue: bool) -> None:
    """Make sure that there is such a queue, and that it may be emptied.

    Raises:
        WrongUseError: there is none, or jobs that wait would be lost.
        UnreachableError: the storage account cannot be worked with.
    """
    if empties and not any_queue and not queue.endswith(POISON):
        raise WrongUseError(f"{queue} is no poison queue: jobs wait in it. With --any it is emptied all the same.")
    with answering():
        missing = storage.depth(queue) is None
    if missing:
        raise WrongUseError(f"There is no queue {queue}; those of Darkroom are {', '.join(QUEUES)}.")


class Drain:
    """What is done with the messages of one queue, each told as it is done."""

    def __init__(self, storage: Storage, queue: str, *, bodies: bool, as_json: bool) -> None:
        self._storage = storage
        self._name = queue
        self._queue = storage.queue(queue)
        self._bodies = bodies
        self._as_json = as_json

    def show(self) -> None:
        """Tell of the first messages; they stay as they are.

        Raises:
            UnreachableError: the storage account cannot be worked with.
        """
        with answering():
            seen = self._queue.peek()
            depth = self._storage.depth(self._name) or 0
        for message in seen:
            self._tell(message)
        others = " The others come after these, or are hidden." if depth > len(seen) else ""
        in_words(f"{len(seen)} shown of about {depth} in {self._name}.{others}")

    def save(self, folder: Path) -> None:
        """Write every message to a file of its own, and delete it from the queue once it is there.

        Raises:
            CommandError: a file cannot be written; its message comes back after five minutes.
            UnreachableError: the storage account cannot be worked with.
        """

        def keep(message: Waiting) -> Path:
            try:
                return _written(folder, message)
            except OSError as error:
                raise CommandError(f"The folder {folder} cannot be written to: {error.strerror}.") from None

        self._empty(keep)

    def delete(self) -> None:
        """Delete every message.

        Raises:
            UnreachableError: the storage account cannot be worked with.
        """
        self._empty(lambda message: None)

    def _empty(self, keep: Callable[[Waiting], Path | None]) -> None:
        done = 0
        with answering():
            for message in self._queue.take(_HIDDEN_SECONDS):
                kept = keep(message)
                self._queue.remove(message)
                self._tell(message, kept)
                done += 1
            left = self._storage.depth(self._name) or 0
        hidden = f" About {left} are left: hidden, because somebody works on them or they wait." if left else ""
        in_words(f"{done} taken out of {self._name}.{hidden}")

    def _tell(self, message: Waiting, kept: Path | None = None) -> None:
        if self._as_json:
            in_json(fields(message, kept) | ({"body": _text(message)} if self._bodies else {}))
            return
        if kept is not None:
            on_stdout(str(kept))
        old = age((utc_now() - message.inserted).total_seconds())
        about = about_of(message.body) or "names no job"
        times = counted(message.deliveries, "time")
        in_words(f"{message.id}  {old:<9}delivered {times}, {len(message.body):,} bytes  {about}")
        if self._bodies:
            in_words(*(f"  {line}" for line in _text(message).splitlines()))


def fields(message: Waiting, kept: Path | None) -> dict[str, Any]:
    """What is said of a message, as JSON has it; `kept` is its file."""
    return {
        "id": message.id,
        "inserted_at": message.inserted.isoformat(),
        "deliveries": message.deliveries,
        "bytes": len(message.body),
        "about": about_of(message.body),
        "saved": str(kept) if kept else None,
    }


def about_of(body: bytes) -> str | None:
    """The job, document or blob that a message names; None when it is no message."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    return next(iter(_names(content)), None)


def _names(content: dict[str, Any]) -> Iterator[str]:
    for key in ("job_id", "document"):
        if isinstance(content.get(key), str):
            yield content[key]
    container, name = content.get("ContainerName"), content.get("BlobName")
    if isinstance(container, str) and isinstance(name, str):
        yield f"{container}/{name}"


def _text(message: Waiting) -> str:
    return message.body.decode("utf-8", errors="replace")


def _written(folder: Path, message: Waiting) -> Path:
    """The file of a message, on the disk for good before the message is deleted."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / safe_path(f"{message.id}.json")
    with path.open("wb") as file:
        file.write(message.body)
        file.flush()
        os.fsync(file.fileno())
    return path
