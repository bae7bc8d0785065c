"""What surrounds the work of every kind of job: how it ends, waits, is counted, or is turned away.

An error's type decides (see `shared/errors.py`): deferred work goes back to its queue with a delay, which burns no
delivery attempt; permanent faults end the job now; anything unexpected is raised, so that the host counts the
attempt, and ends the job at the last one.
"""

import hashlib
import json
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar

from azure.core.exceptions import AzureError
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from shared.errors import (
    Busy,
    Crashed,
    Deferred,
    GaveUp,
    Invalid,
    NeedsOperator,
    Permanent,
    TooLarge,
    Unavailable,
    Unexpected,
)
from shared.messages import JobRecord, Kind, Repostable, explain, room
from shared.names import rejected_folder
from shared.records import HeldRecord, JobIdentity, claim
from shared.services import Services
from shared.storage import LARGEST_MESSAGE, LeaseHeldError

log = logging.getLogger("darkroom.jobs")

MAX_ATTEMPTS = 5  # maxDequeueCount in host.json; a test holds the two together
_FIRST_DELAY, _LONGEST_DELAY, _OPERATOR_DELAY = 5.0, 600.0, 300.0
_LONGEST_JITTER = 15.0
_KEPT_TEXT = 16 * 1024

Message = TypeVar("Message", bound=Repostable)


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a message is.

    Raises:
        Invalid: it is none.
        TooLarge: there is no room left in it for what Darkroom adds when it puts it back.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid("The message is not JSON.", code="invalid_message") from None
    if not isinstance(content, dict):
        raise Invalid("The message is not a JSON object.", code="invalid_message")
    _leaves_room(body, content)
    return content


def _leaves_room(body: bytes, content: Mapping[str, Any]) -> None:
    """What Darkroom adds to a message must still fit into it."""
    needed = room(content)
    if len(body) > LARGEST_MESSAGE - needed:
        raise TooLarge(
            f"The message has {len(body):,} bytes; it may have 48 KiB less {needed}, which Darkroom needs itself.",
            remedy="Put large options into the metadata of a blob, or make the prompt shorter.",
        )


def validated(model: type[Message], content: Mapping[str, Any]) -> Message:
    """The message that an object is; what is wrong is told by its key, without the value: it may be anything.

    Raises:
        Invalid: the model does not take it, or it would not be the same once it is put back.
    """
    try:
        message = model.model_validate(content)
        same = model.model_validate_json(message.model_dump_json(exclude_defaults=True)) == message
    except ValidationError as error:
        raise Invalid(f"The message cannot be used: {explain(error)}.", code="invalid_message") from None
    except (PydanticSerializationError, RecursionError, UnicodeError):
        same = False
    if not same:
        raise Invalid(
            "The message is nested too deeply, or has broken characters or endless numbers in it.",
            code="invalid_message",
        )
    return message


def crashed() -> Crashed:
    """What a message in a poison queue says of its job."""
    return Crashed(
        f"Each of {MAX_ATTEMPTS} attempts ended without a result: "
        "the worker died, ran out of time, or storage did not answer."
    )


