"""An embedding answer is right, or refused: what a wrong vector stands for cannot be told."""

import base64
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clients.embedding_answer import EmbeddingAnswer, Vector
from shared.clients.embeddings import EmbeddingRequest
from shared.errors import Incomplete, Unavailable
from shared.messages import EmbeddingUsage
from tests.unit.embeddings.asking import asked, by_type, in_data

PICTURE = Path("picture.png")


def read(folder: Path, told: Any, request: EmbeddingRequest, dimensions: int | None = None) -> EmbeddingAnswer:
    """The answer that this JSON is."""
    path = folder / "answer"
    path.write_text(told if isinstance(told, str) else json.dumps(told))
    return EmbeddingAnswer.read(path, request, dimensions)


def numbers(answer: EmbeddingAnswer) -> list[tuple[float, ...]]:
    """Its vectors."""
    return [vector.numbers for vector in answer.vectors]


def packed(*floats: float) -> str:
    """Numbers as base64 has them."""
    return base64.b64encode(struct.pack(f"<{len(floats)}f", *floats)).decode()


def test_vectors_are_as_they_were_sent(tmp_path: Path) -> None:
    """To the last digit, whole numbers among them."""
    told = in_data([0.1234567890123, -1e-9], [1, -0.5])

    assert numbers(read(tmp_path, told, asked(), 2)) == [(0.1234567890123, -1e-9), (1, -0.5)]


def test_vectors_are_put_in_the_order_of_the_inputs(tmp_path: Path) -> None:
    """The index says which is whose, wherever it stands."""
    told = in_data([1.0], [2.0], [3.0])
    told["data"].reverse()

    assert numbers(read(tmp_path, told, asked(texts=("a", "b", "c")), 1)) == [(1.0,), (2.0,), (3.0,)]


@pytest.mark.parametrize("indexes", [(0, 0), (1, 2), (0, 2), (-1, 0), (0, None), ("0", "1"), (0, [1])])
def test_indexes_that_are_no_permutation_are_refused(tmp_path: Path, indexes: tuple[Any, ...]) -> None:
    """Taken as they stand, vectors would go to the wrong inputs."""
    told = in_data([1.0], [2.0])
    for item, index in zip(told["data"], indexes, strict=True):
        item["index"] = index

    with pytest.raises(Incomplete, match="which input each belongs to"):
        read(tmp_path, told, asked(), 1)


@pytest.mark.parametrize(
    ("told", "request_", "says"),
    [
        (in_data([1.0]), asked(), "2 inputs with 1 vectors"),
        (in_data([1.0], [1.0], [1.0]), asked(), "2 inputs with 3 vectors"),
        (in_data([1.0], [1.0]), asked("models", (), image=PICTURE), "1 inputs with 2 vectors"),
        (in_data([1.0], [1.0]), asked("models", ("a",), image=PICTURE), "1 inputs with 2 vectors"),
        (by_type("float", [1.0]), asked("cohere"), "2 inputs with 1 vectors"),
        (by_type("float", [1.0], [1.0]), asked("cohere", (), image=PICTURE), "1 inputs with 2 vectors"),
        (by_type("int8", [1]), asked("cohere", ("a",)), "1 inputs with 0 vectors"),
        ({"embeddings": [[1.0]]}, asked("cohere", ("a",)), "1 inputs with 0 vectors"),
    ],
)
def test_as_many_vectors_as_inputs_or_none(tmp_path: Path, told: Any, request_: EmbeddingRequest, says: str) -> None:
    """A service answered many pictures with one vector; none of them is whose."""
    with pytest.raises(Incomplete, match=says):
        read(tmp_path, told, request_)


