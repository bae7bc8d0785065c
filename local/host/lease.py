"""The hold on a message while its function runs."""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType

from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.queue import QueueClient, QueueMessage

_log = logging.getLogger("darkroom.host.queues")

LEASE_SECONDS = 600
"""The real host hides a message for ten minutes, whatever host.json says (QueueListener.cs), and renews at half
of it.
"""


class Lease:
    """Renews a received message's invisibility until the block ends; an async context manager.

    `receipt` is the newest pop receipt, the only one that may settle the message. Source: a renewal changes the
    receipt, leaves the dequeue count alone, and a stale receipt is answered with PopReceiptMismatch (Azurite
    3.37.0 does the same).
    """

    def __init__(self, queue: QueueClient, message: QueueMessage, seconds: float) -> None:
        self._queue, self._id, self._seconds = queue, message.id, seconds
        self.receipt = str(message.pop_receipt)
        self._over = asyncio.Event()
        self._renewal: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Lease:
        """Start to renew."""
        self._renewal = asyncio.create_task(self._renew())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Stop renewing; a renewal under way is waited for, so that its receipt is not lost."""
        self._over.set()
        if self._renewal is not None:
            await self._renewal

    async def _renew(self) -> None:
        while not self._over.is_set():
            try:
                await asyncio.wait_for(self._over.wait(), self._seconds / 2)
            except TimeoutError:
                if not await asyncio.to_thread(self._renew_once):
                    return

    def _renew_once(self) -> bool:
        try:
            renewed = self._queue.update_message(self._id, self.receipt, visibility_timeout=round(self._seconds))
        except HttpResponseError as error:
            _log.warning("message %s was not renewed (%s)", self._id, getattr(error, "error_code", error.status_code))
            return (error.status_code or 500) >= 500
        except AzureError as error:
            _log.warning("message %s was not renewed (%s)", self._id, type(error).__name__)
            return True
        self.receipt = str(renewed.pop_receipt)
        return True
