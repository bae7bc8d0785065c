"""The sweep: documents whose event or message was lost are found, a page of the container at a time, and posted once.

A pass walks all names of `documents` and asks only for the records of those that changed lately enough for their job
to be open still. How far it has come lies in `ledger/sweep.json`, so that a pass goes on in the next run when the time
of one is over, and in another worker when one is killed.
"""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from shared.errors import Invalid
from shared.leases import held
from shared.names import DOCUMENTS, LEDGER, OCR_JOBS, BlobRef, ocr_folder, record_of
from shared.ocr_jobs import document_dropped
from shared.records import SILENT, heard_of
from shared.services import Services
from shared.storage import Blob, Lease, LeaseHeldError, MarkerError, Page, Storage

log = logging.getLogger("darkroom.sweep")

_STATE = BlobRef(LEDGER, "sweep.json")
_POSTED = "posted"  # metadata of a record: the version of the document that was posted here last
_JSON = "application/json"
_BUDGET = timedelta(minutes=4)  # a page that is begun is finished; functionTimeout is ten minutes
_AT_ONCE = 8
_SETTLED = timedelta(minutes=10)


class _Patience(NamedTuple):
    """How long a document's event, and a message that was posted here, are given before they count as lost."""

    event: timedelta
    message: timedelta


_QUEUE_EMPTY = _Patience(_SETTLED, SILENT)
_QUEUE_BUSY = _Patience(timedelta(hours=6), timedelta(hours=24))  # their messages may still be in it
_LEAST_LOOK_BACK = 2 * _QUEUE_BUSY.message  # what was posted is looked at once more


class _Pass(BaseModel):
    """How far a pass has come: `marker` is where the listing goes on; what changed before `since` is done with."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    since: AwareDatetime | None = None
    started: AwareDatetime | None = None
    marker: str | None = None

    def after(self, marker: str | None, look_back: timedelta) -> "_Pass":
        """The pass with another page done; behind the last page begins the next pass."""
        if marker or not self.started:
            return self.model_copy(update={"marker": marker})
        return _Pass(since=self.started - look_back)


def sweep(services: Services) -> int:
    """Post jobs for documents whose event or message was lost, and count them.

    Lost is an event when there is no record of the document's version though it is ten minutes old (six hours while
    the queue is not empty, for then its message may still be in it), and a message when an unfinished job has been
    silent for more than an hour. Each is posted once an hour at most, and once in 24 while the queue is not empty.
    """
    storage = services.storage
    storage.create(_STATE, b"", _JSON)
    try:
        lease = storage.lease(_STATE)
    except LeaseHeldError:
        log.info("sweep left to another worker")
        return 0
    with held(lease):
        return _go_on(services, lease)


def _go_on(services: Services, lease: Lease) -> int:
    """Walk on from where the last run stopped, until the container or the time is over."""
    began = services.now()
    look_back = max(_LEAST_LOOK_BACK, timedelta(hours=2 * services.settings.job_hours))
    current = _remembered(services.storage)
    current = current if current.started else current.model_copy(update={"started": began})
    patience = _QUEUE_BUSY if services.storage.depth(OCR_JOBS) else _QUEUE_EMPTY
    listed = posted = 0
    for blobs, marker in _pages(services.storage, current.marker):
        posted += _post(services, [blob for blob in blobs if _is_due(blob, current, began)], patience)
        listed += len(blobs)
        current = current.after(marker, look_back)
        services.storage.write(_STATE, current.model_dump_json().encode(), _JSON, lease=lease)
        if services.now() - began > _BUDGET:
            break
    log.info("swept listed=%d posted=%d over=%s", listed, posted, current.marker is None)
    return posted


def _remembered(storage: Storage) -> _Pass:
    """The pass that is under way; one that cannot be read begins anew."""
    try:
        return _Pass.model_validate_json(storage.read(_STATE) or b"")
    except ValidationError:
        return _Pass()


def _pages(storage: Storage, marker: str | None) -> Iterator[Page]:
    """The pages of the container from a marker on; from the first when storage knows the marker no more."""
    try:
        yield from storage.pages(DOCUMENTS, marker)
    except MarkerError:
        yield from storage.pages(DOCUMENTS, None)


def _is_due(blob: Blob, current: _Pass, now: datetime) -> bool:
    """Whether a document is old enough to be missed, and young enough for its job to be open."""
    return now - blob.modified > _SETTLED and (current.since is None or blob.modified >= current.since)


def _post(services: Services, due: list[Blob], patience: _Patience) -> int:
    """Post what is lost of these documents; how many."""
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return sum(threads.map(partial(_post_if_lost, services, patience), due))


def _post_if_lost(services: Services, patience: _Patience, document: Blob) -> bool:
    try:
        BlobRef.parse(str(document.ref))
    except Invalid:
        return False  # its event was rejected, and would be again
    ref = record_of(ocr_folder(document.ref))
    record = services.storage.find(ref)
    lost = _is_lost(services, document, record, patience) and _noted(services.storage, document, ref, record)
    if lost:
        document_dropped(services, document.ref)
    return lost


def _is_lost(services: Services, document: Blob, record: Blob | None, patience: _Patience) -> bool:
    version, now = document.etag.strip('"'), services.now()
    if record is not None and record.metadata.get(_POSTED) == version and now - record.modified < patience.message:
        return False
    if record is None or record.metadata.get("source_etag") != version:
        return now - document.modified > patience.event
    return record.metadata.get("status") in ("running", "waiting") and now - heard_of(record) > SILENT


def _noted(storage: Storage, document: Blob, ref: BlobRef, record: Blob | None) -> bool:
    """Note on the record that this version is posted; whoever works on the record meanwhile keeps it from us."""
    if record is None and not storage.create(ref, b"", _JSON):
        return False
    current = record or storage.find(ref)
    if current is None:
        return False
    return storage.annotate(current, {**current.metadata, _POSTED: document.etag.strip('"')})
