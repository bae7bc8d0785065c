"""Schedules with seconds first, and periods."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from local.host.errors import Refused
from local.host.timer_trigger import Schedule

FRIDAY = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "following"),
    [
        ("*/5 * * * * *", datetime(2026, 11, 20, 12, 0, 5, tzinfo=UTC)),
        ("0 */15 * * * *", datetime(2026, 11, 20, 12, 15, tzinfo=UTC)),
        ("30 0 6 * * 1", datetime(2026, 11, 23, 6, 0, 30, tzinfo=UTC)),
        ("0 0 0 13 * 5", datetime(2027, 8, 13, tzinfo=UTC)),
        ("01:30:00", datetime(2026, 11, 20, 13, 30, tzinfo=UTC)),
    ],
)
def test_the_next_occurrence_follows(schedule: str, following: datetime) -> None:
    """Six fields, the first seconds; a day of the month and a day of the week must both fit; a period is added."""
    assert Schedule(schedule, "it").after(FRIDAY) == following


@pytest.mark.parametrize("schedule", ["* * * * *", "60 * * * * *", "often", "00:00:00", "1:2:3"])
def test_a_schedule_that_is_none_is_refused(schedule: str) -> None:
    """The refusal shows what was written."""
    with pytest.raises(Refused, match="schedule of it"):
        Schedule(schedule, "it")