@contextmanager
def burying(services: Services, queue: str, body: bytes) -> Iterator[None]:
    """A poison message is never lost: what goes wrong while it is buried puts it back into its queue for a while."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a poison function that raises loses its message for good
        after = error.after if isinstance(error, Busy) else None  # a worker is at its job, or buries another part of it
        level = logging.CRITICAL if after is None else logging.INFO
        log.log(level, "poison message put back queue=%s fault=%s", queue, type(error).__name__)
        services.storage.send(queue, body, delay=_OPERATOR_DELAY if after is None else after)


@contextmanager
def ending(record: HeldRecord, attempt: int) -> Iterator[None]:
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


def in_time(services: Services, job: JobRecord) -> None:
    """Let a job go on.

    Raises:
        GaveUp: it is older than its time to live, not counting what it waited for a day's cap.
    """
    hours = services.settings.job_hours
    began = max(job.created_at, job.held_until or job.created_at)
    if services.now() - began > timedelta(hours=hours):
        why = f" It last waited because: {job.problem.message}" if job.problem else ""
        raise GaveUp(f"Gave up after {hours} hours.{why}")


@contextmanager
def delivered(
    services: Services, kind: Kind, queue: str, message: Repostable, *, attempt: int, trace: str | None
) -> Iterator[None]:
    """One delivery of a message: a span of its job's trace, and back into its queue goes what must wait.

    `trace` is the traceparent of the host's own span, for a message that has none.
    """
    with services.telemetry.span("job", message.trace or trace, kind=kind, attempt=attempt):
        try:
            with _outlasting(attempt):
                yield
        except Deferred as wait:
            services.telemetry.tell(outcome="deferred", code=wait.code)
            services.telemetry.count("darkroom.retries", kind=kind, code=wait.code)
            _put_back(services, queue, message, wait)


@contextmanager
def _outlasting(attempt: int) -> Iterator[None]:
    """Wait for storage that fails as a whole, at the last attempt: an outage must not turn a queue into failures."""
    try:
        yield
    except AzureError as error:
        if attempt < MAX_ATTEMPTS or not _is_away(error):
            raise
        log.error("storage is away fault=%s", type(error).__name__)
        raise Unavailable("Storage does not answer.", after=_OPERATOR_DELAY) from None


def _is_away(error: AzureError) -> bool:
    """Whether no request would succeed: no answer, no right to it, nothing there, or too much at once."""
    status = getattr(error, "status_code", None)
    return status is None or status in (401, 403, 404, 408, 429) or status >= 500


def _put_back(services: Services, queue: str, message: Repostable, wait: Deferred) -> None:
    """Post the same message again, invisible for as long as it must wait."""
    seconds = delay(services.jitter, message.deferrals, wait)
    told = wait.after is not None  # only waits that nobody measured make the next one longer
    deferrals = message.deferrals if told else message.deferrals + 1
    again = message.model_copy(update={"deferrals": deferrals, "trace": message.trace or services.telemetry.trace})
    level = logging.ERROR if wait.alarming else logging.INFO
    log.log(level, "deferred code=%s seconds=%.0f deferrals=%d", wait.code, seconds, again.deferrals)
    services.storage.send(queue, again.model_dump_json(exclude_defaults=True), delay=seconds)


def reject(services: Services, kind: Kind, body: bytes, error: Permanent) -> None:
    """A failed record for a message that names no job; its id is made from its bytes: a second delivery is the same."""
    digest = hashlib.sha256(body).hexdigest()
    job_id = f"rejected-{hashlib.sha256(kind.encode() + body).hexdigest()[:24]}"
    log.warning("message rejected job=%s code=%s bytes=%d", job_id, error.code, len(body))
    text = body[:_KEPT_TEXT].decode("utf-8", errors="replace")
    identity = JobIdentity(kind, job_id, digest, rejected_folder(job_id), None, text)
    with suppress(Busy), claim(services, identity.folder) as record:
        if record.is_of(identity) and record.job.final:
            record.announce()
            return
        record.begin(identity)
        record.fail(error)


def _unexpected(error: Exception) -> Unexpected:
    """The fault by its type and place only: the text of a foreign exception may quote the document."""
    frames = traceback.extract_tb(error.__traceback__)
    place = next((f for f in reversed(frames) if "shared" in f.filename), frames[-1]) if frames else None
    where = f" at {place.filename.rsplit('/', 1)[-1]}:{place.lineno}" if place else ""
    return Unexpected(f"A fault of Darkroom's own: {type(error).__name__}{where}.")


def delay(jitter: Callable[[float, float], float], deferrals: int, wait: Deferred) -> float:
    """Seconds that a job waits: what was asked for, and up to a quarter more; twice as long each time when nobody said.

    `deferrals` counts the waits that nobody measured; `jitter` picks a number between two.
    """
    if wait.after is not None:
        return wait.after + jitter(0.0, min(max(1.0, wait.after / 4), _LONGEST_JITTER))
    if isinstance(wait, NeedsOperator):
        return _OPERATOR_DELAY + jitter(0.0, _OPERATOR_DELAY / 4)
    ceiling = min(_FIRST_DELAY * 2.0 ** min(deferrals, 10), _LONGEST_DELAY)
    return ceiling / 2.0 + jitter(0.0, ceiling / 2)
