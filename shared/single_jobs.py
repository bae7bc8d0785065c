"""Jobs that are one message and one record from beginning to end: pictures and vectors."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.errors import Invalid, Permanent
from shared.jobs import burying, crashed, delivered, ending, in_time, json_object, reject, validated
from shared.messages import COUNTS, Kind, NamedJob
from shared.records import HeldRecord, JobIdentity, claim
from shared.services import Services

Job = TypeVar("Job", bound=NamedJob)


@dataclass(frozen=True)
class SingleJobs(Generic[Job]):
    """The jobs of one kind: their queues, message and result folder, and the work, which ends a job."""

    kind: Kind
    queue: str
    poison: str
    message: type[Job]
    folder: Callable[[str], str]
    start: Callable[[Services, HeldRecord, Job], None]

    def received(
        self, services: Services, body: bytes, attempt: int, message_id: str, trace: str | None = None
    ) -> None:
        """Do what a message asks for; `attempt` counts its deliveries from 1, `trace` is the delivery's traceparent.

        A message without a `job_id` gets one, made from the queue message's own id, and is posted again: so whatever
        becomes of it, in the poison queue too, it names its job.
        """
        try:
            job = self.parse(body)
        except Permanent as error:
            reject(services, self.kind, body, error)
            return
        with delivered(services, self.kind, self.queue, job, attempt=attempt, trace=trace):
            if job.job_id is None:
                update = {"job_id": self._id_from(message_id.encode()), "trace": services.telemetry.trace}
                named = job.model_copy(update=update)
                services.storage.send(self.queue, named.model_dump_json(exclude_defaults=True))
                return
            self._run(services, job, job.job_id, body, attempt)

    def buried(self, services: Services, body: bytes) -> None:
        """Turn what a crash loop left in the poison queue into a failed record that keeps the message; never raises."""
        with burying(services, self.poison, body):
            try:
                job = self.parse(body)
            except Permanent as error:
                reject(services, self.kind, body, error)
                return
            self._bury(services, job, job.job_id or self._id_from(body), body)

    def parse(self, body: bytes) -> Job:
        """Read a message.

        Raises:
            Invalid: it is none, with what is wrong with which key.
            TooLarge: above 48 KiB.
        """
        return validated(self.message, json_object(body))

    def _identity(self, job: Job, job_id: str) -> JobIdentity:
        """The job that a message is: its id, and the hash of what it asks for."""
        asked = job.model_dump(exclude={"job_id", *COUNTS}, exclude_none=True)
        fingerprint = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        named = job.model_copy(update={"job_id": job_id})
        message = named.model_dump_json(exclude_defaults=True, exclude=set(COUNTS))
        return JobIdentity(self.kind, job_id, fingerprint, self.folder(job_id), None, message, job.replays)

    def _id_from(self, content: bytes) -> str:
        return f"{self.kind}-{hashlib.sha256(content).hexdigest()[:24]}"

    def _run(self, services: Services, job: Job, job_id: str, body: bytes, attempt: int) -> None:
        identity = self._identity(job, job_id)
        with claim(services, identity.folder) as record:
            if record.current and not record.is_of(identity):
                reject(services, self.kind, body, _taken(job_id))
                return
            if record.is_over(identity):
                record.announce()
                return
            record.begin(identity)
            with ending(record, attempt):
                in_time(services, record.job)
                self.start(services, record, job)

    def _bury(self, services: Services, job: Job, job_id: str, body: bytes) -> None:
        identity = self._identity(job, job_id)
        with services.telemetry.span("bury", job.trace), claim(services, identity.folder) as record:
            if record.current and not record.is_of(identity):
                reject(services, self.kind, body, _taken(job_id))
            elif record.is_over(identity):
                record.announce()
            elif not record.is_replayed_since(identity):
                record.begin(identity)
                record.fail(crashed())


def _taken(job_id: str) -> Invalid:
    return Invalid(
        f"There is a job {job_id} already, and it asked for something else.",
        code="job_id_taken",
        remedy="Give another job_id, or none.",
    )