@pytest.mark.parametrize(
    ("vector", "dimensions", "says"),
    [
        ([0.5], 2, "1 dimensions instead of 2"),
        ([0.5, 0.5, 0.5], 2, "3 dimensions instead of 2"),
        ([], 2, "0 dimensions instead of 2"),
        ([], None, "nothing but zeros"),
        ([0.0, -0.0, 0], 3, "nothing but zeros"),
        ([0.5, float("nan")], 2, "finite float"),
        ([0.5, float("inf")], 2, "finite float"),
        ([0.5, -float("inf")], 2, "finite float"),
        ([0.5, 1e39], 2, "finite float"),
        ([0.5, 10**400], 2, "finite float"),
        ([0.5, None], 2, "finite float"),
        ([0.5, "0.5"], 2, "finite float"),
        ([0.5, True], 2, "finite float"),
        ([[0.5, 0.5]], 1, "finite float"),
        (None, 2, "0 dimensions instead of 2"),
        ("AAAA", 2, "0 dimensions instead of 2"),
        ({"0": 0.5}, 2, "0 dimensions instead of 2"),
    ],
)
@pytest.mark.parametrize("route", ["models", "cohere"])
def test_a_vector_that_is_none_is_refused(
    tmp_path: Path, route: Any, vector: Any, dimensions: int | None, says: str
) -> None:
    """Of the promised length, finite, not all zero: a search would find anything by another."""
    told = by_type("float", vector) if route == "cohere" else in_data(vector)

    with pytest.raises(Incomplete, match=says):
        read(tmp_path, told, asked(route, ("a",)), dimensions)


def test_one_bad_vector_among_good_ones_is_named(tmp_path: Path) -> None:
    """Somebody who looks for the cause learns which input it was."""
    with pytest.raises(Incomplete, match=r"\(2 of 3\)"):
        read(tmp_path, in_data([1.0], [0.0], [1.0]), asked(texts=("a", "b", "c")), 1)


def test_vectors_of_an_unknown_model_have_one_length(tmp_path: Path) -> None:
    """Where nobody tells the dimensions, the first vector does."""
    read(tmp_path, in_data([1.0, 2.0], [1.0, 2.0]), asked())

    with pytest.raises(Incomplete, match="1 dimensions instead of 2"):
        read(tmp_path, in_data([1.0, 2.0], [1.0]), asked())


@pytest.mark.parametrize("told", ["", "null", "[]", "{}", '{"data": []}', '{"data": [{"index"', '{"error": {}}'])
def test_an_answer_without_vectors_is_unavailable(tmp_path: Path, told: str) -> None:
    """In the ledger as on the wire: nothing usable is there, so asking again is right."""
    with pytest.raises(Unavailable):
        read(tmp_path, told, asked())


@pytest.mark.parametrize("route", ["models", "v1", "cohere"])
def test_base64_is_decoded(tmp_path: Path, route: Any) -> None:
    """Little-endian 32-bit floats."""
    sent = packed(0.5, -0.25, 0.0)
    told = by_type("base64", sent) if route == "cohere" else in_data(sent)

    [vector] = read(tmp_path, told, asked(route, ("a",), encoding_format="base64"), 3).vectors

    assert vector == Vector((0.5, -0.25, 0.0))
    assert vector.floats().tolist() == [0.5, -0.25, 0.0]


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (packed(0.5), "1 dimensions instead of 2"),
        (packed(0.5, float("nan")), "finite base64"),
        (packed(0.5, float("inf")), "finite base64"),
        (packed(0.0, 0.0), "zeros"),
        (packed(0.5, 0.5)[:-4], "not base64 of 32-bit numbers"),
        ("!" + packed(0.5, 0.5), "not base64"),
        ([0.5, 0.5], "not base64"),
        (None, "not base64"),
    ],
)
def test_base64_that_is_no_vector_is_refused(tmp_path: Path, sent: Any, says: str) -> None:
    """Decoded carelessly, a list or cut text would become some other vector."""
    with pytest.raises(Incomplete, match=says):
        read(tmp_path, in_data(sent), asked(texts=("a",), encoding_format="base64"), 2)


