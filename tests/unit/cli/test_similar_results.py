"""Vectors on disk are found, mapped, and read with what is told of them, or refused in a sentence."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli.errors import WrongUseError
from cli.similar_results import Result, Space, found_in, opened

ROWS = [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]]


def written(folder: Path, *, npy: bool = True, jsonl: bool = True, record: dict[str, Any] | None = None) -> Path:
    """A result of an embedding job with three vectors; the path of its vectors."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        {"index": at, "input": {"number": at + 1}, "model": "m", "dimensions": 2, "vector": row}
        for at, row in enumerate(ROWS)
    ]
    if npy:
        np.save(folder / "vectors.npy", np.asarray(ROWS, np.float32))
    if jsonl:
        (folder / "vectors.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    if record is not None:
        (folder / "job.json").write_text(json.dumps(record))
    return folder / ("vectors.npy" if npy else "vectors.jsonl")


def read(path: Path, model: str | None = None) -> Result:
    """The result in a file."""
    return opened(path, str(path), model)


def test_numbers_are_mapped_and_told_of_by_the_file_beside_them(tmp_path: Path) -> None:
    """Nothing is read that is not asked for."""
    result = read(written(tmp_path))

    assert isinstance(result.numbers, np.memmap)
    assert (result.space, result.numbers.shape) == (Space("m", 2), (3, 2))
    assert {row: about["input"]["number"] for row, about in result.about({2, 0}).items()} == {0: 1, 2: 3}


def test_lines_alone_have_the_numbers_too(tmp_path: Path) -> None:
    """Whoever kept only the readable file can search."""
    result = read(written(tmp_path, npy=False))

    assert result.space == Space("m", 2)
    np.testing.assert_allclose(result.numbers, ROWS, rtol=1e-6)


def test_numbers_alone_need_to_be_told_the_model(tmp_path: Path) -> None:
    """Then rows are all that can be named."""
    path = written(tmp_path, jsonl=False)

    assert read(path, "m").about({0, 1}) == {}
    assert read(path, "m").space == Space("m", 2)
    with pytest.raises(WrongUseError, match=r"tells which model computed it; name it with --model\.$"):
        read(path)


@pytest.mark.parametrize(
    ("record", "encoding_format"),
    [
        ({"options": {"encoding_format": "int8"}}, "int8"),
        ({"options": {"encoding_format": "base64"}}, "float"),
        ({"options": {}}, "float"),
        ({"options": None}, "float"),
        (None, "float"),
    ],
)
def test_the_record_tells_how_numbers_were_sent(
    tmp_path: Path, record: dict[str, Any] | None, encoding_format: str
) -> None:
    """Numbers of different scales are not compared; without a record they are what is usual."""
    assert read(written(tmp_path, record=record)).space == Space("m", 2, encoding_format)


def test_a_folder_is_all_results_in_it(tmp_path: Path) -> None:
    """Of a job with both files the numbers, each job once; other files are left alone."""
    written(tmp_path / "a")
    written(tmp_path / "b" / "c", npy=False)
    (tmp_path / "b" / "vectors.txt").touch()

    assert list(found_in(tmp_path)) == [tmp_path / "a" / "vectors.npy", tmp_path / "b" / "c" / "vectors.jsonl"]
    assert list(found_in(tmp_path / "a" / "vectors.jsonl")) == [tmp_path / "a" / "vectors.jsonl"]


@pytest.mark.parametrize("name", ["none", "none.npy", "a.txt"])
def test_what_holds_no_vectors_is_told(tmp_path: Path, name: str) -> None:
    """A missing file, an empty folder, a file of another kind."""
    (tmp_path / "none").mkdir()
    (tmp_path / "a.txt").touch()

    with pytest.raises(WrongUseError, match=r"^There are no vectors in .*; name|: name a \.npy or \.jsonl file"):
        list(found_in(tmp_path / name))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"no numpy", "is no NumPy file of vectors."),
        (b"", "is no NumPy file of vectors."),
        (np.asarray(["text"]), "holds no rows of numbers."),
        (np.zeros(3), "holds no rows of numbers."),
        (np.zeros((0, 2)), "holds no rows of numbers."),
        (np.asarray([{}], object), "is no NumPy file of vectors."),
    ],
    ids=["text", "empty", "strings", "flat", "no rows", "pickle"],
)
def test_a_file_that_is_no_vectors_is_refused(tmp_path: Path, content: Any, sentence: str) -> None:
    """And nothing in it is ever run."""
    path = tmp_path / "vectors.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.save(path, content, allow_pickle=True)

    with pytest.raises(WrongUseError) as caught:
        read(path, "m")

    assert str(caught.value) == f"{path} {sentence}"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("", "has a line that is no JSON object."),
        ("nope\n", "has a line that is no JSON object."),
        ("[1]\n", "has a line that is no JSON object."),
        ('{"model": "m"}\n', "does not tell which model computed it."),
        ('{"model": "m", "dimensions": 2, "vector": [1]}\n', "has a line whose vector has not 2 numbers."),
    ],
)
def test_lines_that_are_no_vectors_are_refused(tmp_path: Path, lines: str, sentence: str) -> None:
    """With the file."""
    path = tmp_path / "vectors.jsonl"
    path.write_text(lines)

    with pytest.raises(WrongUseError) as caught:
        read(path)

    assert str(caught.value) == f"{path} {sentence}"


def test_packed_bits_need_the_numbers_beside_them(tmp_path: Path) -> None:
    """Eight dimensions in a number cannot be told apart from one."""
    packed = {"options": {"encoding_format": "ubinary"}}

    assert read(written(tmp_path / "both", record=packed)).space.encoding_format == "ubinary"
    with pytest.raises(WrongUseError, match=r"holds packed bits; keep the file vectors\.npy beside it\.$"):
        read(written(tmp_path / "alone", npy=False, record=packed))


def test_files_of_two_jobs_are_not_taken_for_one(tmp_path: Path) -> None:
    """A name would stand beside somebody else's vector."""
    path = written(tmp_path)
    np.save(path, np.asarray(ROWS[:2], np.float32))

    with pytest.raises(WrongUseError, match=r"tells of 3 vectors, and there are 2 beside it\.$"):
        read(path).about({0})
