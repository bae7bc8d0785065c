"""What the doctor finds: a name, a verdict, a sentence, and what to do about it."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a thing was found; only `wrong` makes the command fail."""

    RIGHT = "right"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    what: str
    remedy: str = ""

    def as_json(self) -> dict[str, str]:
        """Every field, the verdict as its word."""
        return asdict(self)


def right(name: str, what: str) -> Finding:
    """As it should be."""
    return Finding(name, Verdict.RIGHT, what)


def wrong(name: str, what: str, remedy: str) -> Finding:
    """Not as it should be."""
    return Finding(name, Verdict.WRONG, what, remedy)


def unknown(name: str, what: str, remedy: str) -> Finding:
    """Not to be seen from here; the remedy says how it could be."""
    return Finding(name, Verdict.UNKNOWN, what, remedy)


def skipped(name: str, what: str, remedy: str = "") -> Finding:
    """Not looked at, on purpose."""
    return Finding(name, Verdict.SKIPPED, what, remedy)
