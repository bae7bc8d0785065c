"""Why a command ends early, and the exit status it ends with."""

from typing import ClassVar

ALL_WELL, SOME_FAILED, WRONG_USE, NOT_REACHED, INTERRUPTED = 0, 1, 2, 3, 130
EXIT_CODES = {
    ALL_WELL: "All went well.",
    SOME_FAILED: "Some file or job failed, had not ended when --timeout was over, is not there or was not put back; "
    "or a check of the demo or the doctor failed.",
    WRONG_USE: "Wrong use: an option, a file or a schema cannot be used; nothing was uploaded or posted.",
    NOT_REACHED: "The local stack does not run or did not start, or the storage account cannot be reached.",
    INTERRUPTED: "Interrupted with Ctrl-C; jobs that were posted go on.",
}


class CommandError(Exception):
    """A command ends with a sentence for the person who gave it."""

    exit_code: ClassVar[int] = SOME_FAILED


class WrongUseError(CommandError):
    """What was asked for cannot be done as it was asked."""

    exit_code = WRONG_USE


class UnreachableError(CommandError):
    """The stack or the storage account does not answer, or does not let us in."""

    exit_code = NOT_REACHED


class InterruptedByUserError(CommandError):
    """Ctrl-C."""

    exit_code = INTERRUPTED
