"""The public contract: job messages, the job record and the job event, as frozen models.

Messages forbid unknown keys. Above all they forbid the keys that the Functions host would overwrite in the trigger's
metadata (`id`, `dequeueCount`, `popReceipt` …): a message that carries one fails before any of our code runs.
"""

from collections.abc import Container
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from shared import pages

JobId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Schema = dict[str, Any]
Kind = Literal["ocr", "image", "embedding"]


COUNTS = frozenset({"deferrals", "replays", "trace"})  # the keys of a message that are Darkroom's own
_ADDED = {"job_id": 128, "deferrals": 24, "replays": 24, "trace": 72}  # bytes that Darkroom may add to a message


def room(keys: Container[str]) -> int:
    """Bytes that a message with these keys must leave for what Darkroom adds to it."""
    return sum(size for key, size in _ADDED.items() if key not in keys)


class Frozen(BaseModel):
    """A message or part of one: immutable, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Repostable(Frozen):
    """A job message that Darkroom may put back on its queue."""

    deferrals: int = Field(0, ge=0, description="How often Darkroom has put the message back; leave it out.")
    replays: int = Field(0, ge=0, description="How often the job was replayed; `darkroom replay` sets it.")
    trace: str | None = Field(
        None,
        description="The trace that the job is part of, as a W3C traceparent; leave it out, or name one of your own.",
        pattern=r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
    )


class NamedJob(Repostable):
    """A job message that is one job, with one record under its own name."""

    job_id: JobId | None = Field(None, description="Name of the job; made from the message's own id when absent.")


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
    embed: bool | None = Field(
        None,
        description="Send pages and figures on to `embedding-jobs` when they are read; the setting "
        "DARKROOM_EMBED_DOCUMENTS when absent.",
    )

    @field_validator("pages")
    @classmethod
    def _canonical(cls, value: str | None) -> str | None:
        return None if value is None else pages.text(pages.parse(value))


class OcrJob(OcrOptions, Repostable):
    """A message on `ocr-jobs`: read this document.

    What it says goes before what the document's metadata says.
    """

    document: str = Field(
        description="The document, as `container/name`.", pattern=r"^[a-z0-9-]{3,63}/[\s\S]+$", max_length=1100
    )
    job_id: JobId | None = Field(None, description="Name of the job; made from the document and options when absent.")


class OcrPart(Repostable):
    """A message that Darkroom posts to itself on `ocr-jobs`: read this part of a document that is already in work."""

    document: str
    job_id: JobId
    part: int = Field(ge=1)


def explain(error: ValidationError) -> str:
    """What a validation found, key by key and without the values: they may be anything."""
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'the message'}: {e['msg']}" for e in error.errors()[:5])


def total(counts: list[int | None]) -> int | None:
    """The sum of what was counted; None, which is unknown and not 0, when one count is not known."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


class Status(StrEnum):
    """Where a job stands; `succeeded` and `failed` are final."""

    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Kept(Frozen):
    """Part of a record: keys that a later version wrote are no reason not to read it."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Source(Kept):
    """The input of a job, as it was read; what is not known yet is null."""

    name: str = Field(description="The blob, as `container/name`.")
    etag: str | None = Field(None, description="Its version.")
    size: int | None = Field(None, description="Bytes.")
    sha256: str | None = Field(None, description="Hash of its bytes, in hex.")
    media_type: str | None = Field(None, description="Its type, told by its bytes.")
    pages: int | None = Field(None, description="Pages of the whole document.")
    prepared: str | None = Field(None, description="What was done to a picture so that the model takes it.")


class Part(Kept):
    """One request's worth of a document."""

    number: int = Field(description="Counted from 1.")
    pages: str = Field(description="The document's pages in it, such as `31-60`.")
    size: int = Field(description="Bytes that are sent.")
    media_type: str = Field(description="What is sent.")
    ledger_key: str = Field(description="Where its paid response lies in `ledger`.")
    paid_by_this_job: bool | None = Field(None, description="False: an earlier job had paid for the same request.")


class Usage(Kept):
    """What the service says it counted; null where it does not say."""

    pages: int | None = Field(None, description="Pages processed.")
    annotation_pages: int | None = Field(
        None, description="Pages processed for annotations; billed instead or as well."
    )
    document_bytes: int | None = Field(None, description="Bytes received.")


class ImageUsage(Kept):
    """The tokens that the service says it counted, over all calls; null where it does not say."""

    text_in: int | None = Field(None, description="Tokens of the prompt.")
    image_in: int | None = Field(None, description="Tokens of the pictures that were given.")
    out: int | None = Field(None, description="Tokens of the pictures that were made.")


