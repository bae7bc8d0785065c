"""What a text is about, as weighted features: its words, parts of them, and simpler words for the same things."""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator

_WORD = re.compile(r"[^\W_]+")
_COMMON_WORDS = (
    "a an and are as at be by for from in is it its of on or over that the this to under was were with "
    "das der die ein eine im mit und von zu"
)
_COMMON = frozenset(_COMMON_WORDS.split())
_COMMON_WEIGHT = 0.1
_PART_WEIGHT = 0.2
_ALIKE_WEIGHT = 0.6
_ALIKE = {
    "red": "crimson scarlet ruby",
    "orange": "coral amber",
    "yellow": "gold golden lemon",
    "green": "emerald lime olive",
    "turquoise": "teal cyan aqua",
    "blue": "navy azure indigo",
    "purple": "violet lilac magenta",
    "pink": "rose",
    "brown": "wooden wood beige",
    "grey": "gray silver",
    "black": "ebony",
    "white": "snow snowy ivory",
    "night": "dark midnight moon moonlight star starry",
    "sunset": "dusk dawn sunrise evening",
    "sea": "ocean water wave lake river beach",
    "meadow": "forest tree grass hill field garden",
    "document": "page text letter invoice receipt contract report form paper scan table",
    "chart": "diagram graph plot figure dashboard screenshot bar",
}
_SIMPLER = {word: simple for simple, words in _ALIKE.items() for word in words.split()}


def features(text: str) -> dict[str, float]:
    """Every feature with its weight; a text without a single letter or digit has its signs as features."""
    counted = Counter(_words(text)) or Counter(text)
    found: dict[str, float] = defaultdict(float)
    for word, times in counted.items():
        weight = math.sqrt(times) * (_COMMON_WEIGHT if word in _COMMON else 1.0)
        for feature, share in _of_a_word(word):
            found[feature] += weight * share
    return dict(found)


def _words(text: str) -> Iterator[str]:
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
    return (_singular(word) for word in _WORD.findall(plain))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _of_a_word(word: str) -> Iterator[tuple[str, float]]:
    yield f"word {word}", 1.0
    if word in _SIMPLER:
        yield f"word {_SIMPLER[word]}", _ALIKE_WEIGHT
    for start in range(len(word) - 2):
        yield f"part {word[start : start + 3]}", _PART_WEIGHT
