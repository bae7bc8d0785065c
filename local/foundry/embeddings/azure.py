"""The dialect of `/models/embeddings` and `/models/images/embeddings`, and of their twins on serverless endpoints.

After the specification AI.Model 2024-05-01-preview and azure-ai-inference 1.0.0b9.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from local.foundry.embeddings import limits, pictures, refusals
from local.foundry.embeddings.formats import sent
from local.foundry.embeddings.models import EmbeddingModel
from local.foundry.embeddings.wanted import Input, Wanted, identifier

_FIELDS = frozenset({"model", "input", "input_type", "dimensions", "encoding_format"})
_INPUT_TYPES = ("text", "query", "document")


def settled(content: Mapping[str, Any], extra: str | None) -> dict[str, Any]:
    """The body after the header `extra-parameters` has had its say; raises ServiceError 400."""
    if extra not in (None, "error", "drop", "pass-through"):
        raise refusals.unexpected_option(str(extra))
    unknown = [name for name in content if name not in _FIELDS]
    if unknown and extra in (None, "error"):
        raise refusals.extra_parameters(unknown)
    return {name: value for name, value in content.items() if name in _FIELDS or extra == "pass-through"}


def wanted_texts(content: Mapping[str, Any], model: EmbeddingModel) -> Wanted:
    """Texts to embed; raises ServiceError 422 for values, 400 for what the model refuses."""
    texts = _entries(content)
    for index, text in enumerate(texts):
        _check_text(["input", index], text)
    fitting = limits.fitting(texts, model, _truncate(content))
    return _wanted([Input(text) for text in fitting], content, model)


def wanted_images(content: Mapping[str, Any], model: EmbeddingModel) -> Wanted:
    """Pictures to embed, each with a text if the model takes pairs; raises as for texts."""
    entries = _entries(content)
    if len(entries) > model.most_inputs:
        raise refusals.too_many("inputs", model.most_inputs, len(entries))
    files = [_file(index, entry, model) for index, entry in enumerate(entries)]
    limits.check_pictures(len(files), model)
    texts = limits.fitting([entry.get("text") or "" for entry in entries], model, _truncate(content))
    found = zip(texts, pictures.opened(files, model), strict=True)
    return _wanted([Input(text or None, (picture,)) for text, picture in found], content, model)


def body(vectors: NDArray[Any], wanted: Wanted, model: EmbeddingModel) -> dict[str, Any]:
    """The answer."""
    used = wanted.text_tokens + wanted.image_tokens
    return {
        "id": identifier(vectors),
        "object": "list",
        "model": model.name,
        "data": items(vectors, wanted.forms[0]),
        "usage": {"prompt_tokens": used, "completion_tokens": 0, "total_tokens": used},
    }


def items(vectors: NDArray[Any], form: str) -> list[dict[str, Any]]:
    """The entries of `data`."""
    return [
        {"index": index, "object": "embedding", "embedding": sent(vector, form)} for index, vector in enumerate(vectors)
    ]


def _entries(content: Mapping[str, Any]) -> list[Any]:
    if "input" not in content:
        raise refusals.invalid(["input"], "missing", "Field required", dict(content))
    entries = content["input"]
    if not isinstance(entries, list):
        raise refusals.invalid(["input"], "list_type", "Input should be a valid list", entries)
    if not entries:
        raise refusals.invalid(["input"], "value_error", "Value error, input can not be an empty list", entries)
    return entries


def _check_text(loc: list[str | int], text: Any) -> None:
    if not isinstance(text, str):
        raise refusals.invalid(loc, "string_type", "Input should be a valid string", text)
    if not text:
        raise refusals.invalid(loc, "value_error", "Value error, input can not be an empty string", text)


def _file(index: int, entry: Any, model: EmbeddingModel) -> bytes:
    loc: list[str | int] = ["input", index]
    if not isinstance(entry, dict):
        raise refusals.invalid(loc, "dict_type", "Input should be a valid dictionary", entry)
    if "image" not in entry:
        raise refusals.invalid([*loc, "image"], "missing", "Field required", entry)
    _check_text([*loc, "image"], entry["image"])
    if entry.get("text") is not None:
        _check_text([*loc, "text"], entry["text"])
        if not model.pairs:
            raise refusals.unsupported("text", entry["text"])
    data = pictures.data_of(entry["image"])
    if data is None:
        message = "Value error, image must be a data URL of an image in base64"
        raise refusals.invalid([*loc, "image"], "value_error", message, entry["image"])
    return data


def _wanted(inputs: Sequence[Input], content: Mapping[str, Any], model: EmbeddingModel) -> Wanted:
    dimensions = content.get("dimensions", content.get("output_dimension"))
    if dimensions is not None and (not isinstance(dimensions, int) or isinstance(dimensions, bool)):
        raise refusals.invalid(["dimensions"], "int_type", "Input should be a valid integer", dimensions)
    if dimensions is not None and not model.gives(dimensions):
        raise refusals.unsupported("dimensions", dimensions)
    form = _among(content, "encoding_format", model.formats) or "float"
    purpose = _among(content, "input_type", _INPUT_TYPES[:1] if model.is_openai else _INPUT_TYPES)
    return Wanted(tuple(inputs), dimensions or model.dimensions, (form,), purpose or "document")


def _among(content: Mapping[str, Any], name: str, supported: Sequence[str]) -> str | None:
    value = content.get(name)
    if value is None:
        return None
    if value not in supported:
        raise refusals.unsupported(name, value)
    return str(value)


def _truncate(content: Mapping[str, Any]) -> str:
    """Cohere's own parameter, which reaches the model only when extra parameters are passed through."""
    return _among(content, "truncate", limits.TRUNCATE) or "END"
