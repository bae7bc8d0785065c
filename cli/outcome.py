"""How a dropped file stands, and in the end what became of it."""

from dataclasses import asdict, dataclass
from typing import Any

from azure.core.exceptions import AzureError
from pydantic import ValidationError

from cli.account import told
from cli.results import MissingResultError
from shared.errors import Invalid
from shared.messages import Problem, Status

PENDING, UPLOADING, QUEUED, UNFINISHED = "pending", "uploading", "queued", "unfinished"
FAULTS = (Invalid, AzureError, OSError, MissingResultError, ValidationError)


@dataclass(frozen=True)
class Outcome:
    """One file's state; what is not known is None.

    `status` is `pending`, `uploading`, `queued` or the record's; `unfinished` when the time given was over. `seconds`
    count from the start of the upload.
    """

    document: str
    status: str = PENDING
    pages: int | None = None
    figures: int | None = None
    seconds: float | None = None
    job_id: str | None = None
    record: str | None = None
    out: str | None = None
    problem: Problem | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the file was read, and its results fetched where that was asked for."""
        return self.status == Status.SUCCEEDED

    @property
    def ended(self) -> bool:
        """Whether nothing more is to come."""
        return self.status in (Status.SUCCEEDED, Status.FAILED, UNFINISHED)

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return {**asdict(self), "problem": self.problem.model_dump() if self.problem else None}


def problem_of(error: Exception) -> Problem:
    """What a fault of a single file (one of `FAULTS`) means, in words."""
    if isinstance(error, Invalid):
        return Problem(code=error.code, message=error.message, remedy=error.remedy, retryable=False)
    if isinstance(error, AzureError):
        message = f"Storage refused it: {told(error)}."
        return Problem(code="storage_refused", message=message, remedy="Drop it again.", retryable=True)
    if isinstance(error, OSError):
        message = f"The file {error.filename} cannot be used: {error.strerror}."
        return Problem(code="disk", message=message, remedy="Mend that and drop it again.", retryable=True)
    if isinstance(error, MissingResultError):
        message = f"Its result {error} is gone from storage."
        return Problem(code="result_missing", message=message, remedy="Drop it again.", retryable=True)
    message = "Its record was written by another version of Darkroom."
    return Problem(
        code="record_unreadable", message=message, remedy="Use the same version here and there.", retryable=False
    )


def replaced() -> Problem:
    """Somebody dropped another version of the document, or removed it, before this one was read."""
    message = "The document was replaced or removed before it was read."
    return Problem(code="replaced", message=message, remedy="Drop it again.", retryable=True)


def out_of_time(seconds: float, *, uploaded: bool, waits_for: Problem | None) -> Problem:
    """The time that the command was given is over."""
    message = f"Not read after {seconds:g} s; the job goes on." if uploaded else f"Not uploaded after {seconds:g} s."
    if waits_for is not None:
        message = f"{message} It waits: {waits_for.message}"
    remedy = "Drop it again to fetch the results later: what is read already is not paid twice."
    return Problem(code="timeout", message=message, remedy=remedy, retryable=True)
