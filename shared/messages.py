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

    name: str = Field(description="The blob, as `container/name`.")
    etag: str | None = Field(None, description="Its version.")
    size: int | None = Field(None, description="Bytes.")
    sha256: str | None = Field(None, description="Hash of its bytes, in hex.")
    media_type: str | None = Field(None, description="Its type, told by its bytes.")
    pages: int | None = Field(None, description="Pages of the whole document.")


class Part(Frozen):
    """One request's worth of a document."""

    number: int = Field(description="Counted from 1.")
    pages: str = Field(description="The document's pages in it, such as `31-60`.")
    size: int = Field(description="Bytes that are sent.")
    media_type: str = Field(description="What is sent.")
    ledger_key: str = Field(description="Where its paid response lies in `ledger`.")
    paid_by_this_job: bool | None = Field(None, description="False: an earlier job had paid for the same request.")


class Usage(Frozen):
    """What the service says it counted; null where it does not say."""

    pages: int | None = Field(None, description="Pages processed.")
    annotation_pages: int | None = Field(
        None, description="Pages processed for annotations; billed instead or as well."
    )
    document_bytes: int | None = Field(None, description="Bytes received.")


class Problem(Frozen):
    """Why a job failed or waits, for a person."""

    code: str = Field(description="One word for programs.")
    message: str = Field(description="What is wrong, in a sentence.")
    remedy: str = Field("", description="What to do about it.")
    retryable: bool = Field(description="Whether posting the job again can help.")


class JobRecord(Frozen):
    """`job.json`: one per job, beside its results, written before and after the work."""

    job_id: JobId = Field(description="The job.")
    kind: Literal["ocr"] = Field(description="What kind of job it is.")
    status: Status = Field(description="Where it stands; `succeeded` and `failed` are final.")
    fingerprint: str = Field(description="Hash of input version and options: the same job again has the same one.")
    source: Source | None = Field(description="The input; null when the message names none.")
    model: str | None = Field(None, description="The deployment that reads it.")
    options: dict[str, Any] = Field({}, description="The options in force.")
    parts: tuple[Part, ...] = Field((), description="The requests that the document is read in.")
    dispatched: bool = Field(False, description="Its parts are in the queue.")
    usage: Usage | None = Field(
        None, description="What the service counted, over all parts; null when one does not say."
    )
    figures: int | None = Field(None, description="Figures kept as files.")
    estimated_usd: float | None = Field(None, description="Pages at the catalogue's price; null when not known.")
    problem: Problem | None = Field(None, description="Why it failed, or waited last.")
    notes: tuple[str, ...] = Field((), description="What else to know: a retired model, an option left out.")
    outputs: tuple[str, ...] = Field((), description="The result files, relative to the record's folder.")
    attempts: int = Field(1, description="How often work on it began.")
    deferrals: int = Field(0, description="How often it went back to its queue to wait.")
    created_at: datetime = Field(description="When work on it first began.")
    finished_at: datetime | None = Field(None, description="When it ended.")
    announced: bool = Field(False, description="The job event is posted.")
    message: str | None = Field(None, description="The original message, for replay.")

    @property
    def final(self) -> bool:
        """Whether the job has ended."""
        return self.status in (Status.SUCCEEDED, Status.FAILED)


class JobEvent(Frozen):
    """A message on `job-events`: a job ended."""

    job_id: JobId = Field(description="The job.")
    kind: Literal["ocr"] = Field(description="What kind of job it was.")
    status: Status = Field(description="`succeeded` or `failed`.")
    record: str = Field(description="Where the record is, as `container/name`.")
    source: str | None = Field(None, description="The input, as `container/name`.")
    code: str | None = Field(None, description="The problem's code when the job failed.")
    finished_at: datetime = Field(description="When it ended.")
