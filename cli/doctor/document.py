"""What became of one document that was dropped."""

from datetime import datetime, timedelta

from azure.core.exceptions import AzureError

from cli.account import told
from cli.doctor.findings import Finding, right, unknown, wrong
from shared.messages import JobRecord, Status
from shared.names import OCR_JOBS, BlobRef, ocr_folder, record_of
from shared.records import SILENT, last_heard, read_record
from shared.storage import Blob, Storage

# An event takes seconds; what has no record after ten minutes is posted by the sweep, which runs every fifteen.
_SOON, _SWEPT = timedelta(minutes=1), timedelta(minutes=25)


def document_finding(storage: Storage, ref: BlobRef, now: datetime) -> Finding:
    """Where the document is on its way."""
    try:
        return _found(storage, ref, now)
    except AzureError as error:
        return unknown(str(ref), f"It cannot be looked at ({told(error)}).", "Mend the storage first.")


def _found(storage: Storage, ref: BlobRef, now: datetime) -> Finding:
    blob = storage.find(ref)
    if blob is None:
        return wrong(str(ref), "There is no such document.", "Upload it, or check its name: capitals count.")
    record = read_record(storage, ocr_folder(ref))
    if record is None or record.source is None or _bare(record.source.etag) != _bare(blob.etag):
        return _not_begun(storage, blob, record, now)
    return _of_record(str(ref), record, now)


def _not_begun(storage: Storage, blob: Blob, record: JobRecord | None, now: datetime) -> Finding:
    waiting = storage.depth(OCR_JOBS) or 0
    older = " but that of an older version" if record else ""
    what = f"It is there, and has no record{older}; messages in {OCR_JOBS}: {waiting}."
    age = now - blob.modified
    if age < _SOON:
        return unknown(str(blob.ref), what, "It was dropped a moment ago: look again in a minute.")
    if waiting:
        return unknown(str(blob.ref), what, "Its turn may be still to come: see that the queue gets shorter.")
    if age < _SWEPT:
        remedy = "Its event was lost or is late; the sweep posts such documents after ten to twenty-five minutes."
        return wrong(str(blob.ref), what, remedy)
    remedy = "The sweep did not post it either: see the findings on host, functions and settings."
    return wrong(str(blob.ref), what, remedy)


def _of_record(name: str, record: JobRecord, now: datetime) -> Finding:
    about = f"job {record.job_id}, attempts {record.attempts}, waits {record.deferrals}"
    problem = record.problem
    if record.status is Status.SUCCEEDED:
        where = record_of(ocr_folder(BlobRef.parse(name)))
        return right(name, f"It is read; the results are beside {where} ({about}).")
    if record.status is Status.FAILED and problem:
        return wrong(name, f"It failed with {problem.code}: {problem.message} ({about})", problem.remedy)
    if now - last_heard(record) > SILENT:
        return wrong(name, f"Nothing was heard of it for an hour ({about}).", "The sweep posts it again.")
    if record.status is Status.WAITING and problem:
        remedy = problem.remedy or "It goes on by itself."
        return unknown(name, f"It waits because of {problem.code}: {problem.message} ({about})", remedy)
    return unknown(name, f"It is being read ({about}).", "Look again in a minute.")


def _bare(etag: str | None) -> str:
    return (etag or "").strip('"')
