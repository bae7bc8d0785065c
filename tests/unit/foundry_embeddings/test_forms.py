"""The forms in which vectors are sent, and how tokens are counted."""

import base64
import struct

import numpy as np
import pytest

from local.foundry.embeddings import tokens
from local.foundry.embeddings.formats import sent
from local.foundry.embeddings.models import EMBEDDING_MODELS
from local.foundry.settings import EMBEDDING_MODELS as DEPLOYED
from tests.unit.foundry_embeddings.asking import vectors

VECTOR = vectors("a fox in the snow")[0]


def test_base64_is_float32_in_little_endian_order() -> None:
    """The text decodes to the same numbers as the list."""
    encoded = sent(VECTOR, "base64")
    assert isinstance(encoded, str)
    assert struct.unpack("<1536f", base64.b64decode(encoded)) == pytest.approx(sent(VECTOR, "float"), abs=1e-8)


def test_eight_bit_numbers_keep_the_direction() -> None:
    """Signed and unsigned numbers differ by 128, and point where the floats do."""
    signed, unsigned = np.array(sent(VECTOR, "int8")), np.array(sent(VECTOR, "uint8"))
    assert signed.min() >= -128 and signed.max() <= 127
    assert (unsigned - signed == 128).all()
    assert signed @ VECTOR / np.linalg.norm(signed) > 0.99


def test_bits_are_the_signs_packed_by_eight() -> None:
    """Unpacked, the numbers tell which elements are positive; signed ones are 128 less."""
    unsigned, signed = sent(VECTOR, "ubinary"), sent(VECTOR, "binary")
    assert len(unsigned) == len(VECTOR) // 8
    assert np.unpackbits(np.array(unsigned, np.uint8)).tolist() == (VECTOR > 0).tolist()
    assert [number + 128 for number in signed if isinstance(number, int)] == unsigned


@pytest.mark.parametrize(
    ("text", "count"),
    [("a fox", 2), ("eighteen", 1), ("seventeen", 2), ("don't!", 4), ("漢字", 2), ("Łódź", 4), ("", 0), (" \n", 0)],
)
def test_tokens_are_pieces_of_words_and_signs(text: str, count: int) -> None:
    """Eight plain letters are one token, and any other sign is one."""
    assert tokens.count(text) == count


def test_a_long_text_loses_its_end_or_its_start() -> None:
    """Cutting leaves exactly as many tokens as are allowed, from the side that is kept."""
    text = "one two three four"
    assert tokens.cut(text, 2, lose_start=False) == "one two"
    assert tokens.cut(text, 2, lose_start=True) == "three four"
    assert tokens.cut(text, 4, lose_start=True) == text


def test_every_model_with_vectors_is_deployed() -> None:
    """The deployments that exist after a start are the models whose limits are known."""
    assert tuple(EMBEDDING_MODELS) == DEPLOYED
