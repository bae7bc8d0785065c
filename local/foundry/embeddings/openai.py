"""The dialect of Azure OpenAI's embeddings, after openai 3.52.0: text only, whatever the text looks like.

A data URL is a text like any other here and gets a vector of its letters, as on the service.
"""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from local.foundry.embeddings import azure, limits
from local.foundry.embeddings.models import EmbeddingModel
from local.foundry.embeddings.wanted import Input, Wanted
from local.foundry.images.refusals import below, mistyped, not_among, refusal

_FIELDS = frozenset({"model", "input", "dimensions", "encoding_format", "user"})
_FORMS = ("float", "base64")


def wanted(content: Mapping[str, Any], model: EmbeddingModel) -> Wanted:
    """What a body asks for; raises ServiceError 400."""
    told = {name: value for name, value in content.items() if value is not None}
    for name in told:
        if name not in _FIELDS:
            raise refusal(f"Unrecognized request argument supplied: {name}", None, None)
    texts = limits.fitting(_texts(told.get("input"), model), model)
    form = told.get("encoding_format", "float")
    if form not in _FORMS:
        raise not_among("encoding_format", str(form), _FORMS)
    return Wanted(tuple(Input(text) for text in texts), _dimensions(told, model), (form,), "document")


def body(vectors: NDArray[Any], wanted: Wanted, model: EmbeddingModel) -> dict[str, Any]:
    """The answer."""
    used = wanted.text_tokens
    return {
        "object": "list",
        "data": azure.items(vectors, wanted.forms[0]),
        "model": model.name,
        "usage": {"prompt_tokens": used, "total_tokens": used},
    }


def _texts(value: Any, model: EmbeddingModel) -> list[str]:
    """One text or several, or lists of token numbers, which stand here for words of their own."""
    if isinstance(value, list) and value and all(_is_token(one) for one in value):
        value = [value]
    entries = value if isinstance(value, list) else [value]
    texts = [_text(entry, model) for entry in entries]
    if not texts or not all(texts):
        message = (
            "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference."
        )
        raise refusal(message, None, None)
    return texts


def _text(entry: Any, model: EmbeddingModel) -> str:
    """The text of an entry, empty when it is none."""
    if model.is_openai and isinstance(entry, list) and all(_is_token(one) for one in entry):
        return " ".join(map(str, entry))
    return entry if isinstance(entry, str) else ""


def _is_token(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _dimensions(told: Mapping[str, Any], model: EmbeddingModel) -> int:
    asked = told.get("dimensions", model.dimensions)
    if not isinstance(asked, int) or isinstance(asked, bool):
        raise mistyped("dimensions", "an integer", asked)
    if asked < 1:
        raise below("dimensions", 1, asked)
    if not model.gives(asked):
        limit = f"less than or equal to {model.dimensions}" if model.is_openai else f"one of {_sizes(model)}"
        raise refusal(f"Invalid value for 'dimensions' = {asked}. Must be {limit}.", None, None)
    return asked


def _sizes(model: EmbeddingModel) -> str:
    return ", ".join(map(str, sorted((*(model.sizes or ()), model.dimensions))))
