"""Answers with pictures on disk: read one picture at a time, and never half."""

import base64
import json
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.clients.image_answer import ImageAnswer
from shared.errors import DarkroomError, TooLarge, Unavailable
from shared.messages import ImageUsage
from tests.fakes import small_png

MIB = 1024 * 1024
ONE = {"b64_json": base64.b64encode(small_png()).decode()}
USAGE = {
    "total_tokens": 100,
    "input_tokens": 50,
    "output_tokens": 40,
    "input_tokens_details": {"text_tokens": 10, "image_tokens": 30},
}


def read(path: Path, told: Any) -> ImageAnswer:
    """Read an answer, given as its value or its bytes."""
    path.write_bytes(told if isinstance(told, bytes) else json.dumps(told).encode())
    return ImageAnswer.read(path)


def files(answer: ImageAnswer) -> list[bytes]:
    """The pictures of an answer that has them all."""
    assert all(picture.path for picture in answer.pictures)
    return [picture.path.read_bytes() for picture in answer.pictures if picture.path]


def test_pictures_and_what_was_counted_are_read(tmp_path: Path) -> None:
    """With everything else that services like to add."""
    told = {
        "created": 1,
        "background": "opaque",
        "data": [ONE, {**ONE, "revised_prompt": "R"}],
        "usage": USAGE,
        "x": [{}],
    }

    answer = read(tmp_path / "a", told)

    assert answer.usage == ImageUsage(text_in=10, image_in=30, out=40)
    assert files(answer) == [small_png(), small_png()]
    assert [picture.revised_prompt for picture in answer.pictures] == [None, "R"]


def test_the_order_of_the_keys_does_not_matter(tmp_path: Path) -> None:
    """Usage may stand before the pictures."""
    assert read(tmp_path / "a", {"usage": USAGE, "data": [ONE]}).usage.out == 40


def test_a_picture_may_be_an_address(tmp_path: Path) -> None:
    """As DALL·E gives it, with its filter results beside it."""
    item = {"url": "https://x/a.png", "revised_prompt": "R", "content_filter_results": {"hate": {"filtered": False}}}

    [picture] = read(tmp_path / "a", {"created": 1, "data": [item]}).pictures

    assert (picture.path, picture.url, picture.revised_prompt) == (None, "https://x/a.png", "R")


@pytest.mark.parametrize(
    "usage",
    [None, {}, 7, [], {"output_tokens": "4"}, {"output_tokens": -1}, {"output_tokens": True}, {"output_tokens": 1.5},
     {"input_tokens_details": None}, {"input_tokens_details": [1]}],
)  # fmt: skip
def test_a_count_that_is_none_is_unknown(tmp_path: Path, usage: Any) -> None:
    """A bill made of nonsense is worse than none."""
    assert read(tmp_path / "a", {"data": [ONE], "usage": usage}).usage == ImageUsage()


@pytest.mark.parametrize(
    "told",
    [b"", b"null", b"7", b'"x"', b"[]", b"{}", b"not json", b"\xff\xfe", b'{"data": []}', b'{"data": null}',
     b'{"data": [null]}', b'{"data": {}}', b'{"data": [{"b64_json": "iVBO', b'{"data": [{"b64_json": "aa=="}]',
     b"[" * 100_000, b'{"data": [{"b64_json": "\xff"}]}', b"<html>busy</html>",
     b'{"data": [{"b64_json": "iV%O"}]}',
     b'{"data": [{"b64_json": "iVBO\\nRw0K"}]}', b'{"data": [{"b64_json": "%%%%"}]}'],
    ids=repr,
)  # fmt: skip
def test_an_answer_that_is_none_is_unavailable(tmp_path: Path, told: bytes) -> None:
    """`null`, a cut, a gateway's page, and an answer without a picture."""
    with pytest.raises(Unavailable):
        read(tmp_path / "a", told)


