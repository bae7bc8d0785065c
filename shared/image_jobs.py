"""The image jobs: one message, one record, one or more pictures."""

import hashlib

from shared.errors import Deferred, Invalid, Permanent
from shared.image_messages import ImageJob
from shared.jobs import burying, crashed, ending, in_time, json_object, put_back, reject, validating
from shared.names import IMAGE_JOBS, IMAGE_JOBS_POISON
from shared.pipelines import images
from shared.records import claim
from shared.services import Services


def image_message(services: Services, body: bytes, attempt: int, message_id: str) -> None:
    """Do what a message on `image-jobs` asks for; `attempt` counts its deliveries from 1.

    A message without a `job_id` gets one, made from the queue message's own id, and is posted again: so whatever
    becomes of it, in the poison queue too, it names its job.
    """
    try:
        job = parse(body)
    except Permanent as error:
        reject(services, "image", body, error)
        return
    if job.job_id is None:
        named = job.model_copy(update={"job_id": f"image-{_short_hash(message_id.encode())}"})
        services.storage.send(IMAGE_JOBS, named.model_dump_json(exclude_defaults=True))
        return
    try:
        _run(services, job, job.job_id, body, attempt)
    except Deferred as wait:
        put_back(services, IMAGE_JOBS, job, wait)


def buried(services: Services, body: bytes) -> None:
    """Turn what a crash loop left in the poison queue into a failed record that keeps the message; never raises."""
    with burying(services, IMAGE_JOBS_POISON, body):
        try:
            job = parse(body)
        except Permanent as error:
            reject(services, "image", body, error)
            return
        identity = images.identify(job, job.job_id or f"image-{_short_hash(body)}")
        with claim(services.storage, services.now, identity.folder) as record:
            if record.current and not record.is_of(identity):
                reject(services, "image", body, _taken(identity.job_id))
            elif record.current and record.current.final:
                record.announce()
            else:
                record.begin(identity)
                record.fail(crashed())


def parse(body: bytes) -> ImageJob:
    """Read a message of `image-jobs`.

    Raises:
        Invalid: it is none, with what is wrong with which key.
        TooLarge: above 48 KiB.
    """
    content = json_object(body)
    with validating():
        job = ImageJob.model_validate(content)
        job.model_dump_json()  # it must be possible to put it back
    return job


def _short_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:24]


def _run(services: Services, job: ImageJob, job_id: str, body: bytes, attempt: int) -> None:
    identity = images.identify(job, job_id)
    with claim(services.storage, services.now, identity.folder) as record:
        if record.current and not record.is_of(identity):
            reject(services, "image", body, _taken(job_id))
            return
        if record.current and record.current.final:
            record.announce()
            return
        record.begin(identity)
        with ending(record, attempt):
            in_time(services, record.job)
            images.start(services, record, job)


def _taken(job_id: str) -> Invalid:
    return Invalid(
        f"There is a job {job_id} already, and it asked for something else.",
        code="job_id_taken",
        remedy="Give another job_id, or none.",
    )
