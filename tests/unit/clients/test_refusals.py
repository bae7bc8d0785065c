"""Every error shape that the services are known to send becomes the right type, with what a person needs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clients.refusals import Refusal
from shared.errors import (
    Blocked,
    DarkroomError,
    Deferred,
    Invalid,
    NotDeployed,
    Refused,
    Throttled,
    TooLarge,
    Unauthorised,
    Unavailable,
    Unsupported,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WRONG_KEY = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
    "active subscription and use a correct regional API endpoint for your resource."
)
BLOCKED = (
    "Your resource has been temporarily blocked because we detected behavior that may violate our content policy. "
    "Please contact support."
)
TOO_MANY = "This document has 49 pages, which is more than the maximum allowed of 30"
EXTRA = {
    "type": "extra_forbidden",
    "loc": ["body", "table_format"],
    "msg": "Extra inputs are not permitted",
    "input": "html",
}
LITERAL = {"type": "literal_error", "loc": ["body", "table_format"], "msg": "Input should be 'markdown' or 'html'"}


def gateway(code: str, message: str, **more: Any) -> dict[str, Any]:
    """The Azure gateway's shape."""
    return {"error": {"code": code, "message": message, **more}}


def mistral(message: Any, kind: str, code: str | None) -> dict[str, Any]:
    """Mistral's own shape."""
    return {"object": "error", "message": message, "type": kind, "param": None, "code": code}


@dataclass(frozen=True)
class Case:
    """An answer and the error that it is."""

    status: int
    body: Any
    type: type[DarkroomError]
    code: str
    says: str = ""
    remedy: str = ""
    after: float | None = None
    fields: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


