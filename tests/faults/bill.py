"""What the model was paid for, by the emulator's own account, and which calls a kill had caught under way."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Any

_KEEPING = timedelta(seconds=2)  # from the last byte of an answer until it is in the ledger, on a busy machine


@dataclass(frozen=True)
class Kill:
    """A kill of the worker; calls that begin before there is another were sent by the dead one."""

    at: datetime
    replaced: datetime


@dataclass(frozen=True)
class Paid:
    """A call that was billed: of which model, for which request, and from when to when it was under way."""

    model: str
    request: str
    began: datetime
    ended: datetime

    def in_flight_at(self, kill: Kill) -> bool:
        """Whether the worker that was killed was waiting for it."""
        return self.began <= kill.replaced and kill.at <= self.ended

    def lost_by(self, kill: Kill) -> bool:
        """Whether its answer can have been lost with the worker that was killed, maybe while it was written."""
        return self.began <= kill.replaced and kill.at <= self.ended + _KEEPING


@dataclass(frozen=True)
class Bill:
    """All billed calls, and the kills of workers."""

    paid: tuple[Paid, ...]
    kills: tuple[Kill, ...] = ()

    @classmethod
    def read(cls, stats: Mapping[str, Any], kills: Sequence[Kill]) -> "Bill":
        """Take the bill out of /emulator/stats, when no call is under way."""
        calls = [call for call in stats["calls"] if call["billed"]]
        if len(calls) < stats["totals"]["billed_calls"]:
            raise ValueError("The emulator has forgotten calls; this run is too large for its list.")
        stamp = datetime.fromisoformat
        return cls(
            tuple(
                Paid(call["model"], call["request_sha256"], stamp(call["at"]), stamp(call["ended"])) for call in calls
            ),
            tuple(kills),
        )

    @property
    def requests(self) -> int:
        """How many different requests were paid."""
        return len({call.request for call in self.paid})

    @property
    def in_flight(self) -> int:
        """How many calls were in flight at a kill: at the model, or answered and, as it turned out, not kept yet."""
        at_the_model = {call for call in self.paid if any(map(call.in_flight_at, self.kills))}
        return len(at_the_model | {call for call, _ in self._repeated() if self._is_lost(call)})

    @property
    def twice(self) -> int:
        """How many calls were paid though the same request had been paid before."""
        return len(self.paid) - self.requests

    @property
    def unexplained(self) -> list[str]:
        """The calls that were paid again though no kill can have lost the answer before, a sentence each."""
        return [_again(*calls) for calls in self._repeated() if not self._is_lost(calls[0])]

    def _is_lost(self, call: Paid) -> bool:
        return any(map(call.lost_by, self.kills))

    def _repeated(self) -> Iterator[tuple[Paid, Paid]]:
        ordered = sorted(self.paid, key=lambda call: (call.request, call.began))
        for _, calls in groupby(ordered, key=lambda call: call.request):
            yield from pairwise(calls)


def _again(before: Paid, after: Paid) -> str:
    pause = (after.began - before.ended).total_seconds()
    return f"A call to {before.model} that had ended at {before.ended:%H:%M:%S} was paid again {pause:.1f} s later."
