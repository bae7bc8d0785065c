"""A picture's way: options checked, inputs fetched, each call paid once, pictures written with where they came from."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any

from shared.clients.images import ImageRequest
from shared.errors import Deferred, TooLarge
from shared.image_catalog import ImageModel, check, used_usd
from shared.image_messages import ImageJob
from shared.ledger import key_of
from shared.messages import COUNTS
from shared.pipelines import image_inputs
from shared.pipelines.image_calls import Call, write
from shared.pipelines.image_inputs import Given
from shared.records import HeldRecord
from shared.services import Services, workspace

_NOT_SENT = {"prompt", "operation", "model", "images", "mask", "job_id", *COUNTS, "n", "stream", "partial_images"}
_AT_ONCE = 10  # all calls of a job, so that together they keep one call's deadline


def start(services: Services, record: HeldRecord, job: ImageJob) -> None:
    """Make or edit the pictures of a job, and end it.

    Raises:
        Deferred: the model cannot be reached now; what is paid already is in the ledger.
        Permanent: the job or an input cannot be used, or the model refuses it; pictures that were paid are kept.
    """
    services.settings.check()
    deployment = job.model or services.settings.image_model
    model = services.catalog.image(deployment)
    check(job, model)
    _bounded(services, job)
    retired = model.retired(services.now().date())
    options = job.model_dump(exclude_none=True, exclude={"job_id", "model", *COUNTS})
    record.update(model=deployment, options=options, notes=(retired,) if retired else ())
    with workspace() as folder:
        given = _inputs(services, job, folder)
        if given:
            record.update(inputs=tuple(one.source for one in given))
        calls = _calls(services, record, job, given, folder)
        with ThreadPoolExecutor(min(_AT_ONCE, len(calls))) as threads:
            paying = [threads.submit(copy_context().run, call.pay) for call in calls]
        faults = [fault for paid in paying if (fault := paid.result())]
        _count(services, job, model, calls)
        with services.telemetry.span("write results", job=record.job.job_id):
            written = write(services, record, job, model, calls)
    if faults:
        record.update(**written)
        faults.sort(key=lambda fault: not isinstance(fault, Deferred))  # what waits may still end well
        raise faults[0]
    record.succeed(**written)


def _count(services: Services, job: ImageJob, model: ImageModel, calls: list[Call]) -> None:
    for call in calls:
        if call.paid_now and call.known:
            usd = used_usd(model, job, 1, call.known.usage)
            services.telemetry.paid("darkroom.images", len(call.known.pictures), usd, call.request.deployment)


def _bounded(services: Services, job: ImageJob) -> None:
    limit = services.settings.max_job_images
    if job.n > limit:
        raise TooLarge(f"The job asks for {job.n} pictures; the limit DARKROOM_MAX_JOB_IMAGES is {limit}.")


def _inputs(services: Services, job: ImageJob, folder: Path) -> list[Given]:
    if not job.images:
        return []
    given = image_inputs.pictures(services.storage, job.images, folder)
    return [*given, image_inputs.mask(services.storage, job.mask, given[0], folder)] if job.mask else given


def _fields(job: ImageJob, model: ImageModel) -> dict[str, Any]:
    """What is sent: only what was asked for, and streaming where a long silent call would be cut."""
    fields = {"prompt": job.prompt, **job.model_dump(exclude_none=True, exclude=_NOT_SENT)}
    if job.n > 1 and not model.one_a_call:
        fields["n"] = job.n
    if job.stream or (model.always_streams and job.n == 1 and job.stream is None):
        fields |= {"stream": True, "partial_images": 1 if job.partial_images is None else job.partial_images}
    return fields


def _calls(services: Services, record: HeldRecord, job: ImageJob, given: list[Given], folder: Path) -> list[Call]:
    model = services.catalog.image(record.job.model or "")
    fields = _fields(job, model)
    request = ImageRequest(job.operation, record.job.model or "", fields, [one.file for one in given])
    inputs = [one.source.sha256 for one in given]
    asked = {key: value for key, value in fields.items() if key not in ("stream", "partial_images")}
    return [
        Call(
            services,
            record.folder,
            record.job.job_id,
            request,
            key_of("image", {"job": record.job.job_id, "call": number, "asked": asked, "inputs": inputs}),
            folder / f"call-{number}",
            number,
            replays=record.job.replays,
            keeps_partials=bool(job.stream),
        )
        for number in range(1, (job.n if model.one_a_call else 1) + 1)
    ]