@pytest.mark.parametrize(
    ("kind", "sent", "floats"),
    [
        ("int8", [-128, 0, 127], [-128.0, 0.0, 127.0]),
        ("uint8", [0, 128, 255], [0.0, 128.0, 255.0]),
        ("ubinary", [0b11000001], [1, 1, -1, -1, -1, -1, -1, 1]),
        ("binary", [0b11000001 - 128], [1, 1, -1, -1, -1, -1, -1, 1]),
        ("binary", [-128, 127], [-1.0] * 8 + [1.0] * 8),
    ],
)
@pytest.mark.parametrize("route", ["models", "cohere"])
def test_quantised_vectors_are_kept_and_can_be_floats(
    tmp_path: Path, route: Any, kind: str, sent: list[int], floats: list[float]
) -> None:
    """Eight dimensions lie in each number of the binary formats, the first in its highest bit."""
    told = by_type(kind, sent) if route == "cohere" else in_data(sent)

    [vector] = read(tmp_path, told, asked(route, ("a",), encoding_format=kind), len(floats)).vectors

    assert vector.numbers == tuple(sent)
    assert vector.packed == kind.endswith("binary")
    assert (vector.floats().tolist(), vector.dimensions) == (floats, len(floats))


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("int8", [128]), ("int8", [-129]), ("int8", [0.5]), ("int8", [True]), ("uint8", [256]), ("uint8", [-1]),
        ("binary", [-129]), ("binary", [128]), ("ubinary", [256]), ("ubinary", [-1]), ("ubinary", ["a"]),
    ],
)  # fmt: skip
def test_numbers_beyond_their_format_are_refused(tmp_path: Path, kind: str, sent: list[Any]) -> None:
    """They are of another format than was asked for."""
    with pytest.raises(Incomplete, match=f"finite {kind} numbers"):
        read(tmp_path, in_data(sent), asked(texts=("a",), encoding_format=kind))


@pytest.mark.parametrize("kind", ["binary", "ubinary"])
def test_the_dimensions_of_packed_vectors_are_counted_in_bits(tmp_path: Path, kind: str) -> None:
    """A vector of 1,024 dimensions has 128 numbers, and 1,024 numbers are eight times too many."""
    request = asked(texts=("a",), encoding_format=kind)
    read(tmp_path, in_data([1] * 128), request, 1024)

    with pytest.raises(Incomplete, match="8192 dimensions instead of 1024"):
        read(tmp_path, in_data([1] * 1024), request, 1024)


@pytest.mark.parametrize(
    ("told", "request_", "usage"),
    [
        (in_data([1.0]), asked(texts=("a",)), EmbeddingUsage(text_tokens=9, image_tokens=0, images=0)),
        (in_data([1.0]), asked(texts=(), image=PICTURE), EmbeddingUsage(text_tokens=0, image_tokens=9, images=1)),
        (in_data([1.0], usage=None), asked(texts=("a",)), EmbeddingUsage(text_tokens=None, image_tokens=0, images=0)),
        (in_data([1.0], usage={"prompt_tokens": -1}), asked(texts=("a",)),
         EmbeddingUsage(text_tokens=None, image_tokens=0, images=0)),
        (by_type("float", [1.0], input_tokens=5), asked("cohere", ("a",)),
         EmbeddingUsage(text_tokens=5, image_tokens=0, images=0)),
        (by_type("float", [1.0], input_tokens=None, images=1), asked("cohere", (), image=PICTURE),
         EmbeddingUsage(text_tokens=0, image_tokens=None, images=1)),
        (by_type("float", [1.0], input_tokens=5.0, images=1, image_tokens=700), asked("cohere", ("a",), image=PICTURE),
         EmbeddingUsage(text_tokens=5, image_tokens=700, images=1)),
        ({**by_type("float", [1.0]), "meta": None}, asked("cohere", ("a",)),
         EmbeddingUsage(text_tokens=None, image_tokens=0, images=0)),
    ],
)  # fmt: skip
def test_usage_is_what_the_service_counted(
    tmp_path: Path, told: Any, request_: EmbeddingRequest, usage: EmbeddingUsage
) -> None:
    """A price needs to know what was text and what picture; what is not told stays unknown."""
    assert read(tmp_path, told, request_).usage == usage


@given(told=st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["data", "index", "embedding", "embeddings", "float", "usage", "meta"]), inner),
    max_leaves=12,
))  # fmt: skip
@pytest.mark.parametrize("route", ["models", "cohere"])
def test_whatever_comes_is_refused_in_words(tmp_path_factory: pytest.TempPathFactory, route: Any, told: Any) -> None:
    """No answer, however odd, becomes another error than the two that say what to do."""
    try:
        answer = read(tmp_path_factory.getbasetemp(), told, asked(route, ("a",)), 3)
    except (Unavailable, Incomplete):
        return
    assert len(answer.vectors[0].numbers) == 3
