"""How many texts a call may hold and how long they may be, told in the way of the model's maker."""

from collections.abc import Sequence

from local.foundry.embeddings import refusals, tokens
from local.foundry.embeddings.models import EmbeddingModel
from local.foundry.images.refusals import refusal

TRUNCATE = ("NONE", "START", "END")
_MOST_OPENAI_TOKENS = 300_000


def fitting(
    texts: Sequence[str], model: EmbeddingModel, truncate: str = "END", most_tokens: int | None = None
) -> list[str]:
    """The texts as the model reads them: Cohere's cut the long ones unless `truncate` is NONE, OpenAI's refuse them.

    `most_tokens` lowers the model's own limit. Raises ServiceError 400.
    """
    if model.is_openai:
        _check_openai(texts, model)
        return list(texts)
    if len(texts) > model.most_inputs:
        raise refusals.too_many("texts", model.most_inputs, len(texts))
    most = min(most_tokens or model.most_tokens, model.most_tokens)
    if truncate == "NONE":
        _check_length(texts, most)
    return [tokens.cut(text, most, lose_start=truncate == "START") for text in texts]


def check_pictures(count: int, model: EmbeddingModel) -> None:
    """Raise ServiceError 400 if the model does not take so many pictures in a call."""
    if model.most_images is not None and count > model.most_images:
        raise refusals.too_many("images", model.most_images, count)


def _check_length(texts: Sequence[str], most: int) -> None:
    for text in texts:
        if (length := tokens.count(text)) > most:
            raise refusals.cohere(f"invalid request: too long text: total number of tokens is {length}, max is {most}")


def _check_openai(texts: Sequence[str], model: EmbeddingModel) -> None:
    if len(texts) > model.most_inputs:
        message = (
            f"Invalid 'input': array too long. Expected an array with maximum length {model.most_inputs}, "
            f"but got an array with length {len(texts)} instead."
        )
        raise refusal(message, "input", "array_above_max_length")
    lengths = [tokens.count(text) for text in texts]
    for length in lengths:
        if length > model.most_tokens:
            message = (
                f"This model's maximum context length is {model.most_tokens} tokens, however you requested {length} "
                f"tokens ({length} in your prompt; 0 for the completion). "
                "Please reduce your prompt; or completion length."
            )
            raise refusal(message, None, None)
    if sum(lengths) > _MOST_OPENAI_TOKENS:
        message = f"Requested {sum(lengths)} tokens, max {_MOST_OPENAI_TOKENS} tokens per request"
        raise refusal(message, None, "max_tokens_per_request", "max_tokens_per_request")