def test_an_answer_cut_at_any_place_is_unavailable(tmp_path: Path) -> None:
    """Half a picture is no picture."""
    whole = json.dumps({"created": 1, "data": [ONE], "usage": USAGE}).encode()

    for end in range(0, len(whole)):
        with pytest.raises(Unavailable):
            read(tmp_path / "a", whole[:end])


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" ,\r\n\t", "\n: \t")])
def test_white_space_in_an_answer_does_not_matter(
    tmp_path: Path, indent: int | None, separators: tuple[str, str]
) -> None:
    """Compact or pretty: services write both."""
    told = json.dumps({"created": 1, "data": [ONE, ONE], "usage": USAGE}, indent=indent, separators=separators)

    assert files(read(tmp_path / "a", told.encode())) == [small_png(), small_png()]


def test_slashes_may_be_escaped(tmp_path: Path) -> None:
    """As some encoders of JSON do."""
    picture = b"\xff\xff\xff" * 1000

    told = json.dumps({"data": [{"b64_json": base64.b64encode(picture).decode()}]}).replace("/", "\\/")

    assert files(read(tmp_path / "a", told.encode())) == [picture]


def test_the_last_event_of_a_stream_is_an_answer_with_one_picture(tmp_path: Path) -> None:
    """It is kept as it came."""
    event = {"type": "image_generation.completed", **ONE, "created_at": 1, "usage": USAGE}

    answer = read(tmp_path / "a", event)

    assert (files(answer), answer.usage.out) == ([small_png()], 40)


@pytest.mark.parametrize("key", ['"b64_json"', '"b64\\u005fjson"'])
@pytest.mark.parametrize("colon", [":", ": ", " :"])
def test_what_a_service_says_is_never_the_name_of_a_file(tmp_path: Path, key: str, colon: str) -> None:
    """An answer could make the app publish a file of its own machine."""
    (tmp_path / "secret").write_bytes(small_png(7))
    named = json.dumps(str(tmp_path / "secret"))
    for told in (f'{{"data": [{{{key}{colon}{named}}}]}}', f'{{"type": "x.completed", {key}{colon}{named}}}'):
        try:
            answer = read(tmp_path / "a", told.encode())
        except Unavailable:
            continue
        assert small_png(7) not in files(answer)


def test_a_string_without_end_is_given_up(tmp_path: Path) -> None:
    """What is no picture has bounds in memory."""
    (tmp_path / "a").write_bytes(b'{"x": "' + bytes(64 * MIB).replace(b"\0", b"x") + b'", "data": [{"url": "x"}]}')

    tracemalloc.start()
    try:
        with pytest.raises(Unavailable):
            ImageAnswer.read(tmp_path / "a")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 48 * MIB


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the file is written anew each time
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["data", "usage", "b64_json", "url", "item"]), inner, max_size=3)
        ),
    )
)
def test_whatever_a_service_answers_it_is_read_or_is_an_error_of_ours(tmp_path: Path, told: Any) -> None:
    """No JSON leads to a fault of another kind."""
    with suppress(DarkroomError):
        assert read(tmp_path / "a", told).pictures


def test_an_answer_with_more_pictures_than_can_be_asked_for_is_too_large(tmp_path: Path) -> None:
    """Each would be fetched, marked and written."""
    told = {"data": [{"url": "https://a.blob.core.windows.net/x"}] * 11}
    path = tmp_path / "answer"
    path.write_text(json.dumps(told))
    with pytest.raises(TooLarge, match="more than 10 pictures"):
        ImageAnswer.read(path)


def test_an_answer_makes_a_bounded_number_of_files(tmp_path: Path) -> None:
    """A small picture has few bytes, and a large answer room for many."""
    path = tmp_path / "answer"
    path.write_text(json.dumps({"data": [{"b64_json": "AAAA"}] * 5000}))
    with pytest.raises(Unavailable):
        ImageAnswer.read(path)
    assert sum(1 for _ in tmp_path.iterdir()) < 110


def test_ten_pictures_of_megabytes_are_never_whole_in_memory(tmp_path: Path) -> None:
    """They go from file to file in pieces."""
    encoded = base64.b64encode(bytes(2 * MIB)).decode()
    (tmp_path / "a").write_text(json.dumps({"data": [{"b64_json": encoded}] * 10}))

    tracemalloc.start()
    try:
        answer = ImageAnswer.read(tmp_path / "a")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert [len(data) for data in files(answer)] == [2 * MIB] * 10
    assert peak < 4 * MIB
