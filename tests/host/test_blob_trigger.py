"""Blob events, however they come, end in the control queue and run the function."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from typing import Any

import pytest
import requests
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient

from tests.host.conftest import Bench, Running, until

FAST: dict[str, Any] = {"queues": {"maxPollingInterval": "00:00:00.2"}}


def post_event(host: Running, function: str, url: str, event_type: str = "Notification") -> requests.Response:
    """Post one blob event as Event Grid does."""
    event = {"data": {"url": url, "eTag": "0x1", "blobType": "BlockBlob", "validationCode": "code-1"}}
    return requests.post(
        f"{host.url}/runtime/webhooks/blobs?functionName={function}&code=any",
        json=[event],
        headers={"aeg-event-type": event_type},
        timeout=5,
    )


def test_a_new_blob_runs_the_function_with_its_names(bench: Bench) -> None:
    """Name raw, URI escaped, length, metadata and content arrive in the InputStream."""
    bench.container().upload_blob("a b/ü.txt", b"hello", metadata={"pages": "1-3"})

    bench.run("blobs", extensions=FAST)

    note = until(lambda: bench.notes("arrived"))[0]
    assert note["name"] == f"{bench.name}/a b/ü.txt"
    assert note["uri"].endswith(f"/{bench.name}/a%20b/%C3%BC.txt")
    assert (note["length"], note["text"], note["metadata"]) == (5, "hello", {"pages": "1-3"})
    until(lambda: bench.control_queue().get_queue_properties().approximate_message_count == 0)


def test_a_restart_repeats_nothing_and_misses_nothing(bench: Bench) -> None:
    """What was announced before is not announced again; a blob that came while the host was down, and a changed
    one, are.
    """
    bench.container().upload_blob("one", b"1")
    bench.container().upload_blob("two", b"1")
    first = bench.run("blobs", extensions=FAST)
    until(lambda: len(bench.notes("arrived")) == 2)
    first.stop()
    bench.container().upload_blob("two", b"changed", overwrite=True)
    bench.container().upload_blob("three", b"1")

    bench.run("blobs", extensions=FAST)

    until(lambda: len(bench.notes("arrived")) == 4)
    time.sleep(0.7)
    assert sorted(note["name"].partition("/")[2] for note in bench.notes("arrived")) == ["one", "three", "two", "two"]


def test_the_scan_knows_the_path_and_event_grid_does_not(bench: Bench) -> None:
    """A trigger without the Event Grid source runs only for names that fit its pattern."""
    bench.container().upload_blob("page.scan", b"1")
    bench.container().upload_blob("page.txt", b"1")

    bench.run("blobs", extensions=FAST)

    until(lambda: len(bench.notes()) == 3)
    assert [note["name"] for note in bench.notes("scanned")] == [f"{bench.name}/page.scan"]


def test_a_failing_blob_is_tried_five_times_at_once_and_buried(bench: Bench) -> None:
    """Five attempts without a pause, then `webjobs-blobtrigger-poison` holds the control message."""
    bench.container().upload_blob("bad.txt", b"hello")

    bench.run("blobs", extensions=FAST)

    until(lambda: len(bench.notes("arrived")) == 5)
    message = until(lambda: _buried_about(bench))
    assert message["FunctionId"] == "Host.Functions.arrived"
    assert (message["Type"], message["BlobType"], message["BlobName"]) == ("BlobTrigger", "BlockBlob", "bad.txt")
    assert message["ETag"]


def test_poison_blob_threshold_bounds_the_attempts(bench: Bench) -> None:
    """`poisonBlobThreshold` replaces the five."""
    bench.container().upload_blob("bad.txt", b"hello")

    host = bench.run("blobs", extensions={**FAST, "blobs": {"poisonBlobThreshold": 2}})

    until(lambda: "Moving message to queue 'webjobs-blobtrigger-poison'" in host.log())
    assert len(bench.notes("arrived")) == 2


@pytest.fixture(scope="module")
def deaf(shared_bench: Bench) -> Running:
    """Run a host whose watcher's events are all lost, so that only posted ones count."""
    return shared_bench.run("blobs", extensions=FAST, arguments=["--events", "drop"])


def arrived(bench: Bench, name: str) -> list[dict[str, Any]]:
    """Find what the function noted about one blob."""
    return [note for note in bench.notes("arrived") if note["name"] == f"{bench.name}/{name}"]


