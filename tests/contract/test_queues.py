"""Looking into queues against real Azurite, and the fake in memory against the same expectations."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.queue import QueueClient

from shared.queues import MOST_AT_ONCE
from shared.storage import Storage
from tests.fakes import MemoryStorage


@pytest.fixture
def queue() -> str:
    """The name of a queue that no other test has."""
    return f"q{uuid.uuid4().hex[:12]}"


@pytest.fixture(params=["memory", "azurite"])
def storage(request: pytest.FixtureRequest, queue: str) -> Storage:
    """Both storages, with the queue."""
    chosen: Storage = MemoryStorage(lambda: datetime.now(UTC))
    if request.param == "azurite":
        chosen = Storage.from_connection_string(request.getfixturevalue("azurite"))
    chosen.prepare((), (queue,))
    return chosen


def test_looking_tells_what_was_posted_and_takes_nothing(storage: Storage, queue: str) -> None:
    """Text and bytes come back as they were posted, oldest first, and as often as one looks."""
    for body in ("Grün", b"\xff\x00"):
        storage.send(queue, body)

    for _ in range(2):
        first, second = storage.queue(queue).peek()

        assert (first.body, second.body) == ("Grün".encode(), b"\xff\x00")
        assert (first.deliveries, first.id == second.id) == (0, False)
        assert abs(datetime.now(UTC) - first.inserted) < timedelta(minutes=1)
    assert [message.body for message in storage.queue(queue).peek(1)] == ["Grün".encode()]


def test_what_is_hidden_is_not_seen(storage: Storage, queue: str) -> None:
    """It waits for its time, or somebody works on it."""
    storage.send(queue, "later", delay=60)
    assert storage.queue(queue).peek() == []
    assert list(storage.queue(queue).take(30)) == []
    assert storage.depth(queue) == 1


def test_more_messages_than_one_request_gives_are_all_taken_and_removed(storage: Storage, queue: str) -> None:
    """Each is removed by itself; what is taken and not removed stays."""
    bodies = {str(number).encode() for number in range(MOST_AT_ONCE + 8)}
    for body in bodies:
        storage.send(queue, body)

    taken = []
    for message in storage.queue(queue).take(30):
        taken.append(message.body)
        if message.body != b"7":
            storage.queue(queue).remove(message)

    assert (len(taken), set(taken)) == (len(bodies), bodies)
    assert storage.depth(queue) == 1


def test_removing_twice_is_no_error(storage: Storage, queue: str) -> None:
    """Somebody else may have been quicker."""
    storage.send(queue, "x")
    [message] = storage.queue(queue).take(30)
    storage.queue(queue).remove(message)
    storage.queue(queue).remove(message)
    assert storage.depth(queue) == 0


def test_a_queue_that_is_not_there_holds_nothing(storage: Storage) -> None:
    """Poison queues come with their first message."""
    assert storage.queue("absent-queue").peek() == []


def test_a_message_that_is_not_base64_is_its_text(azurite: str, queue: str) -> None:
    """Other tools post plain text, and the host puts it into the poison queue."""
    storage = Storage.from_connection_string(azurite)
    storage.prepare((), (queue,))
    QueueClient.from_connection_string(azurite, queue).send_message("plain text: ü")

    assert [message.body for message in storage.queue(queue).peek()] == ["plain text: ü".encode()]
