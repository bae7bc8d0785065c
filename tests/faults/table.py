"""The table at the end: a row for each scenario, and under it what was not kept."""

from collections.abc import Sequence
from dataclasses import dataclass

_HEADS = (
    "scenario",
    "jobs",
    "records",
    "events",
    "lost",
    "paid calls",
    "paid twice",
    "in flight",
    "poison",
    "s",
    "plan",
)


@dataclass(frozen=True)
class Row:
    """A scenario's counts, and a sentence for each promise that was broken.

    `in_flight` counts the calls that a kill found in flight, `poison` what went to a poison queue, and `plan` is
    the hash of what was drawn.
    """

    scenario: str
    plan: str
    jobs: int
    records: int
    events: int
    lost: int
    paid: int
    twice: int
    in_flight: int
    poison: int
    seconds: float
    broken: tuple[str, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether every promise was kept: nothing lost, and nothing paid twice but what was in flight at a kill."""
        return not self.broken and not self.lost and self.twice <= self.in_flight

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        counts = (self.jobs, self.records, self.events, self.lost, self.paid, self.twice, self.in_flight, self.poison)
        return (self.scenario, *map(str, counts), f"{self.seconds:.0f}", self.plan)


def table(seed: int, rows: Sequence[Row]) -> str:
    """The rows as text, with the broken promises under them."""
    lines = [_HEADS, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    told = [f"seed {seed}", *("  ".join(_aligned(line, widths)).rstrip() for line in lines)]
    for row in rows:
        told += [f"BROKEN in {row.scenario}: {sentence}" for sentence in row.broken]
        if not row.kept and not row.broken:
            told.append(
                f"BROKEN in {row.scenario}: {row.lost} lost, {row.twice} paid twice of {row.in_flight} in flight."
            )
    return "\n".join(told) + "\n"


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *rest = (
        cell.ljust(width) if at == 0 else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return [first, *rest]
