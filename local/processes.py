"""Child processes that never outlive their parent."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Give a `preexec_fn` that asks the kernel to send the child `number` when its parent ends, even by SIGKILL.

    The kernel watches the thread that starts the child: start children from a thread that lives as long as the program.
    None where the kernel cannot do it (macOS, Windows); there only an orderly end of the parent ends its children.
    Source: prctl(2), PR_SET_PDEATHSIG.
    """
    if _LIBC is None:
        return None
    libc, parent = _LIBC, os.getpid()

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:
            os.kill(os.getpid(), number)

    return ask


def spawn(
    command: Sequence[str | Path], log: Path, *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start `command` with its output appended to the file `log`; SIGTERM reaches it when this process ends.

    It gets a session of its own: Ctrl-C in a terminal reaches only the parent, which ends its children in good order.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603  the callers name fixed programs; nothing comes from a message
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509  only between fork and exec can it be asked
        )


def end(process: subprocess.Popen[bytes], grace: float = 10) -> None:
    """Ask a child to stop, and after `grace` seconds make it; an ended child is no error."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def alive(pid: int) -> bool:
    """Tell whether a process of this id runs (a zombie does not)."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def tail(log: Path, lines: int = 1) -> str:
    """Read the last `lines` lines of a log that say something."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])
