"""Every error body of the embedding routes that is not the gateway's or Azure OpenAI's.

The shapes: the `{"error": {"code", "message", "details"}}` of the routes below `/models` and `/providers`, their nested
and flat 422, a bare `{"detail"}`, and Cohere's `{"message"}`. docs/emulator.md says which sentences are assumed.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from local.foundry.errors import ServiceError, gateway

_ECHOED = 200


def api_not_supported() -> ServiceError:
    """404: the model is not offered on this route."""
    return _mesh(404, "api_not_supported", "Requested API is currently not supported")


def no_model() -> ServiceError:
    """400: the body names no model."""
    message = (
        "No model specified in request. Please provide a model name in the request body or as a "
        "x-ms-model-mesh-model-name header."
    )
    return _mesh(400, "no_model_name", message)


def unknown_model(name: str) -> ServiceError:
    """404: there is no deployment of this name."""
    return _mesh(404, "unknown_model", f"Unknown model: {name}")


def extra_parameters(names: Iterable[str]) -> ServiceError:
    """400: parameters that the route does not have, and no header that says what to do with them."""
    message = (
        f"Extra parameters {list(names)} are not allowed when extra-parameters is not set or set to be 'error'. "
        "Set extra-parameters to 'pass-through' to pass to the model."
    )
    return ServiceError(400, {"detail": message})


def unexpected_option(value: str) -> ServiceError:
    """400: a value of the header `extra-parameters` that does not exist."""
    return ServiceError(400, {"detail": f"Unexpected EXTRA_PARAMETERS option {value}."})


def invalid(loc: Sequence[str | int], kind: str, message: str, value: Any) -> ServiceError:
    """422, nested: a field is missing, mistyped or empty."""
    detail = {"type": kind, "loc": ["body", *loc], "msg": message, "input": _echoed(value)}
    error = {"code": "Invalid input", "status": 422, "message": "invalid input error", "details": [detail]}
    return ServiceError(422, {"error": error})


def unsupported(name: str, value: Any) -> ServiceError:
    """422, flat: a well-formed value that the model does not support."""
    body = {
        "status": 422,
        "code": "parameter_not_supported",
        "detail": {"loc": ["body", name], "input": _echoed(value)},
        "message": "One of the parameters contain invalid values.",
    }
    return ServiceError(422, body, {"x-ms-error-code": "parameter_not_supported"})


def cohere(message: str, status: int = 400) -> ServiceError:
    """An error of the model itself, in Cohere's shape."""
    return ServiceError(status, {"message": message})


def too_many(what: str, most: int, count: int) -> ServiceError:
    """400: more texts, images or inputs than a call takes."""
    return cohere(f"invalid request: total number of {what} must be at most {most} - received {count}")


def broke_down() -> ServiceError:
    """500: what embed-v-4-0 answers to a picture of two pixels by two."""
    return gateway(500, "The server had an error processing your request")


def _echoed(value: Any) -> Any:
    return value[:_ECHOED] if isinstance(value, str) else value


def _mesh(status: int, code: str, message: str) -> ServiceError:
    return ServiceError(status, {"error": {"code": code, "message": message, "details": message}})
