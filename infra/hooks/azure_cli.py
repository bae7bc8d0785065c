"""The Azure CLI, run as whoever deploys; no key that it quotes is told."""

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

AGAIN = "Then run `azd hooks run postdeploy`."

_SECONDS = 600.0
_LONGEST_REASON = 2000
_KEY = re.compile(r"(code=)[^&\s\"'<>\\]+")

Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


class FailedError(Exception):
    """The deployment cannot be finished; the message says why, and what to do."""


class AzError(Exception):
    """A command of the Azure CLI failed; the message is its own, without keys."""


def run_az(arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """Run `az` (az.cmd on Windows).

    Raises:
        FailedError: it is not installed, or does not end.
    """
    found = shutil.which("az")
    if found is None:
        raise FailedError(f"The Azure CLI is not installed: install it (https://aka.ms/azcli). {AGAIN}")
    try:
        return subprocess.run(  # noqa: S603  our own commands, without a shell
            [found, *arguments], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise FailedError(f"`az {arguments[0]}` did not end within {_SECONDS / 60:g} minutes. {AGAIN}") from None


@dataclass(frozen=True)
class AzureCli:
    """Runs commands in one subscription, which need not be the one that the Azure CLI is set to."""

    subscription: str
    run: Run = run_az

    def __call__(self, *arguments: str) -> str:
        """Run a command; what it prints, stripped.

        Raises:
            AzError: it failed.
        """
        done = self.run([*arguments, "--subscription", self.subscription, "--only-show-errors"])
        if done.returncode:
            raise AzError(without_key(done.stderr.strip())[:_LONGEST_REASON] or f"`az {arguments[0]}` failed.")
        return done.stdout.strip()


def without_key(text: str) -> str:
    """A text in which the key of an address that it may quote is struck out."""
    return _KEY.sub(r"\1***", text)
