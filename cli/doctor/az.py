"""The Azure CLI, asked for what only the control plane of Azure tells."""

import json
import logging
import shutil
import subprocess
from collections.abc import Callable, Sequence
from typing import Any

_SECONDS = 120.0
_LONGEST_REASON = 300

log = logging.getLogger("darkroom.doctor")

Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


class AzError(Exception):
    """The Azure CLI is not there, or did not answer; the message is a sentence, `remedy` another."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class Az:
    """Asks `az`, one command after the other, as whoever is logged in."""

    def __init__(self, run: Run | None = None) -> None:
        self._run = run or _run

    def ask(self, *arguments: str) -> Any:
        """What a command answers, parsed.

        Raises:
            AzError: it failed, with the first line of its own reason; or it is not installed.
        """
        command = " ".join(arguments[:3])
        try:
            done = self._run([*arguments, "--output", "json", "--only-show-errors"])
        except subprocess.TimeoutExpired:
            raise AzError(f"`az {command}` did not answer within {_SECONDS:g} s.", "Try again.") from None
        log.info("az answered command=%r status=%d", command, done.returncode)
        if done.returncode:
            raise AzError(f"`az {command}` failed: {_reason(done.stderr)}", "Mend that, or log in with `az login`.")
        try:
            return json.loads(done.stdout or "null")
        except ValueError:
            raise AzError(f"`az {command}` did not answer in JSON.", "Update the Azure CLI.") from None


def _run(arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    found = shutil.which("az")  # az.cmd on Windows
    if found is None:
        raise AzError(
            "The Azure CLI is not installed.", "Install it (https://aka.ms/azcli) and log in with `az login`."
        )
    return subprocess.run(  # noqa: S603  our own command, without a shell
        [found, *arguments], capture_output=True, text=True, timeout=_SECONDS, check=False
    )


def _reason(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return (lines[0].removeprefix("ERROR: ") if lines else "without a reason.")[:_LONGEST_REASON]
