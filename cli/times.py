"""Times as people read and write them."""

import re
from datetime import UTC, datetime, timedelta

from cli.errors import WrongUseError

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_AGES = ((86400, "day"), (3600, "h"), (60, "min"))


def age(seconds: float) -> str:
    """How long ago, in its largest unit, such as `2 h` or `3 days`."""
    for unit, name in _AGES:
        if seconds >= unit:
            number = int(seconds // unit)
            return f"{number} {name}{'s' if name == 'day' and number > 1 else ''}"
    return f"{max(0, int(seconds))} s"


def moment(when: datetime) -> str:
    """A time to the minute, in UTC."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def since(text: str, now: datetime) -> datetime:
    """The time that `30m`, `2h`, `3d` (that long ago) or `2026-11-20`, with or without a time of day, stands for.

    A time without a zone is UTC.

    Raises:
        WrongUseError: it can be none.
    """
    ago = re.fullmatch(r"(\d{1,6})([mhd])", text)
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        told = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise WrongUseError(f"--since {text} is no time: write 30m, 2h, 3d or a date such as 2026-11-20.") from None
    return told if told.tzinfo else told.replace(tzinfo=UTC)
