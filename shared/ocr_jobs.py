"""The document jobs: dropped files and messages on `ocr-jobs`, and what becomes of lost and poisoned ones."""

import json
import logging
from contextlib import suppress

from shared.errors import Busy, Deferred, Invalid, Permanent
from shared.jobs import burying, crashed, delivered, ending, in_time, json_object, reject, validated
from shared.messages import COUNTS, JobRecord, OcrJob, OcrPart, Source
from shared.names import BLOB_POISON, OCR_JOBS, OCR_JOBS_POISON, BlobRef, input_blob, ocr_folder
from shared.pipelines import ocr
from shared.records import HeldRecord, JobIdentity, claim, read_record
from shared.services import Services
from shared.storage import Blob

log = logging.getLogger("darkroom.jobs")

_SOON = 3.0  # when two parts end at once, the later one looks again whether the earlier has put them together


def document_dropped(services: Services, ref: BlobRef, trace: str | None = None) -> None:
    """Post the job for a document that was dropped; the event itself may be late, doubled or stale.

    `trace` is the event's traceparent; the job goes on with its trace.
    """
    with services.telemetry.span("event", trace):
        try:
            job = OcrJob(document=str(BlobRef.parse(str(ref))), trace=services.telemetry.trace)
        except Permanent as error:
            reject(services, "ocr", str(ref).encode("utf-8", errors="replace"), error)
            return
        services.storage.send(OCR_JOBS, job.model_dump_json(exclude_defaults=True))


def ocr_message(services: Services, body: bytes, attempt: int, trace: str | None = None) -> None:
    """Do what a message on `ocr-jobs` asks for.

    `attempt` counts its deliveries from 1, `trace` is this delivery's traceparent.
    """
    try:
        message = parse(body)
        ref = input_blob(message.document)
    except Permanent as error:
        reject(services, "ocr", body, error)
        return
    with delivered(services, "ocr", OCR_JOBS, message, attempt=attempt, trace=trace):
        if isinstance(message, OcrPart):
            _part(services, ref, message, attempt)
        else:
            _document(services, ref, message, attempt)


def buried(services: Services, body: bytes) -> None:
    """Turn what a crash loop left in a poison queue into a failed record that keeps the message; never raises."""
    with burying(services, OCR_JOBS_POISON, body):
        try:
            message = parse(body)
            ref = input_blob(message.document)
        except Permanent as error:
            reject(services, "ocr", body, error)
            return
        _bury(services, ref, message)


def buried_event(services: Services, body: bytes) -> None:
    """Put a document whose blob event could not be handled on the queue again, from the event in the poison queue."""
    with burying(services, BLOB_POISON, body):
        try:
            event = json.loads(body)
            ref = input_blob(f"{event['ContainerName']}/{event['BlobName']}")
        except (ValueError, KeyError, TypeError, RecursionError):
            reject(services, "ocr", body, Invalid("The message is no blob event.", code="invalid_message"))
        except Permanent as error:
            reject(services, "ocr", body, error)
        else:
            document_dropped(services, ref)


def parse(body: bytes) -> OcrJob | OcrPart:
    """Read a message of `ocr-jobs`.

    Raises:
        Invalid: it is none, with what is wrong with which key.
        TooLarge: above 48 KiB.
    """
    content = json_object(body)
    return validated(OcrPart, content) if "part" in content else validated(OcrJob, content)


def _document(services: Services, ref: BlobRef, job: OcrJob, attempt: int) -> None:
    with claim(services, ocr_folder(ref)) as record:
        found = services.storage.find(ref)  # under the claim: an older version never comes after a newer one
        identity = ocr.identify(ref, _version(ref, found, record), job)
        if record.is_over(identity):
            record.announce()
            return
        if found is None and record.current and record.current.final:
            _gone(services, record, identity, job)
            return
        same = record.is_of(identity) and not record.job.final
        if same and record.job.dispatched and attempt == 1 and not record.is_silent():
            return
        record.begin(identity)
        with ending(record, attempt):
            in_time(services, record.job)
            ocr.start(services, record, found, job)


def _version(ref: BlobRef, found: Blob | None, record: HeldRecord) -> Source:
    """The newest version of a document; once it is taken away, the one that the record is of."""
    if found is None:
        return record.current.source if record.current and record.current.source else Source(name=str(ref))
    return Source(name=str(ref), etag=found.etag, size=found.size)


def _gone(services: Services, record: HeldRecord, identity: JobIdentity, job: OcrJob) -> None:
    """A late event for a document that was read and taken away is none; whoever asks for more of it is told so.

    The record stays as it is, and the results.
    """
    log.info("document is gone, its results stay job=%s", record.job.job_id)
    record.announce()
    if job.model_fields_set - {"document", *COUNTS}:
        reject(services, "ocr", identity.message.encode(), ocr.missing())


def _part(services: Services, ref: BlobRef, message: OcrPart, attempt: int) -> None:
    folder = ocr_folder(ref)
    services.telemetry.tell(job=message.job_id)
    job = read_record(services.storage, folder)
    current = job is not None and (job.job_id, job.replays) == (message.job_id, message.replays)
    if job is None or not current or message.part > len(job.parts):
        log.info("part of no current job dropped job=%s part=%d", message.job_id, message.part)
        return
    if job.final:
        _announced(services, folder, job)
        return
    fault = _read(services, folder, job, message.part)
    if fault is None and not ocr.all_paid(services, job):
        return
    with claim(services, folder, busy_seconds=_SOON) as record:
        if record.unfinished(message):
            with ending(record, attempt):
                if fault is not None:
                    raise fault
                ocr.assemble(services, record)


def _read(services: Services, folder: str, job: JobRecord, number: int) -> Exception | None:
    """Have a part read; what went wrong with it is for the job's claim to decide, unless it waits."""
    try:
        in_time(services, job)
        ocr.read_part(services, job, number)
    except Deferred as wait:
        _noted(services, folder, job, wait)
        raise
    except Exception as error:  # noqa: BLE001 - raised again under the claim
        return error
    return None


def _announced(services: Services, folder: str, job: JobRecord) -> None:
    """Whoever ended the job may have died before telling of it."""
    if not job.announced:
        with claim(services, folder, busy_seconds=_SOON) as record:
            if record.current and record.current.job_id == job.job_id and record.current.final:
                record.announce()


def _noted(services: Services, folder: str, job: JobRecord, wait: Deferred) -> None:
    """Say in the record what the parts wait for, unless somebody holds it, who knows better."""
    if isinstance(wait, Busy):
        return
    with suppress(Busy), claim(services, folder) as record:
        if record.unfinished(job):
            record.wait(wait)


def _bury(services: Services, ref: BlobRef, message: OcrJob | OcrPart) -> None:
    with services.telemetry.span("bury", message.trace), claim(services, ocr_folder(ref)) as record:
        if _in_work(services, ref, message, record):
            record.fail(crashed())
        elif record.current and record.current.final:
            record.announce()


def _in_work(services: Services, ref: BlobRef, message: OcrJob | OcrPart, record: HeldRecord) -> bool:
    """Whether the record is of the buried message's job, and not over nor replayed since; a document's begins here."""
    if isinstance(message, OcrPart):
        return record.unfinished(message)
    identity = ocr.identify(ref, _version(ref, services.storage.find(ref), record), message)
    if record.is_over(identity) or record.is_replayed_since(identity):
        return False
    record.begin(identity)
    return True
