"""How long a service asks us to wait: in `retry-after-ms`, in `Retry-After`, or only in its words."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 24 * 3600.0
_IN_WORDS = re.compile(
    r"(?:retry|try again) (?:after|in) (\d{1,6}(?:\.\d+)?) ?(ms|milliseconds?|s|seconds?|m|minutes?)\b", re.I
)


def retry_after(headers: Mapping[str, str], message: str, now: datetime) -> float | None:
    """Seconds to wait, between 0 and a day; None when the answer does not say."""
    for found in (
        _number(headers.get("retry-after-ms"), 0.001),
        _header(headers.get("retry-after"), now),
        _words(message),
    ):
        if found is not None:
            return min(max(found, 0.0), LONGEST)
    return None


def _number(text: str | None, unit: float = 1.0) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value * unit if 0 <= value < float("inf") else None


def _header(text: str | None, now: datetime) -> float | None:
    seconds = _number(text)
    if seconds is not None or not text:
        return seconds
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return ((when if when.tzinfo else when.replace(tzinfo=UTC)) - now).total_seconds()


def _words(message: str) -> float | None:
    match = _IN_WORDS.search(message)
    if not match:
        return None
    unit = match[2].lower()
    scale = 0.001 if unit.startswith(("ms", "milli")) else 60.0 if unit.startswith("m") else 1.0
    return float(match[1]) * scale
