"""How the jobs of a command stand, and in the end what became of each."""

from abc import ABC, abstractmethod
from dataclasses import KW_ONLY, dataclass
from typing import Any

from azure.core.exceptions import AzureError
from pydantic import ValidationError

from cli.account import told
from cli.results import MissingResultError
from shared.errors import Invalid
from shared.messages import FailedInput, Problem, Status
from shared.names import RESULTS, embedding_folder

PENDING, UPLOADING, QUEUED, UNFINISHED = "pending", "uploading", "queued", "unfinished"
FAULTS = (Invalid, AzureError, OSError, MissingResultError, ValidationError)


@dataclass(frozen=True)
class Outcome(ABC):
    """One job's state; what is not known is None.

    `status` is `pending`, `uploading`, `queued` or the record's; `unfinished` when the time given was over. `seconds`
    count from the start of the upload.
    """

    name: str
    status: str = PENDING
    _: KW_ONLY
    seconds: float | None = None
    job_id: str | None = None
    record: str | None = None
    problem: Problem | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the job was done, and its results fetched where that was asked for."""
        return self.status == Status.SUCCEEDED

    @property
    def ended(self) -> bool:
        """Whether nothing more is to come."""
        return self.status in (Status.SUCCEEDED, Status.FAILED, UNFINISHED)

    @property
    def told(self) -> str:
        """What there is to say of this state: why it waits or failed, or what has come out."""
        if self.problem is not None and self.status != Status.RUNNING:
            return " ".join(filter(None, (self.problem.message, self.problem.remedy)))
        return self.results

    @property
    @abstractmethod
    def results(self) -> str:
        """What has come out so far, in words."""

    @abstractmethod
    def as_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""


@dataclass(frozen=True)
class DocumentOutcome(Outcome):
    """One file's state; `out` is the folder of its results on disk, `embedding_job` where pages and figures went on."""

    _: KW_ONLY
    pages: int | None = None
    figures: int | None = None
    embedding_job: str | None = None
    out: str | None = None

    @property
    def results(self) -> str:
        """Pages, figures and time of a document that was read, and where its vectors will be."""
        if not self.succeeded:
            return ""
        vectors = f"; vectors come to {RESULTS}/{embedding_folder(self.embedding_job)}" if self.embedding_job else ""
        return f"{counted(self.pages, 'page')}, {counted(self.figures, 'figure')}, {self.seconds:.1f} s{vectors}"

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return {
            "document": self.name,
            "status": self.status,
            "pages": self.pages,
            "figures": self.figures,
            "seconds": self.seconds,
            "job_id": self.job_id,
            "record": self.record,
            "embedding_job": self.embedding_job,
            "out": self.out,
            "problem": self.problem.model_dump() if self.problem else None,
        }


@dataclass(frozen=True)
class ImageOutcome(Outcome):
    """One image job's state; `files` are its finished pictures, on disk or in storage, `partial` counts the others."""

    _: KW_ONLY
    line: int | None = None
    partial: int = 0
    files: tuple[str, ...] = ()
    usage: dict[str, Any] | None = None
    estimated_usd: float | None = None
    revised_prompts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def results(self) -> str:
        """The pictures that are there, unfinished ones while the job runs."""
        if not self.succeeded:
            return counted(self.partial, "partial picture") if self.partial else ""
        price = f", {self.estimated_usd:g} USD" if self.estimated_usd is not None else ""
        return " ".join((f"{counted(len(self.files), 'picture')}, {self.seconds:.1f} s{price}", *self.notes))

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return {
            "job_id": self.job_id,
            "line": self.line,
            "status": self.status,
            "files": self.files,
            "usage": self.usage,
            "estimated_usd": self.estimated_usd,
            "seconds": self.seconds,
            "record": self.record,
            "revised_prompts": self.revised_prompts,
            "notes": self.notes,
            "problem": self.problem.model_dump() if self.problem else None,
        }


@dataclass(frozen=True)
class EmbeddingOutcome(Outcome):
    """One embedding job's state; `files` are its vectors, on disk or in storage."""

    _: KW_ONLY
    model: str | None = None
    vectors: int | None = None
    dimensions: int | None = None
    files: tuple[str, ...] = ()
    usage: dict[str, Any] | None = None
    estimated_usd: float | None = None
    failed_inputs: tuple[FailedInput, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def results(self) -> str:
        """Number, length, time and price of the vectors that were computed."""
        if not self.succeeded:
            return ""
        price = f", {self.estimated_usd:.6f} USD" if self.estimated_usd is not None else ""
        vectors = f"{counted(self.vectors, 'vector')} of {counted(self.dimensions, 'dimension')}"
        return " ".join((f"{vectors}, {self.seconds:.1f} s{price}", *self.notes))

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return {
            "job_id": self.job_id,
            "status": self.status,
            "model": self.model,
            "vectors": self.vectors,
            "dimensions": self.dimensions,
            "files": self.files,
            "usage": self.usage,
            "estimated_usd": self.estimated_usd,
            "seconds": self.seconds,
            "record": self.record,
            "failed_inputs": [failed.model_dump() for failed in self.failed_inputs],
            "notes": self.notes,
            "problem": self.problem.model_dump() if self.problem else None,
        }


def counted(number: int | None, thing: str) -> str:
    """A number of things in words, such as `2 pages`."""
    return f"{number or 0} {thing}{'' if number == 1 else 's'}"


def problem_of(error: Exception, remedy: str) -> Problem:
    """What a fault of a single job (one of `FAULTS`) means, in words; `remedy` says how to try again."""
    if isinstance(error, Invalid):
        return Problem(code=error.code, message=error.message, remedy=error.remedy, retryable=False)
    if isinstance(error, AzureError):
        message = f"Storage refused it: {told(error)}."
        return Problem(code="storage_refused", message=message, remedy=remedy, retryable=True)
    if isinstance(error, OSError):
        message = f"The file {error.filename} cannot be used: {error.strerror}."
        return Problem(code="disk", message=message, remedy=f"Mend that. {remedy}", retryable=True)
    if isinstance(error, MissingResultError):
        message = f"Its result {error} is gone from storage."
        return Problem(code="result_missing", message=message, remedy=remedy, retryable=True)
    message = "Its record was written by another version of Darkroom."
    return Problem(
        code="record_unreadable", message=message, remedy="Use the same version here and there.", retryable=False
    )


def out_of_time(message: str, remedy: str, *, waits_for: Problem | None, retryable: bool) -> Problem:
    """The time that the command was given is over, with what the job waits for."""
    if waits_for is not None:
        message = f"{message} It waits: {waits_for.message}"
    return Problem(code="timeout", message=message, remedy=remedy, retryable=retryable)