CASES = {
    "wrong key": Case(401, gateway("401", WRONG_KEY), Unauthorised, "unauthorised", "invalid subscription key", "key"),
    "wrong audience": Case(
        401,
        gateway("Unauthorized", "Access token is missing, invalid, audience is incorrect, or have expired."),
        Unauthorised, "unauthorised", "audience is incorrect", "https://ai.azure.com/.default",
    ),
    "no role": Case(
        401, gateway("PermissionDenied", "Principal does not have access to API/Operation."),
        Unauthorised, "unauthorised", "Principal does not have access", "Cognitive Services User",
    ),
    "forbidden": Case(403, gateway("Forbidden", "No access."), Unauthorised, "unauthorised", "No access"),
    "resource blocked": Case(403, gateway("Forbidden", BLOCKED), Blocked, "blocked", "blocked the whole resource"),
    "budget spent": Case(
        402, mistral("Budget exhausted", "billing_api_budget_exhausted", "2303"), Blocked, "blocked", "budget"
    ),
    "wrong path": Case(
        404, gateway("404", "Resource not found"), NotDeployed, "not_deployed", "no such route", "endpoint's address"
    ),
    "no deployment": Case(
        404, gateway("DeploymentNotFound", "The API deployment for this resource does not exist."),
        NotDeployed, "not_deployed", "no deployment named ocr", "Deploy the model",
    ),
    "route not offered": Case(
        404, {"status": 404, "code": "api_not_supported", "message": "The API is not supported by the model"},
        NotDeployed, "not_deployed", "not supported by the model",
    ),
    "too many pages": Case(
        400, mistral(TOO_MANY, "document_parser_too_many_pages", "3730"), TooLarge, "too_large", "49 pages"
    ),
    "too many bytes": Case(413, mistral("limit is 50 MB", "invalid_request_error", None), TooLarge, "too_large"),
    "too many bytes, no JSON": Case(413, b"<html>413 Request Entity Too Large</html>", TooLarge, "too_large"),
    "corrupt file": Case(
        400, mistral("Document could not be parsed", "invalid_request_file", "3310"), Invalid, "damaged", "damaged"
    ),
    "invalid arguments": Case(
        400, mistral("Bad arguments", "invalid_request_invalid_args", "3051"), Invalid, "invalid", "Bad arguments"
    ),
    "invalid model": Case(400, mistral("Invalid model: x", "invalid_model", "1500"), Invalid, "invalid", ": x"),
    "unsupported media": Case(415, b"", Invalid, "invalid", "HTTP 415"),
    "too many headers": Case(431, b"", Invalid, "invalid", "HTTP 431"),
    "unknown field, Mistral": Case(
        422, mistral({"detail": [EXTRA]}, "invalid_request_error", None),
        Unsupported, "option_not_supported", "does not know table_format", fields=("table_format",),
    ),
    "unknown field, bare": Case(
        422, {"detail": [EXTRA]}, Unsupported, "option_not_supported", "table_format", fields=("table_format",)
    ),
    "two unknown fields": Case(
        422, {"detail": [EXTRA, {**EXTRA, "loc": ["body", "include_blocks"]}]},
        Unsupported, "option_not_supported", fields=("table_format", "include_blocks"),
    ),
    "bad value, Mistral": Case(
        422, mistral({"detail": [LITERAL]}, "invalid_request_error", None),
        Invalid, "invalid", "table_format: Input should be 'markdown'",
    ),
    "bad value, bare": Case(422, {"detail": [LITERAL]}, Invalid, "invalid", "table_format: Input should be"),
    "unsupported parameter, flat": Case(
        422,
        {
            "status": 422,
            "code": "parameter_not_supported",
            "detail": {"loc": ["body", "response_format"], "input": "json_object"},
            "message": "One of the parameters contain invalid values.",
        },
        Invalid, "invalid", "One of the parameters contain invalid values",
    ),
    "rate, Mistral": Case(429, mistral("Rate limit exceeded", "rate_limited", "1300"), Throttled, "throttled"),
    "capacity, Mistral": Case(
        429, mistral("No capacity", "backend_out_of_capacity", "3505"),
        Throttled, "throttled", after=2.0, headers={"retry-after": "2"},
    ),
    "rate, gateway": Case(
        429, gateway("429", "You have exceeded the call rate limit. Please retry after 38 seconds. See aka.ms."),
        Throttled, "throttled", after=38.0,
    ),
    "rate, both headers": Case(
        429, gateway("429", "Please retry after 2 seconds."),
        Throttled, "throttled", after=1.25, headers={"retry-after-ms": "1250", "retry-after": "2"},
    ),
    "timeout upstream": Case(408, b"upstream request timeout", Unavailable, "unavailable", "HTTP 408"),
    "cold start": Case(
        503, mistral("Service unavailable", "internal_error", "3700"),
        Unavailable, "unavailable", after=3.0, headers={"retry-after": "3"},
    ),
    "server error": Case(
        500, gateway("null", "The server had an error processing your request.", type="server_error"),
        Unavailable, "unavailable",
    ),
    "bad gateway": Case(502, b"<html>", Unavailable, "unavailable"),
    "gateway timeout": Case(504, b"", Unavailable, "unavailable"),
    "conflict": Case(409, b"", Unavailable, "unavailable"),
    "too early": Case(425, b"", Unavailable, "unavailable"),
    "unknown 5xx": Case(520, b"", Unavailable, "unavailable"),
    "filtered, legacy": Case(
        400,
        {
            "created": 1698435368,
            "error": {"code": "contentFilter", "message": "Your task failed as a result of our safety system."},
        },
        Refused, "refused", "safety system",
    ),
    "filtered, dall-e": Case(
        400,
        gateway(
            "content_policy_violation", "Your request was rejected as a result of our safety system.",
            type="invalid_request_error", inner_error={"code": "ResponsibleAIPolicyViolation"},
        ),
        Refused, "refused", "rejected",
    ),
    "filtered, inner code only": Case(
        400, gateway("400", "Rejected.", inner_error={"code": "ResponsibleAIPolicyViolation"}), Refused, "refused"
    ),
    "filtered, other inner code only": Case(
        400, gateway("400", "Rejected.", innererror={"code": "ResponsibleAIPolicyViolation"}), Refused, "refused"
    ),
    "moderated": Case(
        400,
        gateway(
            "moderation_blocked", "Your request was rejected by the safety system. safety_violations=[sexual].",
            type="image_generation_user_error",
        ),
        Refused, "refused", "safety_violations",
    ),
    "filtered, chat": Case(
        400,
        gateway(
            "content_filter", "The response was filtered.",
            innererror={"code": "ResponsibleAIPolicyViolation", "content_filter_result": {}},
        ),
        Refused, "refused", "filtered",
    ),
    "bad size": Case(
        400,
        gateway("invalid_value", "Invalid size '4096x4096'.", type="image_generation_user_error", param="size"),
        Invalid, "invalid", "Invalid size",
    ),
}  # fmt: skip


