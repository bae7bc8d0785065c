"""What the benchmarks share: measuring in fresh processes, rows with a reach, and how they are told."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

Measured = TypeVar("Measured")

ROOT = Path(__file__).parents[1]
_RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Row:
    """One figure; `reach` is the most that it may be, None where it is told for comparison only."""

    name: str
    value: float
    unit: str
    reach: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the figure is within its reach."""
        return self.reach is None or self.value <= self.reach


def publish(benchmark: str, rows: Sequence[Row]) -> int:
    """Print the rows and keep them in `bench/results/<benchmark>.json`; the exit status, 1 when one does not hold."""
    result_file(benchmark).parent.mkdir(exist_ok=True)
    told = [{**asdict(row), "holds": row.holds} for row in rows]
    result_file(benchmark).write_text(json.dumps(told, indent=2) + "\n")
    sys.stdout.write(f"{benchmark}\n{table(rows)}\n")
    return 0 if all(row.holds for row in rows) else 1


def published(benchmark: str) -> list[Row]:
    """The rows that a benchmark kept."""
    rows = json.loads(result_file(benchmark).read_text())
    return [Row(row["name"], row["value"], row["unit"], row["reach"]) for row in rows]


def result_file(benchmark: str) -> Path:
    """Where a benchmark keeps its rows."""
    return _RESULTS / f"{benchmark}.json"


def table(rows: Sequence[Row]) -> str:
    """The rows as aligned lines."""
    width = max(len(row.name) for row in rows)
    return "".join(
        f"  {row.name:<{width}}  {row.value:>9.3f} {row.unit:<9}  {_verdict(row)}".rstrip() + "\n" for row in rows
    )


def _verdict(row: Row) -> str:
    return "" if row.reach is None else f"{'holds' if row.holds else 'DOES NOT HOLD'}: at most {row.reach:g}"


def fresh(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run Python in a fresh process in the project's folder; the JSON object that it prints.

    Raises:
        CalledProcessError: it failed; what it said is on stderr.
    """
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)  # noqa: S603 - our own modules
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def in_turn(measures: Mapping[str, Callable[[], Measured]], rounds: int) -> dict[str, list[Measured]]:
    """Take each measurement once a round, so that a busy moment of the machine strikes all alike.

    One more round comes before and is dropped: it compiles modules and fills the file cache.
    """
    found = [{name: measure() for name, measure in measures.items()} for _ in range(rounds + 1)]
    return {name: [taken[name] for taken in found[1:]] for name in measures}
