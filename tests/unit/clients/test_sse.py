"""Server-sent events: read as they arrive, however they are cut, and bounded."""

import json
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.clients.sse import events
from shared.errors import Unavailable

MIB = 1024 * 1024


ONE_FILE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it is written anew each time


def read(pieces: Iterable[bytes], folder: Path) -> list[bytes]:
    """The data of every event."""
    return [event.read_bytes() for event in events(pieces, folder / "event")]


def values(pieces: Iterable[bytes], folder: Path) -> list[Any]:
    """The value of every event."""
    return [json.loads(data) for data in read(pieces, folder)]


def sent(*objects: dict[str, Any], line_end: str = "\n") -> bytes:
    """A stream as the service sends it, each event with its name."""
    return "".join(
        f"event: {o.get('type', 'x')}{line_end}data: {json.dumps(o)}{line_end}{line_end}" for o in objects
    ).encode()


def cut(stream: bytes, places: list[int]) -> Iterator[bytes]:
    """The stream in pieces that end at these places."""
    ends = sorted(place % (len(stream) + 1) for place in places)
    for start, end in zip([0, *ends], [*ends, len(stream)], strict=True):
        yield stream[start:end]


TYPICAL: list[dict[str, Any]] = [
    {"type": "image_generation.partial_image", "b64_json": "iVBORw0KGgo=", "partial_image_index": 0},
    {"type": "image_generation.completed", "b64_json": "ü\n\n\r\n data: {}", "usage": {"total_tokens": 1}},
]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@ONE_FILE
@given(places=st.lists(st.integers(0, 10_000), max_size=40))
def test_a_stream_gives_the_same_events_wherever_it_is_cut(tmp_path: Path, line_end: str, places: list[int]) -> None:
    """Networks cut between any two bytes: within a letter, a line end, an event."""
    stream = b": a comment\n\n" + sent(*TYPICAL, line_end=line_end) + b"data: [DONE]\n\n"

    assert values(cut(stream, places), tmp_path) == TYPICAL


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_stream_that_comes_byte_by_byte_is_read_as_well(tmp_path: Path, line_end: str) -> None:
    """The worst cut of all."""
    stream = sent(*TYPICAL, line_end=line_end)

    assert values((bytes([byte]) for byte in stream), tmp_path) == TYPICAL


def test_an_event_is_given_as_soon_as_it_is_whole(tmp_path: Path) -> None:
    """A partial image is shown while the next one is still being drawn."""

    def endless() -> Iterator[bytes]:
        yield sent({"number": 1})
        raise AssertionError("The event was there, and more was read.")

    assert json.loads(next(events(endless(), tmp_path / "event")).read_bytes()) == {"number": 1}


def test_data_lines_of_megabytes_are_read_in_small_pieces(tmp_path: Path) -> None:
    """One picture is one line; reading it must not look at its beginning again with every piece."""
    big = {"b64_json": "A" * (12 * MIB)}
    stream = sent(big, big)

    assert values((stream[at : at + 4096] for at in range(0, len(stream), 4096)), tmp_path) == [big, big]


def test_what_comes_after_done_is_not_read(tmp_path: Path) -> None:
    """The mark ends the stream."""
    assert values([sent({"a": 1}), b"data: [DONE]\n\n", b"data: nonsense\n\n"], tmp_path) == [{"a": 1}]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_the_last_event_counts_though_its_empty_line_is_missing(tmp_path: Path, end: bytes) -> None:
    """Some gateways forget it, and the picture in it is paid for."""
    assert values([b'data: {"a": 1}' + end], tmp_path) == [{"a": 1}]


def test_lines_that_are_no_data_are_passed_over(tmp_path: Path) -> None:
    """Comments that keep the connection open, ids, names, and fields nobody knows."""
    stream = b': ping\n\nid: 7\nretry: 10\nevent: x\nother\n\ndata:{"a": 1}\nid: 8\n\n: ping\n\n'

    assert values([stream], tmp_path) == [{"a": 1}]


def test_data_in_several_lines_is_one_event(tmp_path: Path) -> None:
    """As the standard has it."""
    assert values([b'data: {"a":\ndata: 1}\n\n'], tmp_path) == [{"a": 1}]


@pytest.mark.parametrize("stream", [b"", b"\n\n\n\n", b": ping\n\n", b"data:\n\n", b"data: [DONE]\n\n"])
def test_a_stream_without_events_gives_none(tmp_path: Path, stream: bytes) -> None:
    """Silence is no fault of the reader."""
    assert read([stream], tmp_path) == []


@pytest.mark.parametrize("size", [MIB - 1, MIB])
def test_an_event_leaves_nothing_of_the_one_before_it(tmp_path: Path, size: int) -> None:
    """A short event after a long one is short."""
    stream = b"data: " + b"1" * size + b"\n\ndata: 2\n\n"

    assert read([stream], tmp_path) == [b"1" * size, b"2"]


@pytest.mark.parametrize("beginning", [b": ", b"id: ", b"x"])
def test_a_line_without_an_end_that_is_no_data_is_passed_over(tmp_path: Path, beginning: bytes) -> None:
    """However long, it is neither in memory nor on disk."""
    pieces = [beginning, *[b"y" * 64 * 1024] * 512, b"\n", b"data: 1\n\n"]
    tracemalloc.start()
    try:
        assert read(pieces, tmp_path) == [b"1"]
        assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    finally:
        tracemalloc.stop()


def test_an_event_without_an_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream cannot fill the memory."""
    monkeypatch.setattr("shared.clients.sse._LARGEST_EVENT", MIB)
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield b"data: "
        while True:
            taken += 64 * 1024
            yield bytes(64 * 1024)

    with pytest.raises(Unavailable, match="without an end"):
        read(endless(), tmp_path)
    assert taken <= MIB + 128 * 1024
