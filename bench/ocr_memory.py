"""How memory grows with a document that is sent and an answer that is read, beside other ways to do the same.

Growth is the peak of a fresh process (VmHWM) above what it held before, after one tiny call has warmed it up. Every
way sends the same file to the same sink and writes the same figures out: Darkroom to storage, the others to a
folder. The medians of several processes are told; MB are of 1,048,576 bytes.
"""

import random
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that it also runs as a file

from bench.ocr_reader import WAYS
from bench.report import Row, fresh, in_turn, publish
from bench.sink import ANSWERS, sink
from shared.catalog import MIB

_ROUNDS = 3
_FILE_BYTES = 30 * MIB  # what the models take at most
_AT_ONCE = 16


def main() -> int:
    """Measure, publish and give the exit status."""
    with tempfile.TemporaryDirectory() as folder, sink() as url:
        large, tiny = Path(folder) / "large.pdf", Path(folder) / "tiny.pdf"
        large.write_bytes(b"%PDF-1.7\n" + random.Random(0).randbytes(_FILE_BYTES - 9))  # noqa: S311 - filler, no secret
        tiny.write_bytes(b"%PDF-1.7\n")
        answer = len(ANSWERS["large"])
        rows = [
            *_rows("a request of 30 MB", f"{url}/small", large, unit="x file", divisor=_FILE_BYTES, reach=0.1),
            *_rows(f"{_AT_ONCE} requests of 30 MB at once", f"{url}/small", large, times=_AT_ONCE, reach=64),
            *_rows(
                f"an answer of {answer / MIB:.0f} MB", f"{url}/large", tiny, unit="x answer", divisor=answer, reach=0.3
            ),
        ]
    return publish("ocr_memory", rows)


def _rows(
    case: str, url: str, file: Path, *, reach: float, times: int = 1, unit: str = "MB", divisor: int = MIB
) -> list[Row]:
    """One row for each way; only Darkroom's has the reach."""
    taken = in_turn({way: partial(_growth, way, url, file, times) for way in WAYS}, _ROUNDS)
    return [
        Row(f"growth for {case}: {way}", median(growths) / divisor, unit, reach if way == "darkroom" else None)
        for way, growths in taken.items()
    ]


def _growth(way: str, url: str, file: Path, times: int) -> int:
    return int(fresh(["-m", "bench.ocr_reader", way, url, str(file), str(times)])["growth"])


if __name__ == "__main__":
    sys.exit(main())
