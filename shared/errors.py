"""Everything that can go wrong, in one tree; a subclass says by data what happens next.

DarkroomError
├── Deferred            the job waits in its queue and is tried again; burns no delivery attempt
│   ├── Busy            somebody else is at it
│   ├── Changed         the input changed while it was read
│   ├── Spent           the day's cap is reached; the job goes on tomorrow
│   ├── Unfinished      the job did what one delivery may do, and goes on in the next
│   ├── Throttled       the model asks for a pause (429)
│   ├── Unavailable     the model, or storage, does not answer, or not sensibly (408, 5xx, cut, null)
│   └── NeedsOperator   waiting helps only when somebody mends the deployment; logged as an error
│       ├── Unauthorised    key, token, audience or role (401, 403)
│       ├── NotDeployed     wrong endpoint, route or deployment name (404)
│       ├── Blocked         the resource is blocked or its budget spent (402, 403)
│       └── Misconfigured   an app setting is missing or contradicts another
└── Permanent           the job fails now, with the reason in words
    ├── Invalid         the input or an option cannot be used
    │   └── Unsupported     the model's endpoint does not know a field that was sent
    ├── TooLarge        above a limit
    ├── Refused         a content filter said no
    ├── GaveUp          older than its time to live
    ├── Incomplete      the model's answer lacks something that was paid for
    ├── OverBudget      the day's cap is reached, and jobs are to fail then
    ├── Partial         some inputs of the job could not be used, the others are done
    ├── Uncertain       a call ended without an answer and may have been billed
    ├── Superseded      a newer version of the input took its place
    ├── Crashed         the worker died on it every time
    └── Unexpected      a fault of Darkroom's own
"""

from typing import ClassVar


class DarkroomError(Exception):
    """Base of all errors; `message` is a sentence for a person and holds no document text, prompt or key."""

    code: str = "error"
    remedy: str = ""

    def __init__(self, message: str, *, code: str | None = None, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.remedy = remedy if remedy is not None else self.remedy


class Deferred(DarkroomError):
    """The job goes back to its queue; `after` is the pause in seconds that was asked for, None when nobody said."""

    code = "deferred"
    alarming: ClassVar[bool] = False

    def __init__(self, message: str, *, after: float | None = None, remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.after = after


class Busy(Deferred):
    """Another worker holds the claim on the same thing."""

    code = "busy"


class Changed(Deferred):
    """The input changed while it was read; the next try reads the new version."""

    code = "changed"


class Spent(Deferred):
    """A cap on what a day may cost is reached."""

    code = "budget_spent"


class Unfinished(Deferred):
    """The job has done what one delivery may do before the host's time limit; it goes on in the next."""

    code = "unfinished"


class Throttled(Deferred):
    """The model asks for a pause; every other call to the deployment waits too."""

    code = "throttled"


class Unavailable(Deferred):
    """The model did not answer, or its answer was cut, empty or no answer at all; or storage fails as a whole.

    `reached` is False when nothing can have been sent, and so nothing billed.
    """

    code = "unavailable"

    def __init__(self, message: str, *, after: float | None = None, reached: bool = True) -> None:
        super().__init__(message, after=after)
        self.reached = reached


class NeedsOperator(Deferred):
    """Nothing succeeds until somebody mends the deployment, and no job is failed for it."""

    code = "needs_operator"
    alarming = True


class Unauthorised(NeedsOperator):
    """The key, token, audience or role is not accepted."""

    code = "unauthorised"


class NotDeployed(NeedsOperator):
    """The endpoint knows no such route or deployment."""

    code = "not_deployed"


class Blocked(NeedsOperator):
    """The model's resource is blocked as a whole, or its budget is spent."""

    code = "blocked"


class Misconfigured(NeedsOperator):
    """An app setting is missing or contradicts another."""

    code = "misconfigured"


class Permanent(DarkroomError):
    """The job fails now; `retryable` tells the reader of the record whether trying again can help as it is."""

    code = "failed"
    retryable: ClassVar[bool] = False


class Invalid(Permanent):
    """The input or an option cannot be used."""

    code = "invalid"


class Unsupported(Invalid):
    """The endpoint refuses fields that it does not know; `fields` are their names."""

    code = "option_not_supported"

    def __init__(self, message: str, *, fields: tuple[str, ...]) -> None:
        super().__init__(message)
        self.fields = fields


class TooLarge(Permanent):
    """Above a limit of the model or of the settings."""

    code = "too_large"


class Refused(Permanent):
    """A content filter refused the input or the output."""

    code = "refused"


class GaveUp(Permanent):
    """The job outlived its time to live."""

    code = "gave_up"
    retryable = True
    remedy = "When the cause is mended, put the job back with `darkroom replay`; what is paid stays paid."


class Incomplete(Permanent):
    """The model's answer lacks what was asked for; it is paid and kept, so asking the same again gives the same."""

    code = "incomplete"


class OverBudget(Permanent):
    """A cap on what a day may cost is reached, and the settings let jobs fail then."""

    code = "over_budget"
    retryable = True
    remedy = "Replay the job tomorrow, or raise the cap."


class Partial(Permanent):
    """Some inputs of a job could not be used; what was made of the others is in its results."""

    code = "partial"
    retryable = True
    remedy = "The record lists the inputs; mend them and replay the job: only they are paid then."


class Uncertain(Permanent):
    """A call that makes something new ended without an answer, more often than the settings let it be made again."""

    code = "uncertain"
    retryable = True
    remedy = "Each such call may have been billed. To try once more, put the job back with `darkroom replay`."


class Superseded(Permanent):
    """A newer version of the input took its place before it ended."""

    code = "superseded"


class Crashed(Permanent):
    """Every attempt ended without a result: the worker died, ran out of time, or storage did not answer."""

    code = "crashed"
    retryable = True
    remedy = "Look for the job id in the logs; then put the job back with `darkroom replay`."


class Unexpected(Permanent):
    """A fault that nobody foresaw, at the last attempt."""

    code = "unexpected"
    retryable = True
    remedy = "Look for the job id in the logs and report what you find; then put the job back with `darkroom replay`."
