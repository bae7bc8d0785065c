"""An account in memory with jobs that succeeded, failed, wait and were rejected, and the command on it."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli import account
from cli.main import main
from shared import image_jobs
from shared.errors import Refused, Throttled
from shared.names import IMAGE_JOBS, OCR_JOBS, QUEUES
from tests import corpus
from tests.fakes import Bench

MINE = {"prompt": "A lighthouse", "job_id": "mine"}


def account_of(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench whose storage stands in the place of the local stack's, and whose clock in that of the day's."""
    bench = Bench.make()
    bench.storage.prepare((), QUEUES)
    monkeypatch.setattr(account, "of_stack", lambda state: bench.storage)
    for module in ("cli.replay", "cli.drain", "shared.services"):  # the last one last: the others import from it
        monkeypatch.setattr(f"{module}.utc_now", bench.clock)
    return bench


def run(*arguments: str | Path) -> int | str | None:
    """The exit status of a command line."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    return caught.value.code


def succeeded_document(bench: Bench, name: str = "good.pdf") -> str:
    """Read a document; its job id."""
    bench.drop(name, _content(name))
    bench.run()
    return bench.record(name).job_id


def failed_document(bench: Bench, name: str = "bad.pdf") -> str:
    """Have a document refused; its job id."""
    bench.ocr.faults.append(Refused("The content filter refused it.", remedy="Leave it out."))
    return succeeded_document(bench, name)


def waiting_document(bench: Bench, name: str = "slow.pdf") -> str:
    """Have a document wait; its job id."""
    bench.drop(name, _content(name))
    bench.ocr.faults.append(Throttled("The model asks for a pause.", after=9.0))
    bench.step()
    return bench.record(name).job_id


def failed_picture(bench: Bench, message: dict[str, Any] | None = None) -> str:
    """Have a picture refused; its job id."""
    bench.images.faults.append(Refused("The content filter refused it."))
    image_jobs.image_message(bench.services, json.dumps(message or MINE).encode(), 1, "m-1")
    return "mine"


def rejected(bench: Bench, body: bytes = b"no JSON") -> str:
    """Post what is no message; the id of its record."""
    image_jobs.image_message(bench.services, body, 1, "m-1")
    return bench.events()[-1].job_id


def _content(name: str) -> bytes:
    """A document that is no other's, so that nothing of it is paid."""
    return corpus.text_pdf() + f"\n% {name}".encode()


def waiting(bench: Bench, queue: str = OCR_JOBS) -> list[dict[str, Any]]:
    """The messages in a queue."""
    return [json.loads(posted.text) for posted in bench.storage.queues[queue]]


def waiting_pictures(bench: Bench) -> list[dict[str, Any]]:
    """The messages on `image-jobs`."""
    return waiting(bench, IMAGE_JOBS)
