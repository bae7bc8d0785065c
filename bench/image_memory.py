"""How memory grows with pictures that are sent to be edited and pictures that are answered, beside the official SDK.

Growth is the peak of a fresh process (VmHWM) above what it held before, after one tiny call has warmed it up. Both
send the same files to the same sink and write the same pictures out: Darkroom to storage, with where they came from
in them and after the answer itself, the `openai` package to a folder. The medians of several processes are told; MB
are of 1,048,576 bytes.

Given paths, the SDK reads files whole; given open files, it reads them piece by piece, which is told beside it.
"""

import random
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that it also runs as a file

from bench.image_maker import PNG, WAYS
from bench.report import Row, fresh, in_turn, publish
from bench.sink import sink
from shared.catalog import MIB

_ROUNDS = 3
_FILES, _FILE_BYTES = 4, 40 * MIB
_REACH = 0.1


def main() -> int:
    """Measure, publish and give the exit status."""
    answered = ["darkroom", "openai"]
    with tempfile.TemporaryDirectory() as folder, sink() as url:
        files = [_picture(Path(folder), seed) for seed in range(_FILES)]
        rows = [
            *_rows("an edit of four pictures of 40 MB", list(WAYS), [url, "picture", *map(str, files)], _REACH),
            *_rows("an answer with ten pictures of 4 MB", answered, [url, "pictures"], _REACH),
            *_rows("a stream with a picture of 4 MB", answered, [url, "pictures-event"], None),
        ]
    return publish("image_memory", rows)


def _picture(folder: Path, seed: int) -> Path:
    file = folder / f"{seed}.png"
    file.write_bytes(PNG + random.Random(seed).randbytes(_FILE_BYTES - len(PNG)))  # noqa: S311 - filler, no secret
    return file


def _rows(case: str, ways: Sequence[str], order: Sequence[str], reach: float | None) -> list[Row]:
    """One row for each way, and what Darkroom's is of the SDK's."""
    taken = in_turn({way: partial(_growth, way, order) for way in ways}, _ROUNDS)
    grown = {way: median(growths) / MIB for way, growths in taken.items()}
    ratio = Row(f"growth for {case}: darkroom : openai", grown["darkroom"] / grown["openai"], "ratio", reach)
    return [ratio, *(Row(f"growth for {case}: {way}", growth, "MB") for way, growth in grown.items())]


def _growth(way: str, order: Sequence[str]) -> int:
    return int(fresh(["-m", "bench.image_maker", way, *order])["growth"])


if __name__ == "__main__":
    sys.exit(main())
