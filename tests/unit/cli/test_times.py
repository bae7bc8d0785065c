"""Times as people read and write them."""

from datetime import UTC, datetime, timedelta

import pytest

from cli.errors import WrongUseError
from cli.times import age, since

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (86400, "1 day"), (200000, "2 days")],
)
def test_an_age_has_one_unit(seconds: float, said: str) -> None:
    """The largest that fits."""
    assert age(seconds) == said


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("30m", NOW - timedelta(minutes=30)),
        ("2h", NOW - timedelta(hours=2)),
        ("3d", NOW - timedelta(days=3)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T08:00+01:00", datetime(2026, 11, 20, 7, tzinfo=UTC)),
    ],
)
def test_a_time_is_an_age_or_a_date(text: str, when: datetime) -> None:
    """Without a zone it is UTC."""
    assert since(text, NOW) == when


@pytest.mark.parametrize("text", ["", "2", "h", "2w", "-2h", "tomorrow", "2026-13-01", "999999d"])
def test_what_is_no_time_is_wrong_use(text: str) -> None:
    """With an example of what is."""
    with pytest.raises(WrongUseError, match="write 30m, 2h, 3d or a date such as 2026-11-20"):
        since(text, NOW)
