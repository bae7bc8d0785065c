"""The watcher lists page by page and loses nothing when storage fails half-way."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from azure.core.exceptions import ServiceRequestError

from local.host import watcher
from local.host.blob_trigger import BlobEvent, BlobPath, BlobTrigger, ControlQueue
from local.host.invoker import Invoker
from local.host.protocol import Function
from local.host.watcher import EventFaults, SeenBlobs, Watcher


class _Blob:
    def __init__(self, name: str) -> None:
        self.name, self.etag = name, "e1"


class _Container:
    """Lists five blobs, two to a page."""

    def list_blobs(self, results_per_page: int) -> _Container:
        self.size = results_per_page
        return self

    def by_page(self) -> Any:
        names = [str(number) for number in range(5)]
        for start in range(0, 5, self.size):
            yield [_Blob(name) for name in names[start : start + self.size]]


class _Service:
    def get_container_client(self, name: str) -> _Container:
        return _Container()


class _Control:
    """Notes what is announced; fails once when told to."""

    def __init__(self, triggers: dict[str, BlobTrigger]) -> None:
        self.triggers, self.announced, self.fails_at = triggers, list[str](), ""

    def announce(self, function_id: str, event: BlobEvent, *, delay: float = 0) -> None:
        if event.blob == self.fails_at:
            self.fails_at = ""
            raise ServiceRequestError("storage is away")
        self.announced.append(event.blob)


@pytest.fixture
def control() -> _Control:
    """Make a control queue with one trigger on five blobs."""
    function = Function("f", {"source": "EventGrid"}, deferred=False)
    service, invoker = cast(Any, _Service()), cast(Invoker, None)
    trigger = BlobTrigger(function, BlobPath.parse("in/{name}", "f"), "C", service, invoker)
    return _Control({trigger.id: trigger})


def look(control: _Control, file: Path) -> int:
    """Look once, with what the file remembers."""
    seen = SeenBlobs(file)
    made = Watcher(cast(ControlQueue, control), seen, EventFaults(), lambda: None)
    announced = made.look("C/in", list(control.triggers.values()))
    seen.close()
    return announced


def test_every_page_is_announced_once(control: _Control, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five blobs on three pages are five events, and none the next time."""
    monkeypatch.setattr(watcher, "_PAGE", 2)

    first, second = look(control, tmp_path / "seen"), look(control, tmp_path / "seen")

    assert (first, second) == (5, 0)
    assert control.announced == ["0", "1", "2", "3", "4"]


def test_a_failure_half_way_doubles_but_never_loses(
    control: _Control, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that was not announced whole is announced again."""
    monkeypatch.setattr(watcher, "_PAGE", 2)
    control.fails_at = "3"

    look(control, tmp_path / "seen")
    look(control, tmp_path / "seen")

    assert control.announced == ["0", "1", "2", "2", "3", "4"]
