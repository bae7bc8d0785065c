"""What goes wrong with image calls, before, instead of and inside of an answer."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from shared.clients.images import ImageRequest
from shared.errors import Blocked, DarkroomError, Invalid, NotDeployed, Refused, Throttled, TooLarge, Unavailable
from tests.servers import Exchange, Script, answer, sends, serving
from tests.unit.clients.calling import CANARY
from tests.unit.clients.making import FINAL, PARTIAL, PROMPT, STREAM, WHOLE, Caller, error_event, events, streams


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    """A caller with a short deadline."""
    return Caller(tmp_path)


@pytest.mark.parametrize(
    ("event", "kind", "says"),
    [
        (error_event("moderation_blocked", "image_generation_user_error",
                     moderation_details={"moderation_stage": "output", "categories": ["violence", "hate"]}),
         Refused, "(output: violence, hate)"),
        (error_event("content_policy_violation", "invalid_request_error"), Refused, "content filter"),
        (error_event("contentFilter"), Refused, "content filter"),
        (error_event("content_filter"), Refused, "content filter"),
        ({"created": 1, "error": {"code": "contentFilter", "message": "Generated image was filtered."}}, Refused,
         "Generated image was filtered."),
        (error_event("rate_limit_exceeded", "tokens"), Throttled, "pause"),
        (error_event("429"), Throttled, "pause"),
        (error_event("server_error", "server_error"), Unavailable, ""),
        (error_event(None, "server_error"), Unavailable, ""),
        (error_event(None), Unavailable, ""),
        (error_event("invalid_value", "image_generation_user_error"), Invalid, "Said the service."),
        (error_event("unknown_parameter", "invalid_request_error"), Invalid, "Said the service."),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else "",
)  # fmt: skip
@pytest.mark.parametrize("before", [[], [PARTIAL]], ids=["first", "after a partial"])
def test_an_error_inside_of_a_stream_is_what_it_says(
    caller: Caller, event: dict[str, Any], kind: type[DarkroomError], says: str, before: list[dict[str, Any]]
) -> None:
    """The status was 200 long before."""
    with serving(streams(*before, event)) as server, pytest.raises(kind) as raised:
        caller.make(server)

    assert says in raised.value.message


def test_a_throttled_stream_holds_back_the_next_call(caller: Caller) -> None:
    """As a 429 would; the pause is in the words."""
    event = error_event("rate_limit_exceeded")
    event["error"]["message"] = "Please retry after 38 seconds."
    with serving(streams(event)) as server:
        client = caller.client(server)
        for _ in range(2):
            with pytest.raises(Throttled) as raised:
                client.make(ImageRequest("generate", "gpt-image-2", PROMPT), caller.folder / "answer", lambda *_: None)

        assert len(server.requests) == 1
    assert raised.value.after == pytest.approx(38, abs=1)


def asked_and_reset(exchange: Exchange) -> None:
    """Take the request, and end the connection without a word."""
    exchange.receive()
    exchange.reset()


@pytest.mark.parametrize(
    "script",
    [
        streams(),
        streams(PARTIAL),
        sends([STREAM, b"data: [DONE]\n\n"]),
        sends([STREAM, events(PARTIAL), b"data: [DONE]\n\n", events(FINAL)]),
        sends([STREAM, events(FINAL)[:200]]),
        sends([STREAM, events(PARTIAL)], then=Exchange.reset),
        streams({**FINAL, "b64_json": None}),
        streams({**FINAL, "b64_json": "%%%"}),
        streams({"type": "image_generation.completed"}),
        sends([STREAM, b"data: null\n\n"]),
        sends([STREAM, b"data: <html>\n\n"]),
        answer(body=b"null"),
        answer(body=b"{}"),
        answer(body=b""),
        answer(body=WHOLE[:100]),
        answer(body=b"<html>busy</html>", content_type="text/html"),
        asked_and_reset,
    ],
    ids=["empty", "partial only", "done", "done too early", "cut", "reset", "null picture", "bad picture", "no picture",
         "null event", "no json", "null", "nothing", "no body", "half", "html", "asked and reset"],
)  # fmt: skip
def test_an_answer_without_a_finished_picture_is_unavailable_and_may_have_been_billed(
    caller: Caller, script: Script
) -> None:
    """The job counts such calls."""
    with serving(script) as server, pytest.raises(Unavailable) as raised:
        caller.make(server)

    assert raised.value.reached


def test_a_call_that_never_connected_cannot_have_been_billed(caller: Caller) -> None:
    """Nobody listens there."""
    with serving(answer()) as server:
        pass
    with pytest.raises(Unavailable) as raised:
        caller.make(server)

    assert not raised.value.reached


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (400, {"created": 1, "error": {"code": "contentFilter", "message": "Our safety system said no."}}, Refused,
         "safety system"),
        (200, {"created": 1, "error": {"code": "contentFilter", "message": "Generated image was filtered."}},
         Refused, "Generated image was filtered."),
        (400, {"error": {"code": "content_policy_violation", "type": "invalid_request_error", "message": "Rejected.",
                         "inner_error": {"code": "ResponsibleAIPolicyViolation", "content_filter_results": {
                             "jailbreak": {"detected": True, "filtered": True}, "hate": {"filtered": False}}}}},
         Refused, "(jailbreak)"),
        (400, {"error": {"message": "Rejected.", "type": "image_generation_user_error", "code": "moderation_blocked",
                         "moderation_details": {"moderation_stage": "input", "categories": ["violence"]}}},
         Refused, "(input: violence)"),
        (400, {"error": {"code": "content_filter", "message": "Filtered.", "innererror": {
            "code": "ResponsibleAIPolicyViolation", "content_filter_result": {"sexual": {"filtered": True}}}}},
         Refused, "(sexual)"),
        (403, {"error": {"code": "Forbidden", "message": "Your resource has been temporarily blocked because we "
                         "detected behavior that may violate our content policy."}}, Blocked, "whole resource"),
        (400, {"error": {"message": "Unknown parameter: 'x'.", "type": "invalid_request_error", "param": "x",
                         "code": "unknown_parameter"}}, Invalid, "Unknown parameter: 'x'."),
        (400, {"error": {"message": "Invalid size '4096x4096'.", "type": "image_generation_user_error",
                         "param": "size", "code": "invalid_value"}}, Invalid, "Invalid size"),
        (404, {"error": {"code": "DeploymentNotFound", "message": "None."}}, NotDeployed, "gpt-image-2"),
        (413, {"error": {"code": "413", "message": "Too large."}}, TooLarge, ""),
        (429, {"error": {"code": "429", "message": "Please retry after 38 seconds."}}, Throttled, ""),
        (500, {"error": {"message": "The server had an error.", "type": "server_error"}}, Unavailable, "HTTP 500"),
        (504, {}, Unavailable, "HTTP 504"),
    ],
    ids=lambda value: json.dumps(value)[:50] if isinstance(value, dict) else "",
)  # fmt: skip
def test_every_shape_of_an_error_becomes_its_type(
    caller: Caller, status: int, body: dict[str, Any], kind: type[DarkroomError], says: str
) -> None:
    """A filter's refusal is the prompt's fault, a blocked resource is not."""
    with serving(answer(status, json.dumps(body).encode())) as server, pytest.raises(kind) as raised:
        caller.make(server)

    assert says in raised.value.message


@pytest.mark.parametrize(
    "script",
    [
        answer(body=WHOLE),
        streams(PARTIAL, FINAL),
        streams(error_event("x")),
        answer(500),
        answer(400, b"x"),
        asked_and_reset,
    ],
    ids=["good", "stream", "error event", "500", "400", "reset"],
)
def test_neither_errors_nor_logs_hold_the_key_or_the_prompt(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, script: Script
) -> None:
    """Canaries in both show up nowhere, not even in the cause of an error."""
    caplog.set_level(logging.DEBUG, logger="darkroom")
    told = ""
    with serving(script) as server:
        try:
            Caller(tmp_path, key=f"{CANARY}-key").make(server, {"prompt": CANARY, "user": CANARY})
        except DarkroomError as error:
            told = f"{error.message} {error.remedy} {error!r} {error.__cause__!r}"

    assert CANARY not in told
    assert CANARY not in caplog.text
