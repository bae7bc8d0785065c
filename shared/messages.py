"""The public contract: job messages, the job record and the job event, as frozen models.

Messages forbid unknown keys. Above all they forbid the keys that the Functions host would overwrite in the trigger's
metadata (`id`, `dequeueCount`, `popReceipt` …): a message that carries one fails before any of our code runs.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from shared import pages

JobId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Schema = dict[str, Any]


class Frozen(BaseModel):
    """A message or part of one: immutable, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OcrOptions(Frozen):
    """How a document is read; the same keys ride as blob metadata, there as text."""

    pages: str | None = Field(None, description="Pages to read, counted from 1, such as `1-3,7`; all when absent.")
    include_figures: bool = Field(True, description="Cut figures out and keep them as files.")
    table_format: Literal["markdown", "html"] | None = Field(
        None, description="Keep tables as files of this format too, where the model gives them."
    )
    annotation_schema: Schema | None = Field(None, description="JSON Schema of what to tell about the document.")
    figure_annotation_schema: Schema | None = Field(None, description="JSON Schema of what to tell about each figure.")
    model: str | None = Field(None, description="OCR deployment; the setting DARKROOM_OCR_MODEL when absent.")

    @field_validator("pages")
    @classmethod
    def _canonical(cls, value: str | None) -> str | None:
        return None if value is None else pages.text(pages.parse(value))


class OcrJob(OcrOptions):
    """A message on `ocr-jobs`: read this document.

    What it says goes before what the document's metadata says.
    """

    document: str = Field(
        description="The document, as `container/name`.", pattern=r"^[a-z0-9-]{3,63}/.+$", max_length=1100
    )
    job_id: JobId | None = Field(None, description="Name of the job; made from the document and options when absent.")
    deferrals: int = Field(0, ge=0, description="How often Darkroom has put the message back; leave it out.")


class OcrPart(Frozen):
    """A message that Darkroom posts to itself on `ocr-jobs`: read this part of a document that is already in work."""

    document: str
    job_id: JobId
    part: int = Field(ge=1)
    deferrals: int = Field(0, ge=0)


class Status(StrEnum):
    """Where a job stands; `succeeded` and `failed` are final."""

    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Source(Frozen):
    """The input of a job, as it was read; what is not known yet is null."""

    name: str
    etag: str | None = None
    size: int | None = None
    sha256: str | None = None
    media_type: str | None = None
    pages: int | None = None


class Part(Frozen):
    """One request's worth of a document."""

    number: int
    pages: str
    size: int
    ledger_key: str
    media_type: str
    paid_by_this_job: bool | None = None


class Usage(Frozen):
    """What the service says it counted; null where it does not say."""

    pages: int | None = None
    annotation_pages: int | None = None
    document_bytes: int | None = None


class Problem(Frozen):
    """Why a job failed or waits, for a person."""

    code: str
    message: str
    remedy: str = ""
    retryable: bool = Field(description="Whether posting the job again can help.")


class JobRecord(Frozen):
    """`job.json`: one per job, beside its results, written before and after the work."""

    job_id: JobId
    kind: Literal["ocr"]
    status: Status
    fingerprint: str = Field(description="Hash of input version and options: the same job again has the same one.")
    source: Source | None
    model: str | None = None
    options: dict[str, Any] = {}
    parts: tuple[Part, ...] = ()
    dispatched: bool = Field(False, description="All parts are in the queue.")
    usage: Usage | None = None
    figures: int | None = None
    estimated_usd: float | None = None
    problem: Problem | None = None
    notes: tuple[str, ...] = ()
    outputs: tuple[str, ...] = Field((), description="The result files, relative to the record's folder.")
    attempts: int = 1
    deferrals: int = 0
    created_at: datetime
    finished_at: datetime | None = None
    announced: bool = Field(False, description="The job event is posted.")
    message: str | None = Field(None, description="The original message, for replay.")

    @property
    def final(self) -> bool:
        """Whether the job has ended."""
        return self.status in (Status.SUCCEEDED, Status.FAILED)


class JobEvent(Frozen):
    """A message on `job-events`: a job ended."""

    job_id: JobId
    kind: Literal["ocr"]
    status: Status
    record: str = Field(description="Where the record is, as `container/name`.")
    source: str | None = None
    code: str | None = Field(None, description="The problem's code when the job failed.")
    finished_at: datetime
