"""The error bodies of the gateway and of Mistral; those of the image endpoints are in `images/refusals.py`.

Two families reach a client: the Azure gateway's `{"error": {"code", "message"}}` and Mistral's flat
`{"object": "error", ...}`. Bodies come from Microsoft's documentation and from public reports of live answers; what is
assumed instead is marked so here and in docs/emulator.md.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.responses import JSONResponse

_BAD_KEY = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
    "active subscription and use a correct regional API endpoint for your resource."
)
_BAD_TOKEN = "Unauthorized. Access token is missing, invalid, audience is incorrect, or have expired."  # noqa: S105 - a message, not a secret
_BLOCKED = (
    "Your resource has been temporarily blocked because we detected behavior that may violate our content policy. "
    "Contact support to restore access."
)
OCR_RATE = "Requests to the OCR operation have exceeded call rate limit of your current pricing tier."
_PLAIN_MESSAGES = {
    400: "Bad request",
    404: "Resource not found",
    408: "upstream request timeout",
    409: "Conflict",
    500: "The server had an error processing your request",
    502: "Bad gateway",
    503: "service unavailable",
    504: "upstream request timeout",
}


class ServiceError(Exception):
    """An answer that is not a success: its status, JSON body and extra headers."""

    def __init__(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        """Keep what the client is to receive."""
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        """The answer as it goes over the wire."""
        return JSONResponse(self.body, self.status, self.headers)


def gateway(
    status: int, message: str, code: str | None = None, headers: Mapping[str, str] | None = None
) -> ServiceError:
    """An error in the Azure gateway's shape."""
    return ServiceError(status, {"error": {"code": code or str(status), "message": message}}, headers)


def mistral(status: int, message: str, kind: str, code: str | None) -> ServiceError:
    """An error in Mistral's flat shape."""
    return ServiceError(status, {"object": "error", "message": message, "type": kind, "param": None, "code": code})


def bad_key() -> ServiceError:
    """401: the key is missing or unknown, or stands in a header this route does not read."""
    return gateway(401, _BAD_KEY)


def bad_token() -> ServiceError:
    """401: an Entra token for another audience, or one that has expired."""
    return gateway(401, _BAD_TOKEN)


def blocked() -> ServiceError:
    """403: the whole resource is blocked, whatever the request says."""
    return gateway(403, _BLOCKED, code="Forbidden")


def not_found() -> ServiceError:
    """404: no such path."""
    return gateway(404, _PLAIN_MESSAGES[404])


def no_deployment(name: str) -> ServiceError:
    """404: the body names a deployment that does not exist."""
    return gateway(404, f"The API deployment '{name}' for this resource does not exist.", code="DeploymentNotFound")


def too_large(limit: int) -> ServiceError:
    """413: assumed shape; no capture of Azure's own 413 is public."""
    return gateway(413, f"Request body or document too large. The limit is {limit // (1024 * 1024)} MB.")


def too_many_pages(pages: int, limit: int) -> ServiceError:
    """400: the page cap, which counts the whole document whatever `pages` asks for."""
    message = f"This document has {pages} pages, which is more than the maximum allowed of {limit}"
    return mistral(400, message, "document_parser_too_many_pages", "3730")


def bad_file(message: str) -> ServiceError:
    """400: the document cannot be read."""
    return mistral(400, message, "invalid_request_file", "3310")


def bad_arguments(message: str) -> ServiceError:
    """400: well-formed fields whose values cannot be served."""
    return mistral(400, message, "invalid_request_invalid_args", "3051")


def unprocessable(details: list[dict[str, Any]]) -> ServiceError:
    """422: fields that are missing, unknown or of the wrong type; each detail has type, loc, msg and input."""
    return ServiceError(
        422,
        {
            "object": "error",
            "message": {"detail": details},
            "type": "invalid_request_error",
            "param": None,
            "code": None,
            "raw_status_code": 422,
        },
    )


def rate_limited(seconds: float, sentence: str = OCR_RATE) -> ServiceError:
    """429 as a real gateway limit: both headers and the text say how long to wait."""
    return throttled(seconds, {**_seconds(seconds), **_milliseconds(seconds * 1000)}, sentence)


def throttled(seconds: float | None, headers: Mapping[str, str], sentence: str = OCR_RATE) -> ServiceError:
    """429 in the gateway's shape; the text names the delay when there is one."""
    message = sentence
    if seconds is not None:
        message += f" Please retry after {_number(seconds)} seconds."
    return gateway(429, message, headers=headers)


def by_status(status: int, seconds: float | None, headers: Mapping[str, str], sentence: str = OCR_RATE) -> ServiceError:
    """The usual body of a status, for faults made on request; `sentence` says what a 429 refuses."""
    if status == 429:
        return throttled(seconds, headers, sentence)
    usual = {401: bad_key, 403: blocked}.get(status)
    if usual is not None:
        return usual()
    message = _PLAIN_MESSAGES.get(status, "The request failed")
    if seconds is not None:
        message += f". Please retry after {_number(seconds)} seconds."
    return gateway(status, message, headers=headers)


def in_stream() -> dict[str, Any]:
    """What an event of the name `error` carries when a stream breaks off; assumed, no capture of Azure's is public."""
    error = {"type": "server_error", "code": "server_error", "message": _PLAIN_MESSAGES[500] + ".", "param": None}
    return {"type": "error", "error": error}


def retry_headers(seconds: float | None, milliseconds: float | None, as_date: bool, now: datetime) -> dict[str, str]:
    """`Retry-After` in seconds or as an HTTP date, and `retry-after-ms`, whichever are asked for."""
    headers: dict[str, str] = {}
    if seconds is not None and as_date:
        headers["Retry-After"] = format_datetime(now + timedelta(seconds=seconds), usegmt=True)
    elif seconds is not None:
        headers |= _seconds(seconds)
    if milliseconds is not None:
        headers |= _milliseconds(milliseconds)
    return headers


def _seconds(value: float) -> dict[str, str]:
    return {"Retry-After": _number(value)}


def _milliseconds(value: float) -> dict[str, str]:
    return {"retry-after-ms": _number(round(value))}


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)
