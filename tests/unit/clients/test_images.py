"""The image client on the wire: addresses, bodies and streams, and the time that they may take."""

import base64
import itertools
import json
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import pytest

from shared.clients.multipart import FormFile
from shared.errors import Unavailable
from tests.fakes import small_png
from tests.servers import Exchange, Script, answer, sends, serving
from tests.unit.clients.calling import in_time
from tests.unit.clients.making import (
    FINAL,
    PARTIAL,
    PROMPT,
    STREAM,
    WHOLE,
    Caller,
    events,
    streams,
)


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    """A caller with a short deadline."""
    return Caller(tmp_path)


@pytest.mark.parametrize(
    ("where", "files", "path"),
    [
        (("v1", "gpt-image-2"), False, "/openai/v1/images/generations"),
        (("v1", "gpt-image-2"), True, "/openai/v1/images/edits"),
        (("deployments", "mine"), False, "/openai/deployments/mine/images/generations?api-version=2025-04-01-preview"),
        (("deployments", "mine"), True, "/openai/deployments/mine/images/edits?api-version=2025-04-01-preview"),
        (("deployments", "../a?b"), False,
         "/openai/deployments/..%2Fa%3Fb/images/generations?api-version=2025-04-01-preview"),
    ],
)  # fmt: skip
def test_the_address_is_made_of_the_deployment_and_the_route(
    caller: Caller, tmp_path: Path, where: tuple[str, str], files: bool, path: str
) -> None:
    """Edits too: the SDKs lose the deployment there."""
    (tmp_path / "a").write_bytes(small_png())
    given = [FormFile("image", tmp_path / "a", "image/png")] if files else []
    with serving(answer(body=WHOLE)) as server:
        caller.make(server, None, *given, route=where[0], deployment=where[1])

    assert server.requests[0].line == f"POST {path} HTTP/1.1"
    assert server.requests[0].headers["authorization"] == "Bearer the-key"


def test_a_picture_is_asked_for_in_json(caller: Caller) -> None:
    """With the deployment as the model, which the route without a deployment needs."""
    fields = {**PROMPT, "n": 2, "size": "1024x1024", "stream": False, "output_compression": 80}
    with serving(answer(body=WHOLE)) as server:
        assert caller.make(server, fields) == [small_png()]

    [request] = server.requests
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {"model": "gpt-image-2", **fields}


def test_an_edit_is_asked_for_as_a_form(caller: Caller, tmp_path: Path) -> None:
    """Every scalar a text, true and false as JSON writes them, files last and the mask at the very end."""
    for name in ("a", "b", "m"):
        (tmp_path / name).write_bytes(small_png(ord(name)))
    files = [FormFile("image[]", tmp_path / name, "image/png") for name in "ab"]
    with serving(answer(body=WHOLE)) as server:
        caller.make(
            server, {"prompt": "Grün", "n": 1, "stream": True}, *files, FormFile("mask", tmp_path / "m", "image/png")
        )

    [request] = server.requests
    head = b"Content-Type: " + request.headers["content-type"].encode() + b"\r\n\r\n"
    form = BytesParser(policy=HTTP).parsebytes(head + request.body)
    parts = [
        (part.get_param("name", header="content-disposition"), part.get_payload(decode=True))
        for part in form.iter_parts()
    ]
    assert parts == [
        ("model", b"gpt-image-2"),
        ("prompt", "Grün".encode()),
        ("n", b"1"),
        ("stream", b"true"),
        ("image[]", small_png(ord("a"))),
        ("image[]", small_png(ord("b"))),
        ("mask", small_png(ord("m"))),
    ]


def test_a_stream_gives_its_partial_pictures_as_they_arrive_and_the_finished_one(caller: Caller) -> None:
    """Each before the next has come."""
    second = {**PARTIAL, "partial_image_index": 1}

    def watched(exchange: Exchange) -> None:
        exchange.receive()
        exchange.send([STREAM, events(PARTIAL)])
        while not caller.partials:
            exchange.send([b": ping\n\n"], every=0.01)
        exchange.send([events(second, FINAL)])

    with serving(watched) as server:
        assert caller.make(server, {**PROMPT, "stream": True}, seconds=5) == [small_png()]

    assert caller.partials == [(0, small_png()), (1, small_png())]


@pytest.mark.parametrize("kind", ["image_generation", "image_edit"])
@pytest.mark.parametrize("before", [[], [PARTIAL], [{"type": "image_generation.started"}, {"type": "x", "a": [1]}]])
def test_the_finished_picture_counts_whatever_came_before_it(
    caller: Caller, kind: str, before: list[dict[str, Any]]
) -> None:
    """Partial ones may be missing; events that nobody knows are passed over."""
    with serving(streams(*before, {**FINAL, "type": f"{kind}.completed"})) as server:
        assert caller.make(server) == [small_png()]


@pytest.mark.parametrize(
    "partial",
    [
        {**PARTIAL, "partial_image_index": "x"},
        {**PARTIAL, "partial_image_index": None},
        {**PARTIAL, "partial_image_index": [1]},
        {**PARTIAL, "partial_image_index": 10**40},
        {**PARTIAL, "partial_image_index": -1},
        {**PARTIAL, "b64_json": "%%%"},
        {**PARTIAL, "b64_json": "iVBOR"},
        {**PARTIAL, "b64_json": None},
        {**PARTIAL, "b64_json": 7},
        {"type": "image_generation.partial_image"},
    ],
    ids=lambda partial: json.dumps({k: v for k, v in partial.items() if k != "type"})[:40],
)
def test_a_partial_picture_that_is_none_does_not_cost_the_finished_one(caller: Caller, partial: dict[str, Any]) -> None:
    """The finished one is what is paid for."""
    with serving(streams(partial, FINAL)) as server:
        assert caller.make(server) == [small_png()]


def test_a_picture_is_taken_at_once_and_the_rest_of_the_stream_is_not_waited_for(caller: Caller) -> None:
    """Some gateways keep the connection open after the last event."""
    with serving(streams(FINAL, then=Exchange.hang)) as server, in_time(0):
        assert caller.make(server, seconds=5) == [small_png()]


@pytest.mark.parametrize(
    "script",
    [
        Exchange.hang,
        streams(PARTIAL, then=Exchange.hang),
        sends(itertools.chain([STREAM], itertools.repeat(b": ping\n\n")), every=0.02),
        sends(itertools.chain([STREAM], itertools.repeat(events(PARTIAL))), every=0.02),
        sends(itertools.chain([STREAM, b"data: "], itertools.repeat(b"x")), every=0.02),
    ],
    ids=["silent", "silent after a partial", "pings for ever", "partials for ever", "one event for ever"],
)
def test_a_stream_that_never_ends_ends_at_the_deadline(caller: Caller, script: Script) -> None:
    """By the wall clock, not by the gap between two bytes."""
    with serving(script) as server, in_time(), pytest.raises(Unavailable) as raised:
        caller.make(server)

    assert raised.value.reached


def test_a_streamed_picture_of_megabytes_arrives_whole(caller: Caller) -> None:
    """In one line, in the pieces that the network makes of it."""
    picture = small_png() + bytes(range(256)) * 4096 * 6
    final = {**FINAL, "b64_json": base64.b64encode(picture).decode()}
    with serving(streams(PARTIAL, final)) as server:
        assert caller.make(server, seconds=20) == [picture]
