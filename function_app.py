"""The doors: one function per event, each turning it into one call."""

import logging
import os

import azure.functions as func

from shared.bindings import BlobName
from shared.names import (
    BLOB_POISON,
    DOCUMENTS,
    EMBEDDING_JOBS,
    EMBEDDING_JOBS_POISON,
    IMAGE_JOBS,
    IMAGE_JOBS_POISON,
    OCR_JOBS,
    OCR_JOBS_POISON,
)
from shared.settings import Settings

_STORAGE = "AzureWebJobsStorage"
_settings = Settings.read(os.environ)
for _problem in _settings.problems:
    logging.getLogger("darkroom").error(_problem)

_SOURCE = func.BlobSource(_settings.blob_source)
app = func.FunctionApp()


@app.blob_trigger("blob", path=f"{DOCUMENTS}/{{name}}", connection=_STORAGE, source=_SOURCE)
def ocr_document(blob: BlobName, context: func.Context) -> None:
    """A file was dropped."""
    from shared import ocr_jobs, services

    ocr_jobs.document_dropped(services.services(), blob.ref, context.trace_context.trace_parent)


@app.queue_trigger("message", queue_name=OCR_JOBS, connection=_STORAGE)
def ocr_job(message: func.QueueMessage, context: func.Context) -> None:
    """A document, or a part of one, is to be read."""
    from shared import ocr_jobs, services

    trace = context.trace_context.trace_parent
    ocr_jobs.ocr_message(services.services(), message.get_body(), message.dequeue_count or 1, trace)


@app.queue_trigger("message", queue_name=OCR_JOBS_POISON, connection=_STORAGE, data_type=func.DataType.BINARY)
def ocr_poison(message: bytes) -> None:
    """A message killed its worker at every attempt; bound as bytes: nothing is read of it before our code."""
    from shared import ocr_jobs, services

    ocr_jobs.buried(services.services(), message)


@app.queue_trigger("message", queue_name=IMAGE_JOBS, connection=_STORAGE)
def image_job(message: func.QueueMessage, context: func.Context) -> None:
    """Pictures are to be made or edited."""
    from shared import image_jobs, services

    trace = context.trace_context.trace_parent
    image_jobs.image_message(
        services.services(), message.get_body(), message.dequeue_count or 1, message_id=message.id or "", trace=trace
    )


@app.queue_trigger("message", queue_name=IMAGE_JOBS_POISON, connection=_STORAGE, data_type=func.DataType.BINARY)
def image_poison(message: bytes) -> None:
    """An image message killed its worker at every attempt."""
    from shared import image_jobs, services

    image_jobs.buried(services.services(), message)


@app.queue_trigger("message", queue_name=EMBEDDING_JOBS, connection=_STORAGE)
def embedding_job(message: func.QueueMessage, context: func.Context) -> None:
    """Vectors are to be computed."""
    from shared import embedding_jobs, services

    trace = context.trace_context.trace_parent
    embedding_jobs.embedding_message(
        services.services(), message.get_body(), message.dequeue_count or 1, message_id=message.id or "", trace=trace
    )


@app.queue_trigger("message", queue_name=EMBEDDING_JOBS_POISON, connection=_STORAGE, data_type=func.DataType.BINARY)
def embedding_poison(message: bytes) -> None:
    """An embedding message killed its worker at every attempt."""
    from shared import embedding_jobs, services

    embedding_jobs.buried(services.services(), message)


@app.queue_trigger("message", queue_name=BLOB_POISON, connection=_STORAGE, data_type=func.DataType.BINARY)
def document_poison(message: bytes) -> None:
    """A blob event could not be handled at any attempt."""
    from shared import ocr_jobs, services

    ocr_jobs.buried_event(services.services(), message)


@app.timer_trigger("timer", schedule="0 */15 * * * *")
def sweep_documents(timer: func.TimerRequest) -> None:
    """Documents whose event was lost are looked for."""
    from shared import services, sweep

    sweep.sweep(services.services())


@app.timer_trigger("timer", schedule="0 */5 * * * *")
def watch_queues(timer: func.TimerRequest) -> None:
    """It is time to look how long the queues are."""
    from shared import services, watch

    watch.watch(services.services())
