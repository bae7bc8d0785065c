"""What is posted to have a job tried anew, and why some are not.

A second message of the same job is what a duplicate delivery looks like, and does nothing once the job has failed. So a
replay's message counts one more than the record does: it begins the job anew, and its own duplicates do nothing again.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from pydantic import ValidationError

from cli.errors import CommandError
from cli.listing import Entry
from shared.embedding_messages import EmbeddingJob
from shared.errors import Invalid
from shared.image_messages import ImageJob
from shared.messages import JobRecord, Kind, NamedJob, OcrJob, Status
from shared.names import EMBEDDING_JOBS, IMAGE_JOBS, OCR_JOBS, REJECTED, input_blob
from shared.records import SILENT, read_record
from shared.storage import LARGEST_MESSAGE, Storage

_MESSAGES: Mapping[Kind, tuple[str, type[OcrJob] | type[NamedJob]]] = {
    "ocr": (OCR_JOBS, OcrJob),
    "image": (IMAGE_JOBS, ImageJob),
    "embedding": (EMBEDDING_JOBS, EmbeddingJob),
}


class Posting(NamedTuple):
    """A message to post on a queue, and why its job failed."""

    queue: str
    text: str
    why: str


def posting(storage: Storage, entry: Entry, now: datetime) -> Posting:
    """The message that has a job tried anew.

    Raises:
        CommandError: it is not to be, or cannot be, and why.
    """
    job = read_record(storage, entry.folder)
    if job is None or job.message is None:
        raise CommandError("its record cannot be read, or does not keep the message")
    if entry.kind == REJECTED:
        return _rejected(job, job.message)
    _refuse_unless_over(job, entry, now)
    if job.kind == "ocr":
        _refuse_another_version(storage, job)
    return _posting(job, job.message, replays=job.replays + (job.status is Status.FAILED))


def _refuse_unless_over(job: JobRecord, entry: Entry, now: datetime) -> None:
    if job.status is Status.SUCCEEDED:
        raise CommandError("it succeeded")
    if not job.final and now - entry.heard <= SILENT:
        raise CommandError(f"it is {job.status}; only failed jobs, and those that are silent for an hour, are put back")


def _refuse_another_version(storage: Storage, job: JobRecord) -> None:
    if job.source is None:
        return
    found = storage.find(input_blob(job.source.name))
    if found is None and not job.final:
        return  # it goes on with the parts that are kept, or ends because there are none
    if found is None:
        raise CommandError(f"its document {job.source.name} is gone; drop it again")
    if job.source.etag and found.etag.strip('"') != job.source.etag.strip('"'):
        raise CommandError(f"its document {job.source.name} has a newer version, which is a job of its own")


def _rejected(job: JobRecord, text: str) -> Posting:
    """The text of a rejected message as a job of its own, if it is a message by now; named, so that it is made once."""
    if hashlib.sha256(text.encode()).hexdigest() != job.fingerprint:
        raise CommandError("its message is not kept whole, for it was too long or no text")
    if job.problem and job.problem.code == "job_id_taken":
        raise CommandError(f"{job.problem.message} {job.problem.remedy}")
    return _posting(job, text, replays=0)


def _posting(job: JobRecord, text: str, *, replays: int) -> Posting:
    queue, model = _MESSAGES[job.kind]
    try:
        message = model.model_validate_json(text)
        if isinstance(message, OcrJob):
            input_blob(message.document)
    except (ValidationError, Invalid):
        raise CommandError("its message cannot be used; post a right one instead") from None
    unnamed = isinstance(message, NamedJob) and message.job_id is None
    again = message.model_copy(update={"replays": replays} | ({"job_id": job.job_id} if unnamed else {}))
    posted = again.model_dump_json(exclude_defaults=True)
    if len(posted.encode()) > LARGEST_MESSAGE:
        raise CommandError("its message is too large for the queue")
    why = f"{job.problem.code}: {job.problem.message}" if job.problem else str(job.status)
    return Posting(queue, posted, why)
