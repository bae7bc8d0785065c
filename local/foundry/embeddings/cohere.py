"""The dialect of `/providers/cohere/v2/embed`, after the types of cohere 7.3.1."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from numpy.typing import NDArray

from local.foundry.embeddings import limits, pictures, refusals
from local.foundry.embeddings.formats import sent
from local.foundry.embeddings.models import EmbeddingModel
from local.foundry.embeddings.pictures import Picture
from local.foundry.embeddings.wanted import Input, Wanted, identifier

_FIELDS = frozenset(
    {"model", "input_type", "texts", "images", "inputs", "embedding_types", "output_dimension", "truncate"}
    | {"max_tokens", "priority"}
)
_PURPOSES = {
    "search_document": "document",
    "search_query": "query",
    "classification": "classification",
    "clustering": "clustering",
    "image": "document",
}
_KINDS = ("texts", "images", "inputs")


def wanted(content: Mapping[str, Any], model: EmbeddingModel) -> Wanted:
    """What a body asks for; raises ServiceError 400 in Cohere's shape."""
    told = {name: value for name, value in content.items() if value is not None}
    for name in told:
        if name not in _FIELDS:
            raise refusals.cohere(f"invalid request: unknown field: parameter '{name}' is not a valid field")
    purpose = _PURPOSES.get(str(told.get("input_type")))
    if purpose is None:
        raise refusals.cohere("invalid request: valid input_type must be provided with the provided model")
    forms = _several(told.get("embedding_types", ["float"]), "embedding_types", model.formats)
    return Wanted(_inputs(told, model), _dimensions(told, model), forms, purpose)


def body(vectors: NDArray[Any], wanted: Wanted, _model: EmbeddingModel) -> dict[str, Any]:
    """The answer: the vectors in every form that was asked for."""
    seen = wanted.pictures
    billed = {"input_tokens": wanted.text_tokens, "images": len(seen), "image_tokens": wanted.image_tokens}
    return {
        "id": identifier(vectors),
        "response_type": "embeddings_by_type",
        "embeddings": {form: [sent(vector, form) for vector in vectors] for form in wanted.forms},
        "texts": [one.text for one in wanted.inputs if one.text is not None],
        "images": [_told(picture) for picture in seen],
        "meta": {"api_version": {"version": "2"}, "billed_units": billed},
    }


def _told(picture: Picture) -> dict[str, Any]:
    return {
        "width": picture.width,
        "height": picture.height,
        "format": picture.format,
        "bit_depth": picture.bit_depth,
    }


def _inputs(told: Mapping[str, Any], model: EmbeddingModel) -> tuple[Input, ...]:
    given = [kind for kind in _KINDS if told.get(kind)]
    if len(given) != 1:
        raise refusals.cohere("invalid request: exactly one of texts, images or inputs must be provided")
    [kind] = given
    entries = told[kind]
    if not isinstance(entries, list):
        raise refusals.cohere(f"invalid request: {kind} must be an array")
    if kind == "texts":
        return _of_texts(entries, told, model)
    if kind == "images":
        return _of_images(entries, model)
    return _of_pairs(entries, told, model)


def _of_texts(entries: Sequence[Any], told: Mapping[str, Any], model: EmbeddingModel) -> tuple[Input, ...]:
    if told["input_type"] == "image":
        raise refusals.cohere("invalid request: texts must be empty when input_type is image")
    texts = [_text(entry, f"texts[{index}]") for index, entry in enumerate(entries)]
    return tuple(Input(text) for text in _fitting(texts, told, model))


def _of_images(entries: Sequence[Any], model: EmbeddingModel) -> tuple[Input, ...]:
    limits.check_pictures(len(entries), model)
    files = [_file(entry, f"images[{index}]") for index, entry in enumerate(entries)]
    return tuple(Input(pictures=(picture,)) for picture in pictures.opened(files, model))


def _of_pairs(entries: Sequence[Any], told: Mapping[str, Any], model: EmbeddingModel) -> tuple[Input, ...]:
    if not model.pairs:
        raise refusals.cohere(f"invalid request: inputs are not supported with the model {model.name}")
    if len(entries) > model.most_inputs:
        raise refusals.too_many("inputs", model.most_inputs, len(entries))
    taken = [_parts(entry, f"inputs[{index}]") for index, entry in enumerate(entries)]
    texts = _fitting([text for text, _ in taken], told, model)
    opened = iter(pictures.opened([file for _, files in taken for file in files], model))
    seen = [tuple(islice(opened, len(files))) for _, files in taken]
    return tuple(Input(text or None, shown) for text, shown in zip(texts, seen, strict=True))


def _parts(entry: Any, where: str) -> tuple[str, list[bytes]]:
    """The text of one input, its pieces joined, and its pictures."""
    content = entry.get("content") if isinstance(entry, dict) else None
    if not isinstance(content, list) or not content:
        raise refusals.cohere(f"invalid request: {where}.content must be a non-empty array")
    pieces = [_piece(piece, f"{where}.content") for piece in content]
    files = [piece for piece in pieces if isinstance(piece, bytes)]
    return "\n".join(piece for piece in pieces if isinstance(piece, str)), files


def _piece(piece: Any, where: str) -> str | bytes:
    kind = piece.get("type") if isinstance(piece, dict) else None
    if kind == "text":
        return _text(piece.get("text"), f"{where}.text")
    if kind != "image_url":
        raise refusals.cohere(f"invalid request: {where} has a piece that is neither text nor image_url")
    address = piece.get("image_url")
    return _file(address.get("url") if isinstance(address, dict) else address, f"{where}.image_url.url")


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise refusals.cohere(f"invalid request: {where} must be a string")
    if not value:
        raise refusals.cohere(f"invalid request: {where} must not be empty")
    return value


def _file(value: Any, where: str) -> bytes:
    data = pictures.data_of(value) if isinstance(value, str) else None
    if data is None:
        raise refusals.cohere(f"invalid request: {where} must be a valid data URI of an image")
    return data


def _fitting(texts: Sequence[str], told: Mapping[str, Any], model: EmbeddingModel) -> list[str]:
    truncate, most = told.get("truncate", "END"), told.get("max_tokens")
    if truncate not in limits.TRUNCATE:
        raise refusals.cohere("invalid request: truncate must be one of NONE, START, END")
    if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 1):
        raise refusals.cohere("invalid request: max_tokens must be a positive integer")
    return limits.fitting(texts, model, truncate, most)


def _dimensions(told: Mapping[str, Any], model: EmbeddingModel) -> int:
    asked = told.get("output_dimension", model.dimensions)
    if not isinstance(asked, int) or isinstance(asked, bool) or not model.gives(asked):
        raise refusals.cohere(
            f"invalid request: output_dimension {asked!r} is not supported with the model {model.name}"
        )
    return asked


def _several(value: Any, name: str, known: Sequence[str]) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or any(one not in known for one in value):
        raise refusals.cohere(f"invalid request: {name} must be an array of one or more of {', '.join(known)}")
    return tuple(dict.fromkeys(value))
