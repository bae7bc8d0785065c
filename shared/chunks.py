"""Long texts cut into chunks that a model takes, at paragraphs and sentences where there are some."""

import math
import re
from dataclasses import dataclass

from semantic_text_splitter import TextSplitter

_OVERLAP = 8  # a chunk repeats up to an eighth of the one before, so that no sentence is without its neighbours
_LONGEST = 8  # characters that a token has at most by the estimate, white space around it and all
_WINDOW = 32  # characters split at once, for each token of a chunk: the time of the splitter grows with their square
_UNITS = re.compile(r"(?<=[a-z]{9})[a-z]{1,2}|[A-Z]?[a-z]{1,3}|[A-Z]{1,2}|\s{3}|[^A-Za-z\s]")
_HARD = re.compile(r"(?=[b-df-hj-np-tv-xz]{3})", re.IGNORECASE)  # three consonants: seldom within one token
_HALF = re.compile(r"[\ud800-\udfff]")
_COMMON = re.compile(r"[\u0370-\u07ff\u0900-\u0fff\u3000-\ud7ff\uf900-\ufaff\uff00-\uffef]+")  # Greek to Korean


@dataclass(frozen=True)
class Chunk:
    """A piece of a text, and where it stands there, in characters; `end` is exclusive."""

    start: int
    end: int
    text: str


def tokens(text: str) -> int:
    """About how many tokens a text has, and rather more than fewer.

    For some fifty languages and notations it is from 1 to 2.6 times what the vocabularies of OpenAI's models (cl100k
    and o200k) give, and 1.7 times for English. Those of the other models are not public, so it trusts in no merging
    of digits and signs, and letters of rare scripts count as many as they have bytes.
    """
    count = len(_UNITS.findall(text)) + len(_HARD.findall(text))
    if text.isascii():
        return count
    rare = _further_bytes(_COMMON.sub("", text))
    return count + rare + math.ceil((_further_bytes(text) - rare) / 4)


def _further_bytes(text: str) -> int:
    return len(text.encode(errors="replace")) - len(text)


def chunks(text: str, limit: int) -> list[Chunk]:
    """A text in chunks of at most `limit` tokens, in order; white space alone gives none.

    Half a surrogate pair, which an OCR answer may have and no request can carry, becomes U+FFFD.
    """
    splitter = TextSplitter.from_callback(tokens, limit, overlap=limit // _OVERLAP)
    whole, window = _HALF.sub("\ufffd", text), _WINDOW * limit
    found: list[Chunk] = []
    at = 0
    while at < len(whole):
        chunked = splitter.chunk_indices(whole[at : at + window])
        within = [Chunk(at + start, at + start + len(chunk), chunk) for start, chunk in chunked]
        goes_on = at + window < len(whole) and len(within) > 1
        at = within.pop().start if goes_on else at + window
        found += within
    return found


def shortened(text: str, limit: int) -> Chunk:
    """The first chunk of a text; an empty one of white space alone."""
    start = len(text) - len(text.lstrip())
    for first in chunks(text[start : start + _LONGEST * limit], limit):
        return Chunk(start + first.start, start + first.end, first.text)
    return Chunk(0, 0, "")
