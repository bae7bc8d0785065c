"""Where a document goes when it is read: its pages and figures become vectors."""

import hashlib

from shared.embedding_messages import EmbeddingInput, EmbeddingJob
from shared.messages import JobRecord
from shared.names import EMBEDDING_JOBS
from shared.services import Services

_RECORD_SECONDS = 1.0  # until the record tells that the document is read


def send_on(services: Services, job: JobRecord) -> str | None:
    """Post the embedding job of a document, where that is wanted, and name it; posted twice it is the same job.

    A document that is replayed, or read with other options, has another one.
    """
    wanted = job.options.get("embed")
    if not (services.settings.embed_documents if wanted is None else wanted) or job.source is None:
        return None
    digest = hashlib.sha256(f"{job.job_id} {job.fingerprint} {job.replays}".encode()).hexdigest()
    message = EmbeddingJob(
        inputs=(EmbeddingInput(document=job.source.name),),
        job_id=f"embedding-{digest[:24]}",
        trace=services.telemetry.trace,
    )
    services.storage.send(EMBEDDING_JOBS, message.model_dump_json(exclude_defaults=True), delay=_RECORD_SECONDS)
    return message.job_id
