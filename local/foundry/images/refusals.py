"""Every error body of the image endpoints, and the sentences in them.

Sentences and codes are those that clients have reported from the live service; docs/emulator.md says which are assumed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from local.foundry.errors import ServiceError, gateway

REQUEST = "invalid_request_error"
IMAGE = "image_generation_user_error"


def refusal(message: str, param: str | None, code: str | None, kind: str = REQUEST, **more: Any) -> ServiceError:
    """400 in the shape of the image endpoints."""
    return ServiceError(400, {"error": {"message": message, "type": kind, "param": param, "code": code, **more}})


def no_json() -> ServiceError:
    """400: the body is no JSON object."""
    return refusal("We could not parse the JSON body of your request. Send one JSON object.", None, None)


def no_form(content_type: str) -> ServiceError:
    """400: an edit that does not come as a multipart form."""
    message = f"Unsupported content type: '{content_type}'. This method only accepts 'multipart/form-data' requests."
    return refusal(message, None, "unsupported_content_type")


def broken_form(reason: str) -> ServiceError:
    """400: a multipart form that cannot be read."""
    return refusal(f"The multipart form cannot be read: {reason}", None, None)


def wrong_operation(operation: str, model: str) -> ServiceError:
    """400: the deployment exists, but its model does something else."""
    message = (
        f"The {operation} operation does not work with the specified model, {model}. "
        "Please choose different model and try again."
    )
    return gateway(400, message, code="OperationNotSupported")


def unknown(name: str) -> ServiceError:
    """400: a parameter that the model does not have."""
    return refusal(f"Unknown parameter: '{name}'.", name, "unknown_parameter")


def missing(name: str) -> ServiceError:
    """400: a parameter that every request needs."""
    return refusal(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")


def mistyped(name: str, expected: str, value: Any) -> ServiceError:
    """400: a value of another type."""
    kinds = {bool: "a boolean", int: "an integer", float: "a decimal", str: "a string", list: "an array"}
    got = kinds.get(type(value), "an object")
    return refusal(f"Invalid type for '{name}': expected {expected}, but got {got} instead.", name, "invalid_type")


def not_among(name: str, value: str, supported: Sequence[str]) -> ServiceError:
    """400: a word that the model does not know."""
    *most, last = (f"'{word}'" for word in supported)
    listed = f"{', '.join(most)} and {last}" if most else last
    return refusal(f"Invalid value: '{value}'. Supported values are: {listed}.", name, "invalid_value")


def below(name: str, least: int, value: int) -> ServiceError:
    """400: a number that is too small."""
    message = f"Invalid '{name}': integer below minimum value. Expected a value >= {least}, but got {value} instead."
    return refusal(message, name, "integer_below_min_value")


def above(name: str, most: int, value: int) -> ServiceError:
    """400: a number that is too large."""
    message = f"Invalid '{name}': integer above maximum value. Expected a value <= {most}, but got {value} instead."
    return refusal(message, name, "integer_above_max_value")


def empty(name: str) -> ServiceError:
    """400: a text without a character."""
    message = (
        f"Invalid '{name}': empty string. Expected a string with minimum length 1, but got an empty string instead."
    )
    return refusal(message, name, "empty_string")


def too_long(name: str, most: int, length: int) -> ServiceError:
    """400: a text with too many characters."""
    message = (
        f"Invalid '{name}': string too long. "
        f"Expected a string with maximum length {most}, but got a string with length {length} instead."
    )
    return refusal(message, name, "string_above_max_length")


def bad_size(size: str, rule: str) -> ServiceError:
    """400: a size that breaks a rule of a model with free sizes."""
    return refusal(f"Invalid size '{size}'. {rule}", "size", "invalid_value", IMAGE)


def cannot(message: str, param: str, code: str = "invalid_value") -> ServiceError:
    """400: values that are each right and do not go together, or not with this model."""
    return refusal(message, param, code, IMAGE)


def too_many_images(most: int, count: int) -> ServiceError:
    """400: more input images than one edit takes."""
    message = (
        f"Invalid 'image': array too long. "
        f"Expected an array with maximum length {most}, but got an array with length {count} instead."
    )
    return refusal(message, "image", "array_above_max_length")


def bad_mimetype(name: str, mimetype: str, supported: Sequence[str]) -> ServiceError:
    """400: a part whose Content-Type is not that of an image the service takes."""
    listed = " and ".join(f"'{kind}'" for kind in supported)
    message = f"Invalid file '{name}': unsupported mimetype ('{mimetype}'). Supported file formats are {listed}."
    return refusal(message, name, "unsupported_file_mimetype")


def bad_image(message: str, param: str = "image") -> ServiceError:
    """400: an input image that cannot be used."""
    return refusal(message, param, "invalid_image_file", IMAGE)


def bad_mask(message: str) -> ServiceError:
    """400: a mask that cannot be used."""
    return refusal(f"Invalid mask image format - {message}", "mask", "invalid_mask_image_format", IMAGE)


def moderated(message: str, stage: str, categories: Sequence[str]) -> ServiceError:
    """400: what the gpt-image models answer when the safety system refuses the prompt or the picture."""
    details: Mapping[str, Any] = {"moderation_stage": stage, "categories": list(categories)}
    return refusal(message, None, "moderation_blocked", IMAGE, moderation_details=details)


def against_policy(message: str, filters: Mapping[str, Any], revised_prompt: str) -> ServiceError:
    """400: what dall-e-3 on Azure answers when the safety system refuses."""
    inner = {
        "code": "ResponsibleAIPolicyViolation",
        "content_filter_results": dict(filters),
        "revised_prompt": revised_prompt,
    }
    error = {"code": "content_policy_violation", "inner_error": inner, "message": message, "type": REQUEST}
    return ServiceError(400, {"error": error})


def filtered(created: int, message: str) -> ServiceError:
    """400: the documented shape of a refusal, with the time beside the error."""
    return ServiceError(400, {"created": created, "error": {"code": "contentFilter", "message": message}})