class EmbeddingUsage(Kept):
    """What the service says it counted, over all calls; null where it does not say."""

    text_tokens: int | None = Field(None, description="Tokens of texts.")
    image_tokens: int | None = Field(None, description="Tokens of pictures, and of the texts beside them.")
    images: int | None = Field(None, description="Pictures.")


class FailedInput(Kept):
    """An input of an embedding job without a vector."""

    input: int = Field(
        description="Which one, in the order of the message (a prefix or document counts as many), from 1."
    )
    name: str = Field("", description="The blob, where there is one.")
    code: str = Field(description="One word for programs.")
    message: str = Field(description="What is wrong, in a sentence.")


class Problem(Kept):
    """Why a job failed or waits, for a person."""

    code: str = Field(description="One word for programs.")
    message: str = Field(description="What is wrong, in a sentence.")
    remedy: str = Field("", description="What to do about it.")
    retryable: bool = Field(description="Whether trying again can help though nothing was mended.")


class JobRecord(Kept):
    """`job.json`: one per job, beside its results, written before and after the work."""

    job_id: JobId = Field(description="The job.")
    kind: Kind = Field(description="What kind of job it is.")
    status: Status = Field(description="Where it stands; `succeeded` and `failed` are final.")
    fingerprint: str = Field(description="Hash of input version and options: the same job again has the same one.")
    source: Source | None = Field(None, description="The document; null when the message names none.")
    model: str | None = Field(None, description="The deployment that reads it.")
    options: dict[str, Any] = Field({}, description="The options in force.")
    parts: tuple[Part, ...] = Field((), description="The requests that the document is read in.")
    dispatched: bool = Field(False, description="Its parts are in the queue.")
    inputs: tuple[Source, ...] = Field((), description="The pictures and texts that the job was given.")
    usage: Usage | ImageUsage | EmbeddingUsage | None = Field(
        None, description="What the service counted; null when it does not say."
    )
    vectors: int | None = Field(None, description="How many vectors were computed.")
    dimensions: int | None = Field(None, description="Their length.")
    failed_inputs: tuple[FailedInput, ...] = Field((), description="The inputs without a vector, and why.")
    revised_prompts: tuple[str, ...] = Field((), description="The prompts as the service rewrote them, a picture each.")
    unsure_calls: int = Field(0, description="Calls that ended without an answer and may have been billed.")
    figures: int | None = Field(None, description="Figures kept as files.")
    embedding_job: str | None = Field(None, description="The job that pages and figures went on to.")
    estimated_usd: float | None = Field(
        None, description="What it cost at the catalogue's prices; null when not known."
    )
    problem: Problem | None = Field(None, description="Why it failed, or waited last; a replay keeps it until it ends.")
    notes: tuple[str, ...] = Field((), description="What else to know: a retired model, an option left out.")
    outputs: tuple[str, ...] = Field(
        (),
        description="The result files, relative to the record's folder; when the job failed, those of an earlier one "
        "for the same version.",
    )
    attempts: int = Field(1, description="How often work on it began.")
    deferrals: int = Field(0, description="How often it went back to its queue to wait.")
    replays: int = Field(0, description="How often it was begun anew after it had failed.")
    waits_until: AwareDatetime | None = Field(None, description="When it comes back, where the last wait said so.")
    held_until: AwareDatetime | None = Field(
        None, description="Until when a cap on what a day may cost held it; its time to live starts there."
    )
    created_at: AwareDatetime = Field(description="When work on it began; of a job that was replayed, the last time.")
    updated_at: AwareDatetime | None = Field(None, description="When the record was last written.")
    finished_at: AwareDatetime | None = Field(None, description="When it ended.")
    announced: bool = Field(False, description="The job event is posted.")
    message: str | None = Field(None, description="The original message, for replay.")

    @property
    def final(self) -> bool:
        """Whether the job has ended."""
        return self.status in (Status.SUCCEEDED, Status.FAILED)


class JobEvent(Frozen):
    """A message on `job-events`: a job ended."""

    job_id: JobId = Field(description="The job.")
    kind: Kind = Field(description="What kind of job it was.")
    status: Status = Field(description="`succeeded` or `failed`.")
    record: str = Field(description="Where the record is, as `container/name`.")
    source: str | None = Field(None, description="The input, as `container/name`.")
    code: str | None = Field(None, description="The problem's code when the job failed.")
    finished_at: datetime = Field(description="When it ended.")
