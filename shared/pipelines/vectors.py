"""The result files of an embedding job: `vectors.jsonl` and `vectors.npy`, written row by row."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.clients.embedding_answer import Vector
from shared.errors import Incomplete

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER_BYTES = 128
_LINE_ENDS = "\x85\u2028\u2029"


class VectorFiles:
    """Collects vectors in order; every one has the length of the first."""

    def __init__(self, folder: Path) -> None:
        self.jsonl, self.npy = folder / "vectors.jsonl", folder / "vectors.npy"
        self._lines = self.jsonl.open("w", encoding="utf-8", errors="replace")
        self._rows = self.npy.open("wb")
        self._rows.write(bytes(_HEADER_BYTES))
        self.count = 0
        self.dimensions: int | None = None

    def add(self, vector: Vector, told: Mapping[str, Any]) -> None:
        """Add a vector with what is told of it.

        Raises:
            Incomplete: it is not as long as those before it.
        """
        floats = vector.floats()
        if self.dimensions not in (None, len(floats)):
            raise Incomplete(f"The model gave vectors of {self.dimensions} and of {len(floats)} dimensions.")
        self.dimensions = len(floats)
        floats.tofile(self._rows)
        line = {"index": self.count, **told, "dimensions": len(floats), "vector": vector.numbers}
        self._lines.write(_one_line(json.dumps(line, ensure_ascii=False)))
        self.count += 1

    def close(self) -> None:
        """Finish both files; the rows' number is known only now, so the header comes last."""
        self._lines.close()
        self._rows.seek(0)
        self._rows.write(_header(self.count, self.dimensions or 0))
        self._rows.close()


def _one_line(written: str) -> str:
    """JSON leaves letters as they are at which many readers would end a line."""
    for letter in _LINE_ENDS:
        written = written.replace(letter, f"\\u{ord(letter):04x}")
    return written + "\n"


def _header(rows: int, columns: int) -> bytes:
    """The header of a NumPy file, format version 1.0, of little-endian float32 in rows (numpy.lib.format)."""
    told = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}"
    room = _HEADER_BYTES - len(_MAGIC) - 2
    return _MAGIC + struct.pack("<H", room) + told.ljust(room - 1).encode() + b"\n"
