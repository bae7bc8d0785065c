"""The doors: one function per event, each turning it into one call."""

import logging
import os

import azure.functions as func

from shared.bindings import BlobName
from shared.names import BLOB_POISON, DOCUMENTS, IMAGE_JOBS, IMAGE_JOBS_POISON, OCR_JOBS, OCR_JOBS_POISON
from shared.settings import Settings

_STORAGE = "AzureWebJobsStorage"
_settings = Settings.read(os.environ)
for _problem in _settings.problems:
    logging.getLogger("darkroom").error(_problem)

_SOURCE = func.BlobSource(_settings.blob_source)
app = func.FunctionApp()


@app.blob_trigger("blob", path=f"{DOCUMENTS}/{{name}}", connection=_STORAGE, source=_SOURCE)
def ocr_document(blob: BlobName) -> None:
    """A file was dropped."""
    from shared import ocr_jobs, services

    ocr_jobs.document_dropped(services.services(), blob.ref)


@app.queue_trigger("message", queue_name=OCR_JOBS, connection=_STORAGE)
def ocr_job(message: func.QueueMessage) -> None:
    """A document, or a part of one, is to be read."""
    from shared import ocr_jobs, services

    ocr_jobs.ocr_message(services.services(), message.get_body(), message.dequeue_count or 1)


@app.queue_trigger("message", queue_name=OCR_JOBS_POISON, connection=_STORAGE)
def ocr_poison(message: str) -> None:
    """A message killed its worker at every attempt; bound as text, for a `QueueMessage` can fail on what it says."""
    from shared import ocr_jobs, services

    ocr_jobs.buried(services.services(), message.encode())


@app.queue_trigger("message", queue_name=IMAGE_JOBS, connection=_STORAGE)
def image_job(message: func.QueueMessage) -> None:
    """Pictures are to be made or edited."""
    from shared import image_jobs, services

    image_jobs.image_message(
        services.services(), message.get_body(), message.dequeue_count or 1, message_id=message.id or ""
    )


@app.queue_trigger("message", queue_name=IMAGE_JOBS_POISON, connection=_STORAGE)
def image_poison(message: str) -> None:
    """An image message killed its worker at every attempt."""
    from shared import image_jobs, services

    image_jobs.buried(services.services(), message.encode())


@app.queue_trigger("message", queue_name=BLOB_POISON, connection=_STORAGE)
def document_poison(message: str) -> None:
    """A blob event could not be handled at any attempt."""
    from shared import ocr_jobs, services

    ocr_jobs.buried_event(services.services(), message.encode())


@app.timer_trigger("timer", schedule="0 */15 * * * *")
def sweep_documents(timer: func.TimerRequest) -> None:
    """Documents whose event was lost are looked for."""
    from shared import ocr_jobs, services

    ocr_jobs.sweep(services.services())
