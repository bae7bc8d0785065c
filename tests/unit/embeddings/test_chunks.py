"""Texts are cut where a reader would, into chunks that a model takes whole."""

import json
import random
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from semantic_text_splitter import TextSplitter

from shared.chunks import Chunk, chunks, shortened, tokens

SENTENCE = "The keeper climbs the stairs of the lighthouse every evening before the sun goes down."
PARAGRAPH = " ".join([SENTENCE] * 4)
TEXT = "\n\n".join([PARAGRAPH] * 10)
RANDOM = random.Random(5)
KINDS: dict[str, str] = {
    **json.loads((Path(__file__).parent / "languages.json").read_text(encoding="utf-8")),
    "english": TEXT,
    "markdown": "| a | b |\n|---|:-:|\n| 1 | 2,000.50 |\n\n# Heading\n\n- [ ] item `code`\n" * 5,
    "code": "    for name, value in told.items():\n        if not value:\n            return {name: [0.5, 1e-9]}\n" * 5,
    "identifiers": "getUserAccountBalance XMLHttpRequestFactory https://example.com/a/b?c=d&utm_source=x_y-z#frag",
    "digits": " ".join(str(RANDOM.randrange(10**9)) for _ in range(40)),
    "hexadecimal": RANDOM.randbytes(200).hex(),
    "random letters": " ".join("".join(RANDOM.choices("abcdefghijklmnopqrstuvwxyz", k=4)) for _ in range(60)),
    "random capitals": "".join(RANDOM.choices("ACGT", k=300)),
    "signs": "".join(RANDOM.choices("!@#$%^&*()_+-=[]{};:,./<>?|~`'", k=300)),
    "white space": "a" + " " * 300 + "b" + "\n\n\n\t\t  \n \t \n" * 20 + "\r\n" * 50,
}


@cache
def _whole(model: str, limit: int) -> TextSplitter:
    return TextSplitter.from_tiktoken_model(model, limit, trim=False)


def counted(text: str, model: str) -> int:
    """The tokens of a text by a real vocabulary: the least limit that leaves it in one piece."""
    low, high = 0, 2 * len(text.encode())
    while high - low > 1:
        limit = (low + high) // 2
        low, high = (low, limit) if len(_whole(model, limit).chunks(text)) == 1 else (limit, high)
    return high


@pytest.mark.parametrize("model", ["text-embedding-3-small", "gpt-4o"], ids=["cl100k", "o200k"])
@pytest.mark.parametrize("kind", KINDS)
def test_tokens_are_never_fewer_than_a_real_vocabulary_counts(kind: str, model: str) -> None:
    """A chunk above the model's limit would be refused, or cut in silence; one below costs little."""
    real = counted(KINDS[kind], model)

    assert real <= tokens(KINDS[kind])


@pytest.mark.parametrize("kind", ["english", "french", "code"])
def test_tokens_are_less_than_twice_those_of_usual_texts(kind: str) -> None:
    """Estimating for the worst alone would cut prose into pieces of a few sentences."""
    assert tokens(KINDS[kind]) < 2 * counted(KINDS[kind], "text-embedding-3-small")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("limit", [16, 64, 512])
def test_chunks_are_within_the_limit_and_lose_nothing(kind: str, limit: int) -> None:
    """Each is the text from its start to its end, and every letter is in one of them."""
    text = KINDS[kind]

    found = chunks(text, limit)

    assert all(tokens(chunk.text) <= limit and text[chunk.start : chunk.end] == chunk.text for chunk in found)
    missed = set(range(len(text))) - {at for chunk in found for at in range(chunk.start, chunk.end)}
    assert not "".join(text[at] for at in missed).strip()


def test_a_short_text_is_one_chunk() -> None:
    """Without the white space around it."""
    assert chunks(f"\n\n  {SENTENCE} \n", 512) == [Chunk(4, 4 + len(SENTENCE), SENTENCE)]


def test_cuts_are_between_paragraphs_and_else_between_sentences() -> None:
    """Half a sentence means something else."""
    whole = chunks(TEXT, tokens(PARAGRAPH) + 5)
    halves = chunks(TEXT, tokens(PARAGRAPH) - 5)

    assert {chunk.text for chunk in whole} == {PARAGRAPH}
    assert all(chunk.text.startswith("The keeper") and chunk.text.endswith("goes down.") for chunk in halves)


def test_a_chunk_repeats_up_to_an_eighth_of_the_one_before() -> None:
    """So a thought at a cut is whole in one of the two."""
    found = chunks(" ".join([SENTENCE] * 80), 400)

    overlaps = [tokens(one.text[two.start - one.start :]) for one, two in pairwise(found)]
    assert all(0 < overlap <= 50 for overlap in overlaps)


@pytest.mark.parametrize("text", ["", " ", "\n\n \t", "\u2003\u00a0"])
def test_white_space_alone_has_no_chunk(text: str) -> None:
    """A service refuses an empty text."""
    assert chunks(text, 512) == []
    assert shortened(text, 512) == Chunk(0, 0, "")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("before", ["", "\n" * 10_000])
def test_a_shortened_text_is_its_first_chunk(kind: str, before: str) -> None:
    """Whatever stands behind it, or before it and is white."""
    text = before + KINDS[kind] * 3

    assert shortened(text, 64) == chunks(text, 64)[0]


def test_half_a_surrogate_pair_is_replaced() -> None:
    """An OCR answer may have one, and no request can carry it."""
    assert chunks("one \ud83d two", 512) == [Chunk(0, 9, "one \ufffd two")]


@settings(max_examples=50)
@given(text=st.text(max_size=300), limit=st.integers(8, 64))
def test_any_text_is_cut_within_the_limit(text: str, limit: int) -> None:
    """Offsets count characters, whatever they weigh in bytes."""
    for chunk in chunks(text, limit):
        assert tokens(chunk.text) <= limit
        assert (chunk.end - chunk.start, text[chunk.start : chunk.end]) == (len(chunk.text), chunk.text)
