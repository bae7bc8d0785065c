"""Timer triggers: NCRONTAB with seconds, or a time span, in UTC.

Source: the timer extension. Runs of one timer never overlap: the next occurrence is counted from the end of a
run. The real host keeps a timer's last run in storage; here it is forgotten with the process, so nothing is
past due after a start.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from croniter import croniter

from local.host.config import time_span
from local.host.errors import Refused
from local.host.invoker import Invoker
from local.host.protocol import Function, Value

_FIELDS = 6

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Give the time now, in UTC."""
    return datetime.now(UTC)


class Schedule:
    """When a timer fires: six cron fields, the first of them seconds, or a period `hh:mm:ss`."""

    def __init__(self, text: str, where: str) -> None:
        self._text = text
        self._period = timedelta(seconds=time_span(text, f"The schedule of {where}")) if ":" in text else None
        if self._period is None and (
            len(text.split()) != _FIELDS or not croniter.is_valid(text, second_at_beginning=True)
        ):
            raise Refused(
                f"The schedule of {where} is {text!r}; it must be six cron fields, seconds first, or hh:mm:ss."
            )
        if self._period == timedelta(0):
            raise Refused(f"The schedule of {where} is {text!r}; a period must be longer than nothing.")

    def after(self, moment: datetime) -> datetime:
        """Give the first occurrence after a moment."""
        if self._period is not None:
            return moment + self._period
        cron = croniter(
            self._text, moment, second_at_beginning=True, day_or=False
        )  # NCRONTAB: both day fields must fit
        following: datetime = cron.get_next(datetime)
        return following


class TimerTrigger:
    """Runs one function by the clock."""

    def __init__(self, function: Function, schedule: Schedule, invoker: Invoker, now: Clock = utc_now) -> None:
        self._function, self._schedule, self._invoker, self._now = function, schedule, invoker, now
        self._last: datetime | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Fire at every occurrence until stop(), and at once first when the function says run_on_startup."""
        if self._function.trigger.get("runOnStartup"):
            await self.fire()
        while not self._stopping.is_set():
            due = self._schedule.after(self._now())
            try:
                await asyncio.wait_for(self._stopping.wait(), (due - self._now()).total_seconds())
            except TimeoutError:
                await self.fire()

    def stop(self) -> None:
        """Fire no more."""
        self._stopping.set()

    async def fire(self) -> None:
        """Run the function once, now."""
        started = self._now()
        status = {
            "Last": (self._last or datetime.min.replace(tzinfo=UTC)).isoformat(),
            "Next": self._schedule.after(started).isoformat(),
            "LastUpdated": started.isoformat(),
        }
        request = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": False}
        self._last = started
        await self._invoker.run(self._function.name, Value("json", json.dumps(request)), {})
