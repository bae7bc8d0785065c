"""The ledger: what is paid is kept, also when storage was away for longer than a lease lasts."""

from pathlib import Path
from typing import Any

import pytest

from shared.ledger import Ledger
from shared.names import LEDGER, BlobRef
from shared.storage import Lease, LeaseHeldError
from tests.fakes import MemoryStorage

ENTRY = BlobRef(LEDGER, "ocr/aa/aa.json")


class AwayStorage(MemoryStorage):
    """Storage that was away until the leases had run out: the first write under one is refused."""

    away = True

    def write(self, ref: BlobRef, *what: Any, lease: Lease | None = None, **about: Any) -> str:
        """Write, but not under a lease that has run out."""
        if lease is not None and self.away:
            self.away = False
            raise LeaseHeldError("LeaseNotPresentWithBlobOperation")
        return super().write(ref, *what, lease=lease, **about)


def test_a_paid_answer_is_kept_though_the_lease_ran_out_meanwhile(tmp_path: Path) -> None:
    """A lease that nobody has taken since can be renewed."""
    # given
    storage = AwayStorage()
    answer = tmp_path / "answer"
    answer.write_bytes(b"paid")
    # when
    with Ledger(storage).claim(ENTRY.name) as claim:
        claim.store(answer, {"job": "a"})
    # then
    assert storage.read(ENTRY) == b"paid"


def test_an_answer_does_not_take_the_place_of_one_that_another_worker_pays_for(tmp_path: Path) -> None:
    """Who has the lease now writes."""
    # given
    storage = AwayStorage()
    answer = tmp_path / "answer"
    answer.write_bytes(b"late")
    # when
    with pytest.raises(LeaseHeldError), Ledger(storage).claim(ENTRY.name) as claim:
        del storage.leases[ENTRY]
        storage.lease(ENTRY)
        claim.store(answer, {"job": "a"})
    # then
    assert storage.read(ENTRY) == b""
