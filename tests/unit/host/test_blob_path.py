"""Blob paths, the webhook's events and the faults on their way."""

from __future__ import annotations

import json

import pytest

from local.host.blob_trigger import BlobEvent, BlobPath
from local.host.errors import Refused
from local.host.event_grid import answer
from local.host.watcher import EventFaults


@pytest.mark.parametrize(
    ("path", "blob", "bound"),
    [
        ("in", "any/thing", {}),
        ("in/{name}", "a b/ü.pdf", {"name": "a b/ü.pdf"}),
        ("in/{name}.{ext}", "a.b.pdf", {"name": "a.b", "ext": "pdf"}),
        ("in/{name}.pdf", "a.PDF", {"name": "a"}),
        ("in/{name}.pdf", "a.txt", None),
        ("in/fixed.pdf", "fixed.pdf", {}),
        ("in/a+b/{name}", "aab/x", None),
    ],
)
def test_a_path_binds_names_and_spans_folders(path: str, blob: str, bound: dict[str, str] | None) -> None:
    """An expression takes in slashes; what is not an expression is literal, without case."""
    assert BlobPath.parse(path, "it").bind(blob) == bound


@pytest.mark.parametrize("path", ["", "/", "{container}/x"])
def test_a_path_without_a_fixed_container_is_refused(path: str) -> None:
    """Nobody can watch a container whose name is not known."""
    with pytest.raises(Refused, match="fixed name of a container"):
        BlobPath.parse(path, "it")


@pytest.mark.parametrize(
    ("url", "container", "blob"),
    [
        ("https://acct.blob.core.windows.net/in/a%20b/%C3%BC.pdf", "in", "a b/ü.pdf"),
        ("http://127.0.0.1:10000/devstoreaccount1/in/a%20b/%C3%BC.pdf", "in", "a b/ü.pdf"),
    ],
)
def test_an_event_names_the_blob_of_its_url(url: str, container: str, blob: str) -> None:
    """Both kinds of address are read: the account in the host, and in the path as Azurite has it."""
    body = json.dumps([{"data": {"url": url, "eTag": "0x1", "blobType": "BlockBlob"}}]).encode()

    reply = answer("Notification", body)

    assert (reply.status, reply.events) == (202, (BlobEvent(container, blob, "0x1"),))


def test_one_cloud_event_is_taken_too() -> None:
    """A CloudEvent comes alone, not in an array."""
    body = json.dumps({"data": {"url": "https://a.blob.core.windows.net/in/x"}}).encode()

    assert answer("Notification", body).events == (BlobEvent("in", "x", ""),)


@pytest.mark.parametrize(
    ("event_type", "body", "status"),
    [
        ("Unsubscribe", b"", 202),
        ("", b"[]", 400),
        ("Notification", b"{", 400),
        ("Notification", b'[{"data": {}}]', 400),
        ("SubscriptionValidation", b"[]", 400),
    ],
)
def test_other_posts_get_their_status(event_type: str, body: bytes, status: int) -> None:
    """What is no event about a blob is a 400, never an exception."""
    assert answer(event_type, body).status == status


EVENTS = [BlobEvent("in", str(number), "e") for number in range(100)]


def arriving(faults: str, seed: int = 1) -> list[tuple[BlobEvent, float]]:
    """Send a hundred events through faults."""
    return EventFaults.parse(faults, seed).applied(EVENTS)


def test_without_faults_events_arrive_once_in_order_and_at_once() -> None:
    """No switch, no fault."""
    assert arriving("") == [(event, 0) for event in EVENTS]


def test_faults_strike_with_their_probability_and_repeat_by_seed() -> None:
    """Each fault does what it says, about as often as asked, and the same seed does the same again."""
    dropped, doubled = len(arriving("drop=0.3")), len(arriving("duplicate=0.3"))
    delays = [delay for _, delay in arriving("delay=0.5")]
    order = [event.blob for event, _ in arriving("reorder")]

    assert 50 < dropped < 90
    assert 110 < doubled < 150
    assert 25 < sum(delay >= 1 for delay in delays) < 75
    assert sorted(order, key=int) == [event.blob for event in EVENTS] != order
    assert arriving("drop=0.5,duplicate=0.5,reorder,delay=0.5", 7) == arriving(
        "drop=0.5,duplicate=0.5,reorder,delay=0.5", 7
    )


@pytest.mark.parametrize("text", ["lose", "drop=2", "drop=x", "drop=0.5;delay"])
def test_unknown_faults_are_refused(text: str) -> None:
    """A slip in the switch is named, not ignored."""
    with pytest.raises(Refused, match="--events does not know"):
        EventFaults.parse(text, 0)
