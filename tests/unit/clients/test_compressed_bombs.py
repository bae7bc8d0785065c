"""Compressed answers that would fill memory or disk when unpacked."""

import functools
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.clients.downloads import Downloads
from shared.errors import Incomplete, Invalid, TooLarge
from tests.servers import Script, answer, serving
from tests.unit.clients.calling import Caller

MIB = 1024 * 1024
BOMB_MIB = 200


@pytest.fixture
def traced() -> Iterator[Callable[[], int]]:
    """The most memory, in bytes, that Python objects have taken since the test began."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


@functools.cache
def bomb(status: int, wbits: int, encoding: str) -> Script:
    """An answer of 200 kB that unpacks to 200 MB."""
    packer = zlib.compressobj(9, wbits=wbits)
    packed = b"".join([*(packer.compress(bytes(MIB)) for _ in range(BOMB_MIB)), packer.flush()])
    return answer(status, packed, content_encoding=encoding)


def gzip(status: int) -> Script:
    """One that is packed once."""
    return bomb(status, 31, "gzip")


def deflate(status: int) -> Script:
    """One of the other kind."""
    return bomb(status, 15, "deflate")


@pytest.mark.parametrize("packed", [gzip, deflate])
def test_a_compressed_bomb_is_cut_off_at_the_limit(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, packed: Callable[[int], Script], traced: Callable[[], int]
) -> None:
    """The limit counts what is unpacked, and it is unpacked piece by piece."""
    monkeypatch.setattr("shared.clients.transport._LARGEST_ANSWER", 8 * MIB)
    with serving(packed(200)) as server, pytest.raises(TooLarge):
        caller.post(server, seconds=20)
    assert caller.to.stat().st_size <= 8 * MIB
    assert traced() < 8 * MIB


@pytest.mark.parametrize("packed", [gzip, deflate])
def test_a_bomb_in_an_error_is_an_error_still(
    caller: Caller, packed: Callable[[int], Script], traced: Callable[[], int]
) -> None:
    """No more of it is unpacked than is read."""
    with serving(packed(400)) as server, pytest.raises(Invalid):
        caller.post(server, seconds=20)
    assert traced() < 8 * MIB


@pytest.mark.parametrize("packed", [gzip, deflate])
def test_a_picture_that_is_a_bomb_is_cut_off_at_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: Callable[[int], Script], traced: Callable[[], int]
) -> None:
    """Storage can compress what it is told to."""
    monkeypatch.setattr("shared.clients.downloads._LARGEST", 8 * MIB)
    with serving(packed(200)) as server, pytest.raises(Incomplete, match="above 8 MB"):
        Downloads(server.url.removesuffix("/ocr"), 20).fetch(server.url, tmp_path / "to")
    assert (tmp_path / "to").stat().st_size <= 8 * MIB
    assert traced() < 8 * MIB
