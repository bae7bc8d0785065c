"""Runs one invocation in the worker, with its timeout, and says how it went."""

from __future__ import annotations

import asyncio
import enum
import logging
import time
import uuid
from dataclasses import dataclass

from local.host.protocol import HttpReply, Invocation, Value
from local.host.supervisor import Supervisor, WorkerLost

_log = logging.getLogger("darkroom.host")


class Verdict(enum.Enum):
    """What an invocation means for the message that caused it."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ABANDONED = "abandoned"
    """The worker died under it: nobody settles the message, its lease runs out."""


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended, and what an http function answered."""

    verdict: Verdict
    reply: HttpReply | None = None


class Invoker:
    """Runs functions in the supervised worker; `timeout` is functionTimeout in seconds, None without bound."""

    def __init__(self, supervisor: Supervisor, timeout: float | None) -> None:
        self._supervisor, self._timeout = supervisor, timeout

    async def run(self, function: str, value: Value, metadata: dict[str, Value]) -> Outcome:
        """Run `function` once and log its name, invocation id, outcome and milliseconds.

        The timeout runs from the moment the worker has the invocation, also while that waits for a thread
        there. Outrun, it fails the invocation and kills the worker with everything that runs in it, as the real
        host does.
        """
        invocation = Invocation(str(uuid.uuid4()), function, value, metadata)
        _log.info("executing %s (%s)", function, invocation.id)
        started = time.monotonic()
        outcome = await self._attempt(invocation)
        took = (time.monotonic() - started) * 1000
        level = logging.INFO if outcome.verdict is Verdict.SUCCEEDED else logging.ERROR
        _log.log(level, "executed %s (%s): %s, %.0f ms", function, invocation.id, outcome.verdict.value, took)
        return outcome

    async def _attempt(self, invocation: Invocation) -> Outcome:
        worker = await self._supervisor.current()
        try:
            result = await asyncio.wait_for(worker.invoke(invocation), self._timeout)
        except WorkerLost:
            return Outcome(Verdict.ABANDONED)
        except TimeoutError:
            _log.error(
                "%s outran functionTimeout of %.0f s: the worker is restarted", invocation.function, self._timeout
            )
            worker.kill()
            return Outcome(Verdict.FAILED)
        if result.error:
            _log.error("%s (%s) failed: %s\n%s", invocation.function, invocation.id, result.error, result.detail)
            return Outcome(Verdict.FAILED)
        return Outcome(Verdict.SUCCEEDED, result.reply)