def read(status: int, body: Any, headers: Mapping[str, str] | None = None) -> DarkroomError:
    """The error that an answer is."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Refusal.read(status, data).error("ocr", headers or {}, NOW)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_every_known_shape_is_told_apart(case: Case) -> None:
    """Status and code decide the type; the service's words reach the person; the pause and the fields reach the job."""
    error = read(case.status, case.body, case.headers)

    assert (type(error), error.code) == (case.type, case.code)
    assert case.says in error.message
    assert case.remedy in error.remedy
    assert getattr(error, "after", None) == (pytest.approx(case.after) if case.after else None)
    assert getattr(error, "fields", ()) == case.fields


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_every_error_names_the_deployment_or_the_file(case: Case) -> None:
    """A person who reads one sentence knows where to look."""
    message = read(case.status, case.body, case.headers).message

    assert "ocr" in message or "the file" in message or "content filter" in message


def test_the_words_content_policy_alone_are_no_refusal() -> None:
    """A blocked resource speaks of content policy too; the author of the job must not be blamed for it."""
    error = read(403, gateway("Forbidden", BLOCKED))

    assert isinstance(error, Blocked)
    assert not isinstance(error, Refused)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'"text"', b"<html>", b"\xff\xfe", b'{"error": null}', b'{"error": "text"}', b"{"]
)
def test_a_body_without_a_known_shape_still_has_a_sentence(body: bytes) -> None:
    """The status alone decides, and the sentence ends."""
    error = read(400, body)

    assert type(error) is Invalid
    assert error.message == "The deployment ocr refused the request (HTTP 400)."


def test_long_words_are_cut_and_put_on_one_line() -> None:
    """A page of HTML or a stack trace in a message does not flood the record."""
    error = read(400, gateway("400", "word\r\n\tword " * 500))

    assert len(error.message) < 500
    assert "word word word" in error.message
    assert "\n" not in error.message


def test_field_names_hold_no_control_characters_and_no_document() -> None:
    """A name comes from the wire: it is cut and cleaned before it reaches a log line."""
    error = read(422, {"detail": [{**EXTRA, "loc": ["body", "table\nformat" + "x" * 200], "input": "secret text"}]})

    assert isinstance(error, Unsupported)
    assert error.fields == (("tableformat" + "x" * 200)[:80],)
    assert "secret text" not in error.message


def test_nested_problems_name_their_whole_path() -> None:
    """`document_annotation_format.json_schema` is found faster than `json_schema`."""
    problem = {"type": "missing", "loc": ["body", "document_annotation_format", "json_schema"], "msg": "Field required"}

    assert "document_annotation_format.json_schema: Field required" in read(422, {"detail": [problem]}).message


def test_deep_json_is_an_error_like_any_other() -> None:
    """A hostile or broken proxy cannot bring the reader down."""
    assert type(read(400, b"[" * 200_000)) is Invalid


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
PROBLEMS = st.lists(
    st.fixed_dictionaries({"loc": JSON, "type": st.just("extra_forbidden") | JSON, "msg": JSON}), min_size=1
)
ERROR = st.fixed_dictionaries(
    {"detail": PROBLEMS | JSON, "message": JSON | st.fixed_dictionaries({"detail": PROBLEMS})},
    optional=dict.fromkeys(("code", "type", "inner_error", "innererror"), JSON),
)
SHAPES = JSON | ERROR | st.fixed_dictionaries({"error": ERROR | JSON})


@given(st.sampled_from([400, 401, 402, 403, 404, 408, 413, 422, 429, 500]), SHAPES)
def test_any_json_in_an_error_becomes_an_error(status: int, body: Any) -> None:
    """Known keys with values of any kind are no reason to fall over."""
    error = read(status, body)

    assert error.message
    assert isinstance(error, Deferred) == (status in (401, 402, 403, 404, 408, 429, 500))


@pytest.mark.parametrize("where", [None, 5, "body", {"a": 1}, ["body", 0, None]])
def test_a_problem_that_names_no_usable_place_is_invalid_or_unsupported(where: Any) -> None:
    """The list of problems is the service's; its places may be anything."""
    assert isinstance(read(422, {"detail": [{**EXTRA, "loc": where}]}), Invalid)


@given(st.binary())
def test_any_bytes_in_an_error_become_an_error(body: bytes) -> None:
    """Not even text that is no text breaks the reading of an error."""
    assert type(read(500, body)) is Unavailable
