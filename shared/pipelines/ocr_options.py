"""The options of a document: they ride on it as metadata, and in its message."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from shared.errors import Invalid
from shared.messages import OcrJob, OcrOptions, explain

_OPTIONS = tuple(OcrOptions.model_fields)
_SWITCHES = ("include_figures", "embed")
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def asked(job: OcrJob) -> dict[str, Any]:
    """The options that a message gives."""
    return job.model_dump(include=set(_OPTIONS), exclude_unset=True)


def merged_options(job: OcrJob, metadata: Mapping[str, str]) -> OcrOptions:
    """The options of a document: those of its metadata, and over them those of the message.

    Raises:
        Invalid: the metadata holds an option that cannot be read.
    """
    given = {name.lower(): value for name, value in metadata.items()}
    try:
        from_metadata = {name: _parsed(name, given[name]) for name in _OPTIONS if name in given}
        return OcrOptions.model_validate({**from_metadata, **asked(job)})
    except ValidationError as error:
        raise Invalid(f"The document's metadata cannot be used: {explain(error)}.", code="invalid_option") from None


def _parsed(name: str, text: str) -> Any:
    if name.endswith("schema"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise Invalid(f"The metadata {name} is not JSON.", code="invalid_option") from None
    return _FLAGS.get(text.strip().lower(), text) if name in _SWITCHES else text.strip() or None
