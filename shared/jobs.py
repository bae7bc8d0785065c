"""What surrounds every pipeline: parsing, claiming, putting back what must wait, and ending each job once.

An error's type decides (see `shared/errors.py`): deferred work goes back to its queue with a delay, which burns no
delivery attempt; permanent faults end the job now; anything unexpected is raised, so that the host counts the
attempt, and ends the job at the last one.
"""

import hashlib
import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from azure.core.exceptions import AzureError
from pydantic import ValidationError

from shared.errors import Busy, Crashed, Deferred, GaveUp, Invalid, NeedsOperator, Permanent, Unexpected
from shared.messages import JobRecord, OcrJob, OcrPart
from shared.names import DOCUMENTS, OCR_JOBS, BlobRef, input_blob, ocr_folder, record_of
from shared.pipelines import ocr
from shared.records import HeldRecord, JobIdentity, claim, read_record
from shared.services import Services
from shared.storage import LeaseHeldError

log = logging.getLogger("darkroom.jobs")

MAX_ATTEMPTS = 5  # maxDequeueCount in host.json; a test holds the two together
_FIRST_DELAY, _LONGEST_DELAY, _OPERATOR_DELAY = 5.0, 600.0, 300.0
_SOON = 3.0  # when two parts end at once, the later one looks again whether the earlier has put them together
_SETTLED = timedelta(minutes=10)
_KEPT_TEXT = 16 * 1024


def document_dropped(services: Services, ref: BlobRef) -> None:
    """Post the job for a document that was dropped; the event itself may be late, doubled or stale."""
    job = OcrJob(document=str(ref))
    services.storage.send(OCR_JOBS, job.model_dump_json(exclude_defaults=True))


def ocr_message(services: Services, body: bytes, attempt: int) -> None:
    """Do what a message on `ocr-jobs` asks for; `attempt` counts its deliveries from 1."""
    try:
        message = parse(body)
        ref = input_blob(message.document)
    except Permanent as error:
        _reject(services, body, error)
        return
    try:
        if isinstance(message, OcrPart):
            _part(services, ref, message, attempt)
        else:
            _document(services, ref, message, attempt)
    except Deferred as wait:
        _put_back(services, message, wait)


def buried(services: Services, body: bytes) -> None:
    """Turn what a crash loop left in a poison queue into a failed record that keeps the message.

    It never raises for what the message says.
    """
    try:
        message = parse(body)
        ref = input_blob(message.document)
    except Permanent as error:
        _reject(services, body, error)
        return
    crashed = Crashed(f"The worker died or ran out of time at each of {MAX_ATTEMPTS} attempts.")
    try:
        _bury(services, ref, message, crashed)
    except Deferred as wait:
        _put_back(services, message, wait)


def buried_event(services: Services, body: bytes) -> None:
    """Put a document whose blob event could not be handled on the queue again, from the event in the poison queue."""
    try:
        event = json.loads(body)
        ref = input_blob(f"{event['ContainerName']}/{event['BlobName']}")
    except (ValueError, KeyError, TypeError, RecursionError):
        _reject(services, body, Invalid("The message is no blob event.", code="invalid_message"))
    except Permanent as error:
        _reject(services, body, error)
    else:
        document_dropped(services, ref)


def sweep(services: Services) -> int:
    """Post jobs for documents whose event was lost, and count them: no record of this version, and ten minutes old."""
    posted = 0
    for blob in services.storage.list(DOCUMENTS):
        if services.now() - blob.modified < _SETTLED:
            continue
        record = services.storage.find(record_of(ocr_folder(blob.ref)))
        if record is None or record.metadata.get("source_etag") != blob.etag.strip('"'):
            document_dropped(services, blob.ref)
            posted += 1
    log.info("swept posted=%d", posted)
    return posted


