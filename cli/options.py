"""How documents are to be read, as the blob metadata that rides on them; and what is wrong with an option."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cli.errors import WrongUseError
from shared.errors import Invalid
from shared.messages import OcrOptions

_LARGEST_METADATA = (
    8 * 1024
)  # bytes of names and values; https://learn.microsoft.com/rest/api/storageservices/set-blob-metadata


def metadata(schemas: dict[str, Path | None], **options: Any) -> dict[str, str]:
    """The options as metadata: the keys are those of `OcrOptions`, the values text, schemas and the like JSON.

    Options that are None are left out. `schemas` names files of JSON Schema by the option they belong to.

    Raises:
        WrongUseError: an option or a schema cannot be used, or all together are more than a blob can carry.
    """
    given = {name: value for name, value in options.items() if value is not None}
    given |= {name: _schema(path) for name, path in schemas.items() if path is not None}
    try:
        checked = OcrOptions(**given).model_dump(include=set(given))
    except Invalid as error:
        raise WrongUseError(error.message) from None
    except ValidationError as error:
        raise WrongUseError(complaint(error)) from None
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in checked.items()}
    _carried(texts)
    return texts


def complaint(error: ValidationError) -> str:
    """What is wrong with options, in a sentence that names the first one that cannot be used."""
    first = error.errors(include_url=False, include_input=False)[0]
    why = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return f"{why[:1].upper()}{why[1:]}."
    return f"The option {'.'.join(map(str, first['loc']))} cannot be used: {why[:1].lower()}{why[1:]}."


def _schema(path: Path) -> Any:
    try:
        schema = json.loads(path.read_bytes())
    except OSError as error:
        raise WrongUseError(f"The schema {path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise WrongUseError(f"The schema {path} is not JSON: {error}.") from None
    if not isinstance(schema, dict):
        raise WrongUseError(f"The schema {path} is not a JSON object.")
    return schema


def _carried(texts: dict[str, str]) -> None:
    for name, text in texts.items():
        if not (text.isascii() and text.isprintable()):
            raise WrongUseError(f"The option {name} has a character that blob metadata cannot carry; it must be ASCII.")
    size = sum(len(name) + len(text) for name, text in texts.items())
    if size > _LARGEST_METADATA:
        raise WrongUseError(
            f"The options have {size} bytes, and blob metadata carries {_LARGEST_METADATA}; "
            "drop the files without the schemas and post messages with them to the queue ocr-jobs."
        )