def test_the_webhook_shakes_hands_and_takes_events(shared_bench: Bench, deaf: Running) -> None:
    """Validation is answered with its code, a notification with 202 and a run, anything else with 400."""
    shared_bench.container().upload_blob("a b.txt", b"hello")
    url = shared_bench.container().get_blob_client("a b.txt").url
    name = "Host.Functions.arrived"

    handshake = post_event(deaf, name, url, "SubscriptionValidation")
    wrong = post_event(deaf, name, url, "Gossip")
    senseless = requests.post(
        f"{deaf.url}/runtime/webhooks/blobs?functionName={name}",
        data="?",
        headers={"aeg-event-type": "Notification"},
        timeout=5,
    )
    taken = post_event(deaf, name, url)

    assert (handshake.status_code, handshake.json()) == (200, {"validationResponse": "code-1"})
    assert (wrong.status_code, senseless.status_code, taken.status_code) == (400, 400, 202)
    until(lambda: arrived(shared_bench, "a b.txt"))


def test_an_event_for_a_wrong_function_is_answered_and_lost(shared_bench: Bench, deaf: Running) -> None:
    """The webhook answers 202 for a function that is not there; the event runs nothing and is gone."""
    shared_bench.container().upload_blob("wrong.txt", b"hello")

    answer = post_event(deaf, "Host.Functions.renamed", shared_bench.container().get_blob_client("wrong.txt").url)

    assert answer.status_code == 202
    until(lambda: shared_bench.control_queue().get_queue_properties().approximate_message_count == 0)
    assert arrived(shared_bench, "wrong.txt") == []
    assert _buried_about(shared_bench) is None


def test_a_blob_that_is_gone_is_a_success(shared_bench: Bench, deaf: Running) -> None:
    """An event about a missing blob runs nothing and is not tried again."""
    assert deaf.by_hand("arrived", f"{shared_bench.name}/never/there.txt") == 202

    until(lambda: "its blob is gone" in deaf.log())
    until(lambda: shared_bench.control_queue().get_queue_properties().approximate_message_count == 0)
    assert arrived(shared_bench, "never/there.txt") == []
    assert _buried_about(shared_bench) is None


def test_a_blob_named_by_hand_runs(shared_bench: Bench, deaf: Running) -> None:
    """The admin endpoint takes `container/blob`, and says so when it gets something else."""
    shared_bench.container().upload_blob("x/y.txt", b"hello")

    assert deaf.by_hand("arrived", "no-slash") == 400
    assert deaf.by_hand("arrived", f"{shared_bench.name}/x/y.txt") == 202

    until(lambda: arrived(shared_bench, "x/y.txt"))


def test_lost_events_stay_lost(shared_bench: Bench, deaf: Running) -> None:
    """`--events drop` forgets an event for good: only something that looks at the container itself can find the
    blob.
    """
    shared_bench.container().upload_blob("lost.txt", b"hello")
    time.sleep(1.2)

    assert arrived(shared_bench, "lost.txt") == []


def test_events_come_twice_when_asked_to(bench: Bench) -> None:
    """`--events duplicate` runs the function twice for one blob: there are no receipts."""
    bench.container().upload_blob("one.txt", b"hello")

    bench.run("blobs", extensions=FAST, arguments=["--events", "duplicate"])

    until(lambda: len(bench.notes("arrived")) == 2)


def test_events_come_late_when_asked_to(bench: Bench) -> None:
    """`--events delay` holds an event back for a second or more."""
    bench.container().upload_blob("one.txt", b"hello")
    started = time.monotonic()

    bench.run("blobs", extensions=FAST, arguments=["--events", "delay", "--events-seed", "2"])

    until(lambda: bench.notes("arrived"))
    assert time.monotonic() - started > 1


def test_an_sdk_type_gets_a_reference(bench: Bench) -> None:
    """A parameter of an SDK type is handed connection, container and blob, and no byte of the blob."""
    bench.container().upload_blob("a b/ü.txt", b"hello")

    bench.run("sdk_type", extensions=FAST)

    note = until(lambda: bench.notes("arrived"))[0]
    assert (note["version"], note["source"], note["type"]) == ("1.0", "AzureStorageBlobs", "application/json")
    assert note["content"] == {
        "Connection": "AzureWebJobsStorage",
        "ContainerName": bench.name,
        "BlobName": "a b/ü.txt",
    }


def test_the_published_blob_client_binding_works(bench: Bench) -> None:
    """The package azurefunctions-extensions-bindings-blob binds a BlobClient through the same reference."""
    bench.container().upload_blob("a b/ü.txt", b"hello")

    bench.run("blob_client", extensions=FAST)

    note = until(lambda: bench.notes("arrived"))[0]
    assert note == {"event": "arrived", "name": "a b/ü.txt", "text": "hello"}


def _buried_about(bench: Bench) -> dict[str, Any] | None:
    """Find the poison message about a blob of the test's container, in the queue that all tests share."""
    poison = QueueClient.from_connection_string(bench.storage, "webjobs-blobtrigger-poison")
    with contextlib.suppress(ResourceNotFoundError):
        for message in poison.peek_messages(max_messages=32):
            names: dict[str, Any] = json.loads(base64.b64decode(message.content))
            if names["ContainerName"] == bench.name:
                return names
    return None