def parse(body: bytes) -> OcrJob | OcrPart:
    """Read a message of `ocr-jobs`.

    Raises:
        Invalid: it is none, with what is wrong with which key.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid("The message is not JSON.", code="invalid_message") from None
    if not isinstance(content, dict):
        raise Invalid("The message is not a JSON object.", code="invalid_message")
    try:
        return (OcrPart if "part" in content else OcrJob).model_validate(content)
    except ValidationError as error:
        raise Invalid(f"The message cannot be used: {ocr.explain(error)}.", code="invalid_message") from None


def _document(services: Services, ref: BlobRef, job: OcrJob, attempt: int) -> None:
    found = services.storage.find(ref)
    identity = ocr.identify(ref, found, job)
    with claim(services.storage, services.now, identity.folder) as record:
        if record.is_of(identity) and record.job.final:
            record.announce()
            return
        if record.is_of(identity) and record.job.dispatched and attempt == 1:
            return
        record.begin(identity)
        with _ending(record, attempt):
            _in_time(services, record.job)
            ocr.start(services, record, found, job)


def _part(services: Services, ref: BlobRef, message: OcrPart, attempt: int) -> None:
    folder = ocr_folder(ref)
    job = read_record(services.storage, folder)
    if job is None or job.final or job.job_id != message.job_id or message.part > len(job.parts):
        log.info("part of no current job dropped job=%s part=%d", message.job_id, message.part)
        return
    fault: Exception | None = None
    try:
        _in_time(services, job)
        ocr.read_part(services, job, message.part)
    except Deferred:
        raise
    except Exception as error:  # noqa: BLE001 - decided below, under the job's claim
        fault = error
    if fault is None and not ocr.all_paid(services, job):
        return
    with claim(services.storage, services.now, folder, busy_seconds=_SOON) as record:
        if record.unfinished(message.job_id):
            with _ending(record, attempt):
                if fault is not None:
                    raise fault
                ocr.assemble(services, record)


@contextmanager
def _ending(record: HeldRecord, attempt: int) -> Iterator[None]:
    """End the job, note that it waits, or let the host count an attempt, as the error says."""
    try:
        yield
    except Deferred as wait:
        record.wait(wait)
        raise
    except Permanent as error:
        record.fail(error)
    except (LeaseHeldError, AzureError):
        raise
    except Exception as error:  # noqa: BLE001 - the unforeseen ends the job as well, at its last attempt
        unexpected = _unexpected(error)
        log.error("unexpected fault job=%s attempt=%d %s", record.job.job_id, attempt, unexpected.message)
        if attempt < MAX_ATTEMPTS:
            raise unexpected from None
        record.fail(unexpected)


def _unexpected(error: Exception) -> Unexpected:
    """The fault by its type and place only: the text of a foreign exception may quote the document."""
    frames = traceback.extract_tb(error.__traceback__)
    place = next((f for f in reversed(frames) if "shared" in f.filename), frames[-1]) if frames else None
    where = f" at {place.filename.rsplit('/', 1)[-1]}:{place.lineno}" if place else ""
    return Unexpected(f"A fault of Darkroom's own: {type(error).__name__}{where}.")


def _in_time(services: Services, job: JobRecord) -> None:
    hours = services.settings.job_hours
    if services.now() - job.created_at > timedelta(hours=hours):
        why = f" It last waited because: {job.problem.message}" if job.problem else ""
        raise GaveUp(f"Gave up after {hours} hours.{why}")


def _put_back(services: Services, message: OcrJob | OcrPart, wait: Deferred) -> None:
    delay = _delay(services, message.deferrals, wait)
    again = message.model_copy(update={"deferrals": message.deferrals + 1})
    level = logging.ERROR if wait.alarming else logging.INFO
    log.log(level, "deferred code=%s seconds=%.0f deferrals=%d", wait.code, delay, again.deferrals)
    services.storage.send(OCR_JOBS, again.model_dump_json(exclude_defaults=True), delay=delay)


def _delay(services: Services, deferrals: int, wait: Deferred) -> float:
    """What was asked for, and up to a quarter more; when nobody said, twice as much each time, or up to half less."""
    if wait.after is not None:
        return wait.after + services.jitter(0.0, max(1.0, wait.after / 4))
    if isinstance(wait, NeedsOperator):
        return _OPERATOR_DELAY + services.jitter(0.0, _OPERATOR_DELAY / 4)
    ceiling = min(_FIRST_DELAY * 2.0 ** min(deferrals, 10), _LONGEST_DELAY)
    return ceiling / 2.0 + services.jitter(0.0, ceiling / 2)


def _bury(services: Services, ref: BlobRef, message: OcrJob | OcrPart, crashed: Crashed) -> None:
    with claim(services.storage, services.now, ocr_folder(ref)) as record:
        if isinstance(message, OcrJob):
            identity = ocr.identify(ref, services.storage.find(ref), message)
            if record.is_of(identity) and record.job.final:
                return
            record.begin(identity)
        elif not record.unfinished(message.job_id):
            return
        record.fail(crashed)


def _reject(services: Services, body: bytes, error: Permanent) -> None:
    """A failed record for a message that names no job; its id is made from its bytes: a second delivery is the same."""
    digest = hashlib.sha256(body).hexdigest()
    job_id = f"rejected-{digest[:24]}"
    log.warning("message rejected job=%s code=%s bytes=%d", job_id, error.code, len(body))
    text = body[:_KEPT_TEXT].decode("utf-8", errors="replace")
    identity = JobIdentity("ocr", job_id, digest, f"rejected/{job_id}", None, text)
    with suppress(Busy), claim(services.storage, services.now, identity.folder) as record:
        if record.is_of(identity) and record.job.final:
            record.announce()
            return
        record.begin(identity)
        record.fail(error)
