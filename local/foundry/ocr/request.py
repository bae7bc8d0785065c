"""OCR requests: one pydantic model per deployed model, each knowing exactly the fields its model accepts.

Which model accepts what follows public reports of live 422 answers and the fields of mistralai 3.7.0.
"""

import base64
import binascii
import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from local.foundry import errors

_INPUT_ECHOED = 200
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _DocumentUrl(_Strict):
    type: Literal["document_url"]
    document_url: str
    document_name: str | None = None

    @property
    def url(self) -> str:
        return self.document_url


class _ImageAddress(_Strict):
    url: str
    detail: Literal["low", "auto", "high"] | None = None


class _ImageUrl(_Strict):
    type: Literal["image_url"]
    image_url: str | _ImageAddress

    @property
    def url(self) -> str:
        return self.image_url if isinstance(self.image_url, str) else self.image_url.url


class _FileId(_Strict):
    type: Literal["file"]
    file_id: str

    @property
    def url(self) -> str:
        raise errors.bad_arguments("Files by id are not supported here; send the file as a base64 data URL.")


class _JsonSchema(_Strict):
    name: str
    schema_definition: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None
    description: str | None = None


class AnnotationFormat(_Strict):
    """How to annotate: a JSON schema, followed only if it is strict."""

    type: Literal["json_schema"]
    json_schema: _JsonSchema

    @property
    def followed(self) -> bool:
        """Whether the service acts on it: it skips a schema that is not strict without a word."""
        return self.json_schema.strict is True


def _unrolled(value: Any) -> Any:
    """Numbers and ranges such as '0,2-4' as a list; anything else as it is."""
    return [n for piece in value.split(",") for n in _range(piece.strip())] if isinstance(value, str) else value


def _distinct(numbers: list[int]) -> list[int]:
    if not numbers or min(numbers) < 0:
        raise ValueError("page numbers start from 0, and at least one is needed")
    return list(dict.fromkeys(numbers))


def _range(piece: str) -> range:
    match = _RANGE.fullmatch(piece)
    if match is None:
        raise ValueError("pages is a list of numbers, or numbers and ranges such as '0,2-4'")
    first, last = int(match[1]), int(match[2] or match[1])
    if not first <= last < first + 10_000:
        raise ValueError("a page range runs upwards")
    return range(first, last + 1)


class Ocr2503(_Strict):
    """What every OCR model accepts; a later model adds fields, and each refuses those it does not know."""

    model: str
    document: Annotated[_DocumentUrl | _ImageUrl | _FileId, Field(discriminator="type")]
    pages: Annotated[list[int], BeforeValidator(_unrolled), AfterValidator(_distinct)] | None = None
    include_image_base64: bool | None = None
    image_limit: int | None = Field(default=None, ge=0)
    image_min_size: int | None = Field(default=None, ge=0)

    def file(self) -> bytes:
        """The document's bytes; raises ServiceError unless it came as a base64 data URL."""
        return _decoded(self.document.url)


class Ocr2505(Ocr2503):
    """Adds annotations."""

    bbox_annotation_format: AnnotationFormat | None = None
    document_annotation_format: AnnotationFormat | None = None


class Ocr2512(Ocr2505):
    """Adds the annotation prompt, tables apart from the text, and headers and footers apart from the text."""

    document_annotation_prompt: str | None = None
    table_format: Literal["markdown", "html"] | None = None
    extract_header: bool | None = None
    extract_footer: bool | None = None


class Ocr40(Ocr2512):
    """Adds blocks and confidence scores."""

    include_blocks: bool | None = None
    confidence_scores_granularity: Literal["word", "page", "block"] | None = None


_REQUESTS: dict[str, type[Ocr2503]] = {
    "mistral-ocr-2503": Ocr2503,
    "mistral-document-ai-2505": Ocr2505,
    "mistral-document-ai-2512": Ocr2512,
    "mistral-ocr-4-0": Ocr40,
}


def deployment_of(body: bytes) -> tuple[str, dict[str, Any]]:
    """The deployment that a JSON body names, and the body parsed; raises ServiceError 422 when it names none."""
    try:
        content = json.loads(body)
    except ValueError as error:
        raise errors.unprocessable([_detail("json_invalid", [], "JSON decode error", str(error))]) from error
    if not isinstance(content, dict):
        raise errors.unprocessable([_detail("model_attributes_type", [], "Input should be a valid dictionary", None)])
    if "model" not in content:
        raise errors.unprocessable([_detail("missing", ["model"], "Field required", None)])
    if not isinstance(content["model"], str):
        raise errors.unprocessable([_detail("string_type", ["model"], "Input should be a valid string", None)])
    return content["model"], content


def validated(content: dict[str, Any], model: str) -> Ocr40:
    """The request, as the newest model's superset with defaults for what its own model does not know.

    Raises ServiceError 422 with one detail per field that the model does not accept.
    """
    try:
        accepted = _REQUESTS[model].model_validate(content)
    except ValidationError as error:
        raise errors.unprocessable([_as_detail(dict(entry)) for entry in error.errors(include_url=False)]) from error
    return Ocr40.model_construct(**dict(accepted))


def _as_detail(entry: dict[str, Any]) -> dict[str, Any]:
    return _detail(entry["type"], list(entry["loc"]), entry["msg"], entry["input"])


def _detail(kind: str, loc: list[str | int], message: str, value: Any) -> dict[str, Any]:
    echoed = value if len(str(value)) <= _INPUT_ECHOED else None
    return {"type": kind, "loc": ["body", *loc], "msg": message, "input": echoed}


def _decoded(url: str) -> bytes:
    head, comma, payload = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        raise errors.bad_arguments(
            "Only base64 data URLs are accepted for documents and images, not addresses or bare base64."
        )
    try:
        return base64.b64decode(payload, validate=True)
    except binascii.Error as error:
        raise errors.bad_file("The document's data URL is not valid base64.") from error
