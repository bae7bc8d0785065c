"""Confidence scores in the service's shapes; the numbers are the reader's own."""

from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

from local.foundry.ocr.page import Word

_DIGITS = 4


def page_scores(words: Sequence[Word], markdown: str, each_word: bool) -> dict[str, Any]:
    """Average and minimum over a page's words, and every word with its place in the Markdown if asked for."""
    average, minimum = _average_and_minimum(words)
    scores: dict[str, Any] = {"average_page_confidence_score": average, "minimum_page_confidence_score": minimum}
    if each_word:
        scores["word_confidence_scores"] = word_scores(words, markdown)
    return scores


def block_scores(words: Sequence[Word]) -> dict[str, float]:
    """Average and minimum over a block's words; the block's type is decided by rules, hence certain."""
    average, minimum = _average_and_minimum(words)
    return {
        "average_content_confidence_score": average,
        "minimum_content_confidence_score": minimum,
        "block_type_confidence_score": 1.0,
    }


def word_scores(words: Sequence[Word], content: str) -> list[dict[str, Any]]:
    """Each word that stands in the content, with its confidence and where it starts."""
    return list(_located(words, content))


def _located(words: Sequence[Word], content: str) -> Iterator[dict[str, Any]]:
    after = 0
    for word in words:
        start = content.find(word.text, after)
        # A word broken over two lines has been joined and is not found in its pieces.
        if start >= 0:
            after = start + len(word.text)
            yield {"text": word.text, "confidence": round(word.confidence, _DIGITS), "start_index": start}


def _average_and_minimum(words: Sequence[Word]) -> tuple[float, float]:
    values = [word.confidence for word in words] or [1.0]
    return round(fmean(values), _DIGITS), round(min(values), _DIGITS)
