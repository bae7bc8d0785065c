"""Server-sent events, each spooled to disk as it arrives; one data line may have megabytes."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from shared.errors import Unavailable

_LARGEST_EVENT = 128 * 1024 * 1024
_DONE = b"[DONE]"
_FIELD = b"data:"


def events(pieces: Iterable[bytes], path: Path) -> Iterator[Path]:
    """The data of each event of a stream, in the file `path`, until the stream ends or says `[DONE]`.

    The file is written anew for each event; what is to be kept of one is moved away before the next is asked for.

    Raises:
        Unavailable: an event is above 128 MB.
    """
    with path.open("w+b") as file:
        event = _Event(file)
        for line, ended in _lines(pieces):
            if event.feed(line, ended=ended):
                if event.is_done():
                    return
                yield path
                event = _Event(file)
        if event.finish() and not event.is_done():  # some gateways forget the last empty line
            yield path


def _lines(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Lines in pieces, each with whether its line ends with it."""
    for piece in pieces:
        *whole, rest = piece.split(b"\n")
        for line in whole:
            yield line, True
        if rest:
            yield rest, False


class _Event:
    """One event while it arrives."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._file.seek(0)
        self._file.truncate()
        self._head: bytes | None = b""  # the beginning of a line, until its field is known
        self._is_data = False
        self._size = 0

    def feed(self, line: bytes, *, ended: bool) -> bool:
        """Take a piece of a line; True when the event is whole."""
        if self._head is None:
            self._write(line)
        else:
            self._head += line
            if len(self._head) > len(_FIELD) or ended:
                head, self._head = self._head, None
                if ended and not head.strip(b"\r"):
                    self._head = b""
                    return self.finish()
                self._begin(head)
        if ended:
            self._head = b""
        return False

    def finish(self) -> bool:
        """The event is whole as it is; whether it has data."""
        self._file.flush()
        return self._size > 0

    def is_done(self) -> bool:
        """Whether it only says that the stream is over."""
        if self._size > len(_DONE) + 4:
            return False
        self._file.seek(0)
        return self._file.read().strip() == _DONE

    def _begin(self, head: bytes) -> None:
        self._is_data = head.startswith(_FIELD)
        if self._is_data and self._size:
            self._write(b"\n")
        self._write(head.removeprefix(_FIELD).removeprefix(b" "))

    def _write(self, data: bytes) -> None:
        if not self._is_data:
            return
        self._size += len(data)
        if self._size > _LARGEST_EVENT:
            raise Unavailable("The model's stream has an event without an end.")
        self._file.write(data)
