"""What a day may cost at most: pages, pictures and vectors, counted in storage by all instances together.

A day's count is the metadata of an empty blob, `ledger/spent/<day>`, changed only when nobody else has changed it in
between. What is about to be paid is counted first, and given back when it turns out not to be paid; what a killed
worker had counted stays, so the count is never too low. Days are those of UTC.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, time, timedelta
from typing import Literal

from azure.core.exceptions import AzureError

from shared.errors import Busy, DarkroomError, Incomplete, OverBudget, Spent, TooLarge, Unavailable
from shared.names import LEDGER, BlobRef
from shared.settings import Settings
from shared.storage import Storage

Unit = Literal["pages", "images", "vectors"]
_TRIES = 30  # every failed one means that another worker's succeeded
_BUSY_SECONDS = 2.0


class Budget:
    """The caps of the settings; without any it makes no request."""

    def __init__(self, storage: Storage, settings: Settings, now: Callable[[], datetime]) -> None:
        self._storage = storage
        self._now = now
        self._waits = settings.above_cap == "wait"
        self._caps: dict[Unit, int] = {
            "pages": settings.max_pages_a_day,
            "images": settings.max_images_a_day,
            "vectors": settings.max_vectors_a_day,
        }

    @contextmanager
    def spending(self, unit: Unit, amount: int) -> Iterator[None]:
        """Count what the block pays for; what ends without having been billed is given back.

        Raises:
            Spent: the day's cap is reached, and jobs are to wait for the next day.
            OverBudget: it is reached, and jobs are to fail.
            TooLarge: the amount alone is above the cap.
            Busy: too many others are counting.
        """
        cap = self._caps[unit]
        if not cap:
            yield
            return
        day = self._now().date().isoformat()
        self._add(day, unit, amount, cap)
        try:
            yield
        except DarkroomError as error:
            if not _may_be_billed(unit, error):
                with suppress(Busy, AzureError):  # the count is too high then; why the call failed goes before that
                    self._add(day, unit, -amount, cap)
            raise

    def _add(self, day: str, unit: Unit, amount: int, cap: int) -> None:
        ref = BlobRef(LEDGER, f"spent/{day}")
        for _ in range(_TRIES):
            blob = self._storage.find(ref)
            if blob is None:
                self._storage.create(ref, b"", "text/plain")
                continue
            count = int(blob.metadata.get(unit, "0")) + amount
            if amount > 0 and count > cap:
                raise self._above(unit, amount, cap)
            if self._storage.annotate(blob, {**blob.metadata, unit: str(count)}):
                return
        raise Busy("Too many workers are counting what today costs.", after=_BUSY_SECONDS)

    def _above(self, unit: Unit, amount: int, cap: int) -> DarkroomError:
        setting = f"DARKROOM_MAX_{unit.upper()}_A_DAY"
        if amount > cap:
            return TooLarge(f"One call needs {amount} {unit}, and {setting} allows {cap} a day.", code="over_budget")
        told = f"Today's {cap} {unit} are spent ({setting})"
        if self._waits:
            return Spent(f"{told}; the job goes on tomorrow.", after=self._until_tomorrow())
        return OverBudget(f"{told}.")

    def _until_tomorrow(self) -> float:
        now = self._now()
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
        return (midnight - now).total_seconds()


def _may_be_billed(unit: Unit, error: DarkroomError) -> bool:
    """Whether the call may cost something though it failed: pictures that were begun are reported to."""
    return isinstance(error, Incomplete) or (unit == "images" and isinstance(error, Unavailable) and error.reached)
