"""A stand-in for the Azure CLI: it writes down what it is asked, and answers as a test has set it up.

In a test's own process it is called like `run_az`; as a command on the PATH, it is this file with the test's folder.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Answer = tuple[int, str]  # an exit status, and what goes to stdout, or to stderr when the status is not 0


class FakeAz:
    """Answers the commands that begin with the words of a key, one answer a call and the last one ever after."""

    def __init__(self, folder: Path, answers: Mapping[str, Sequence[Answer]] | None = None) -> None:
        self._calls, self._answers = folder / "calls.jsonl", folder / "answers.json"
        if answers is not None:
            self._answers.write_text(json.dumps(answers))

    def __call__(self, arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        """Write a call down and answer it."""
        said = " ".join(arguments)
        known: dict[str, list[Any]] = json.loads(self._answers.read_text())
        words = max((key for key in known if said.startswith(key)), key=len, default="")
        before = sum(1 for call in self.calls if " ".join(call).startswith(words))
        with self._calls.open("a") as file:
            file.write(f"{json.dumps(list(arguments))}\n")
        status, text = known[words][min(before, len(known[words]) - 1)] if words else (0, "")
        return subprocess.CompletedProcess(arguments, status, "" if status else text, text if status else "")

    @property
    def calls(self) -> list[list[str]]:
        """What it was asked, in order."""
        return [json.loads(line) for line in self._calls.read_text().splitlines()] if self._calls.exists() else []

    def asked(self, words: str) -> list[list[str]]:
        """The calls that begin with these words."""
        return [call for call in self.calls if " ".join(call).startswith(words)]


def command(folder: Path, name: str) -> None:
    """Put a command of this name into a folder: an executable file that answers like the `FakeAz` of that folder."""
    file = folder / name
    file.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "{folder}" "$@"\n')
    file.chmod(0o755)


if __name__ == "__main__":
    done = FakeAz(Path(sys.argv[1]))(sys.argv[2:])
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    sys.exit(done.returncode)
