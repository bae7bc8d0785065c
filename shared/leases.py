"""Holding a lease while work runs: renewed in the background, given back at the end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import AzureError

from shared.storage import LEASE_SECONDS, Lease, LeaseHeldError

_RENEW_SECONDS = LEASE_SECONDS / 3


@contextmanager
def held(lease: Lease, every: float = _RENEW_SECONDS) -> Iterator[None]:
    """Keep a lease until the block ends.

    A lease that is lost in the meantime shows when the block writes under it: storage refuses the write.
    """
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(lease, done, every), name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
        lease.release()


def _keep(lease: Lease, done: threading.Event, every: float) -> None:
    while not done.wait(every):
        try:
            lease.renew()
        except LeaseHeldError:
            return
        except AzureError:
            continue  # storage is away for a moment; the next renewal may still come in time
