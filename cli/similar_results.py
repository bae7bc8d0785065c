"""Vectors on disk: their numbers, mapped and not read, and what is told of each."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cli.errors import WrongUseError

Numbers = NDArray[np.float32]
_NPY, _JSONL, _RECORD = ".npy", ".jsonl", "job.json"
_RESULT = "vectors"


@dataclass(frozen=True)
class Space:
    """What vectors must have in common to be compared; `base64` is but another way to send floats."""

    model: str
    dimensions: int
    encoding_format: str = "float"

    def __str__(self) -> str:
        how = "" if self.encoding_format == "float" else f" as {self.encoding_format}"
        return f"{self.dimensions} dimensions{how} of {self.model}"


@dataclass(frozen=True)
class Result:
    """The vectors of one job, a row each; `told` is the file that says of what, None where there is none."""

    name: str
    space: Space
    numbers: Numbers
    told: Path | None

    def about(self, rows: Collection[int]) -> dict[int, dict[str, Any]]:
        """What is told of some rows.

        Raises:
            WrongUseError: the file does not belong to the numbers.
        """
        if self.told is None or not rows:
            return {}
        found, count = {}, 0
        with self.told.open("rb") as lines:
            for count, line in enumerate(lines, 1):
                if count - 1 in rows:
                    found[count - 1] = _parsed(line, self.told)
        if count != len(self.numbers):
            raise WrongUseError(f"{self.told} tells of {count} vectors, and there are {len(self.numbers)} beside it.")
        return found


def found_in(place: Path) -> Iterator[Path]:
    """The files of vectors that a path names: itself, or those in and under a folder.

    Raises:
        WrongUseError: there are none.
    """
    if place.is_file() and place.suffix in (_NPY, _JSONL):
        yield place
        return
    folders = {path.parent for path in place.rglob(f"{_RESULT}.*") if path.suffix in (_NPY, _JSONL)}
    if not folders:
        raise WrongUseError(
            f"There are no vectors in {place}: name a .npy or .jsonl file, or a folder that holds some."
        )
    for folder in sorted(folders):
        yield next(path for kind in (_NPY, _JSONL) if (path := folder / f"{_RESULT}{kind}").is_file())


def opened(path: Path, name: str, model: str | None) -> Result:
    """The vectors of a file, and what the file beside it tells; `model` is theirs where no file does.

    Raises:
        WrongUseError: it cannot be read, is no such file, or nobody tells the model.
    """
    numbers, told = path.with_suffix(_NPY), path.with_suffix(_JSONL)
    rows = _mapped(numbers) if numbers.is_file() else None
    if not told.is_file():
        if model is None:
            raise WrongUseError(f"Nothing beside {path} tells which model computed it; name it with --model.")
        if rows is None:
            raise WrongUseError(f"There is no file {path}.")
        return Result(name, Space(model, rows.shape[1]), rows, None)
    space = _space(told, path.with_name(_RECORD))
    return Result(name, space, _parsed_numbers(told, space) if rows is None else rows, told)


def _mapped(path: Path) -> Numbers:
    try:
        numbers = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError):
        raise WrongUseError(f"{path} is no NumPy file of vectors.") from None
    if numbers.ndim != 2 or numbers.dtype.kind not in "fiu" or not numbers.size:
        raise WrongUseError(f"{path} holds no rows of numbers.")
    return numbers


def _space(told: Path, record: Path) -> Space:
    with told.open("rb") as lines:
        first = _parsed(lines.readline(), told)
    model, dimensions = first.get("model"), first.get("dimensions")
    if not isinstance(model, str) or not isinstance(dimensions, int):
        raise WrongUseError(f"{told} does not tell which model computed it.")
    return Space(model, dimensions, _encoding_format(record))


def _encoding_format(record: Path) -> str:
    """How the numbers were sent, as the job's record beside them has it."""
    try:
        options = json.loads(record.read_bytes())["options"]
        found = str(options.get("encoding_format", "float"))
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return "float"
    return "float" if found == "base64" else found


def _parsed_numbers(told: Path, space: Space) -> Numbers:
    if space.encoding_format.endswith("binary"):
        raise WrongUseError(f"{told} holds packed bits; keep the file vectors.npy beside it.")
    with told.open("rb") as lines:
        rows = [np.asarray(_parsed(line, told).get("vector"), np.float32) for line in lines]
    if any(row.shape != (space.dimensions,) for row in rows):
        raise WrongUseError(f"{told} has a line whose vector has not {space.dimensions} numbers.")
    return np.stack(rows)


def _parsed(line: bytes, told: Path) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise WrongUseError(f"{told} has a line that is no JSON object.")
    return content
