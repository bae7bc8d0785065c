"""Reads one queue the way the real host does, and settles every message by what its function did.

Source: QueueListener.cs and QueueProcessor.cs of the storage extensions (azure-sdk-for-net). Two habits are
kept although they hurt, because an app must live with them: a message that is not base64 goes to the poison
queue without an invocation, and the limit on attempts also holds for a trigger on a `-poison` queue, whose
messages are then skipped for good (fixed in Storage.Queues 5.3.8).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.storage.queue import QueueClient, QueueMessage

from local.host.config import QueueOptions
from local.host.invoker import Verdict
from local.host.lease import LEASE_SECONDS, Lease

_SHORTEST_POLL_SECONDS = 0.1

_log = logging.getLogger("darkroom.host.queues")

Handler = Callable[[QueueMessage, bytes], Awaitable[Verdict]]
PoisonQueue = Callable[[bytes | None], QueueClient | None]


class QueueListener:
    """Hands the messages of one queue to `handle` and moves to `poison(body)` what fails too often.

    `poison` gives None where there is no poison queue; its argument is None for a message that does not decode.
    """

    def __init__(
        self,
        queue: QueueClient,
        poison: PoisonQueue,
        handle: Handler,
        options: QueueOptions,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._queue, self._poison, self._handle, self._options = queue, poison, handle, options
        self._lease_seconds = lease_seconds
        self._in_flight: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._nudge = asyncio.Event()
        self._finished = asyncio.Event()

    async def run(self) -> None:
        """Read until stop() and until what was taken is done: a batch at a time, the next when few enough are
        in flight.
        """
        polls_in_vain = 0
        while not self._stopping:
            if len(self._in_flight) > self._options.new_batch_threshold:
                self._finished.clear()
                await self._finished.wait()
                continue
            messages = await asyncio.to_thread(self._receive)
            for message in messages:
                self._dispatch(message)
            polls_in_vain = 0 if messages else polls_in_vain + 1
            if polls_in_vain:
                wobble = random.uniform(0.8, 1.2)  # noqa: S311  spreads polls, guards nothing
                await self._pause(poll_delay(polls_in_vain, self._options.max_polling_interval, wobble))
        if self._in_flight:
            await asyncio.wait(self._in_flight)

    def wake(self) -> None:
        """Poll now: somebody in this process knows that a message is there."""
        self._nudge.set()

    def stop(self) -> None:
        """Take no more messages."""
        self._stopping = True
        self._nudge.set()
        self._finished.set()

    def _receive(self) -> list[QueueMessage]:
        count = self._options.batch_size
        try:
            page = self._queue.receive_messages(
                messages_per_page=count, max_messages=count, visibility_timeout=round(self._lease_seconds)
            )
            return list(page)
        except ResourceNotFoundError:
            _log.debug("queue %s does not exist yet", self._queue.queue_name)
        except AzureError as error:
            _log.warning("queue %s cannot be read (%s), trying again", self._queue.queue_name, type(error).__name__)
        return []

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._nudge.wait(), seconds)
        self._nudge.clear()

    def _dispatch(self, message: QueueMessage) -> None:
        task = asyncio.create_task(self._process(message))
        self._in_flight.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._finished.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a message of %s was not settled: %s", self._queue.queue_name, error, exc_info=error)

    async def _process(self, message: QueueMessage) -> None:
        body = self._decode(message.content)
        if body is None or (message.dequeue_count or 0) > self._options.max_dequeue_count:
            await asyncio.to_thread(self._bury, message, str(message.pop_receipt), body)
            return
        async with Lease(self._queue, message, self._lease_seconds) as lease:
            verdict = await self._handle(message, body)
        await asyncio.to_thread(self._settle, message, lease.receipt, body, verdict)

    def _decode(self, text: str) -> bytes | None:
        if not self._options.base64:
            return text.encode()
        try:
            return base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            return None

    def _settle(self, message: QueueMessage, receipt: str, body: bytes, verdict: Verdict) -> None:
        if verdict is Verdict.SUCCEEDED:
            self._delete(message.id, receipt)
        elif verdict is Verdict.FAILED and self._poison(body) is not None:
            if (message.dequeue_count or 0) >= self._options.max_dequeue_count:
                self._bury(message, receipt, body)
            else:
                self._release(message.id, receipt)

    def _bury(self, message: QueueMessage, receipt: str, body: bytes | None) -> None:
        poison = self._poison(body)
        if poison is None:
            return
        _log.warning(
            "Message has reached MaxDequeueCount of %d. Moving message to queue '%s'.",
            self._options.max_dequeue_count,
            poison.queue_name,
        )
        send_creating(poison, message.content)
        self._delete(message.id, receipt)

    def _delete(self, message: str, receipt: str) -> None:
        try:
            self._queue.delete_message(message, receipt)
        except HttpResponseError as error:
            _log.debug("message %s is no longer ours to delete (%s)", message, error.status_code)

    def _release(self, message: str, receipt: str) -> None:
        try:
            self._queue.update_message(message, receipt, visibility_timeout=round(self._options.visibility_timeout))
        except HttpResponseError as error:
            _log.debug("message %s is no longer ours to release (%s)", message, error.status_code)


def poll_delay(polls_in_vain: int, longest: float, wobble: float) -> float:
    """Give the seconds until the next poll: 0.1 doubled with every poll in vain, times a `wobble` near 1, up to
    `longest`.
    """
    doubled = _SHORTEST_POLL_SECONDS * 2.0 ** min(polls_in_vain - 1, 16)
    return min(longest, doubled * wobble)


def send_creating(queue: QueueClient, text: str, *, delay: float = 0) -> None:
    """Send a message as it is, invisible for `delay` seconds, creating the queue when it is not there."""
    try:
        queue.send_message(text, visibility_timeout=round(delay))
    except ResourceNotFoundError:
        with contextlib.suppress(AzureError):
            queue.create_queue()
        queue.send_message(text, visibility_timeout=round(delay))
