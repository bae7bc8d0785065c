"""The ledger: every paid response, by the hash of its request, so that nothing is paid twice.

An entry is a blob. Empty, it stands for a call that is about to be paid; whoever holds its lease makes the call and
writes the response into it before doing anything else. A worker that dies loses the lease after half a minute, and the
next one pays again: only a call that was in flight at a kill can be paid twice.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from shared.errors import Busy
from shared.leases import held
from shared.names import LEDGER, BlobRef
from shared.storage import Blob, LeaseHeldError, Storage

_BUSY_SECONDS = 15.0


def key_of(kind: str, request: Mapping[str, Any]) -> str:
    """The key of a request: its kind and the hash of everything that shapes the response."""
    canonical = json.dumps(request, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"{kind}/{digest[:2]}/{digest}.json"


@dataclass(frozen=True)
class Claim:
    """The right to pay for one request.

    `paid` is the response when it is paid already, `store` keeps a new one; until then `notes` are what earlier holders
    left with `note`.
    """

    paid: Blob | None
    notes: Mapping[str, str]
    store: Callable[[Path, Mapping[str, str]], None]
    note: Callable[[Mapping[str, str]], None]


class Ledger:
    """The paid responses of one storage account."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, key: str) -> Blob | None:
        """The paid response to a request, or None while it is not paid."""
        found = self._storage.find(BlobRef(LEDGER, key))
        return found if found and found.size else None

    def copy(self, key: str, to: BinaryIO) -> None:
        """Copy a paid response into a file."""
        self._storage.download(BlobRef(LEDGER, key), to)

    def remove(self, key: str) -> None:
        """Forget a response that nobody can read, so that it is paid for anew."""
        self._storage.delete(BlobRef(LEDGER, key))

    @contextmanager
    def claim(self, key: str) -> Iterator[Claim]:
        """The right to pay for a request, or to find it paid.

        Raises:
            Busy: another worker is paying for it now.
        """
        ref = BlobRef(LEDGER, key)
        self._storage.create(ref, b"", "application/json")
        try:
            lease = self._storage.lease(ref)
        except LeaseHeldError:
            raise Busy("The same request is being paid for by another worker.", after=_BUSY_SECONDS) from None
        with held(lease):
            found = self._storage.find(ref)  # also when it was made just now: another may have paid in between

            def store(response: Path, notes: Mapping[str, str]) -> None:
                try:
                    self._storage.write(ref, response, "application/json", lease=lease, metadata=notes)
                except LeaseHeldError:  # storage was away for longer than a lease lasts, and what is paid must be kept
                    lease.renew()
                    self._storage.write(ref, response, "application/json", lease=lease, metadata=notes)

            def note(notes: Mapping[str, str]) -> None:
                self._storage.write(ref, b"", "application/json", lease=lease, metadata=notes)

            yield Claim(found if found and found.size else None, found.metadata if found else {}, store, note)
