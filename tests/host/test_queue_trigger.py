"""The queue trigger keeps the real host's contract, traps included."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError

from local.host.queue_listener import poll_delay
from tests.host.conftest import Bench, until

FAST: dict[str, Any] = {"maxPollingInterval": "00:00:00.2"}


def queues(**options: Any) -> dict[str, Any]:
    """Make the host.json section for queues."""
    return {"queues": {**FAST, **options}}


def most_at_once(notes: list[dict[str, Any]]) -> int:
    """Count how many runs were under way at the same time, at most."""
    now = most = 0
    for note in sorted(notes, key=lambda note: note["time"]):
        now += 1 if note["event"] == "start" else -1
        most = max(most, now)
    return most


def test_a_message_runs_once_and_is_deleted(bench: Bench) -> None:
    """Success deletes the message."""
    bench.queue().send_message("hello")

    bench.run("commands", extensions=queues())

    until(lambda: bench.notes("end"))
    until(lambda: bench.queue().get_queue_properties().approximate_message_count == 0)
    assert [note["count"] for note in bench.notes("start")] == [1]


def test_text_that_is_not_base64_is_buried_without_a_call(bench: Bench) -> None:
    """A message of a plain-text producer goes to the poison queue as it is, on its first delivery."""
    bench.raw_queue().send_message("not base64!")

    host = bench.run("commands", extensions=queues(), arguments=["--lease-seconds", "1"])
    until(lambda: "Moving message to queue" in host.log())
    host.stop()

    buried = until(lambda: bench.raw_queue("-poison").peek_messages())
    assert [message.content for message in buried] == ["not base64!"]
    assert bench.queue().get_queue_properties().approximate_message_count == 0
    assert bench.notes() == []


def test_without_encoding_plain_text_is_a_body(bench: Bench) -> None:
    """`messageEncoding: none` takes the stored text as it is."""
    bench.raw_queue().send_message("plain é")

    bench.run("commands", extensions=queues(messageEncoding="none"))

    assert until(lambda: bench.notes("end"))[0]["body"] == "plain é"


def test_a_failing_message_is_tried_up_to_the_limit_and_buried_unchanged(bench: Bench) -> None:
    """Attempts are counted from 1 to maxDequeueCount; then the same stored text lies in the poison queue."""
    text = json.dumps({"fail": True})
    bench.queue().send_message(text)

    host = bench.run("commands", extensions=queues(maxDequeueCount=3))

    assert until(lambda: bench.notes("buried"))[0]["body"] == text
    assert [note["count"] for note in bench.notes("start")] == [1, 2, 3]
    assert "Moving message to queue" in host.log()


def test_visibility_timeout_is_the_pause_after_a_failure(bench: Bench) -> None:
    """`visibilityTimeout` delays the next attempt, and nothing after the last one."""
    bench.queue().send_message(json.dumps({"fail": True}))

    bench.run("commands", extensions=queues(maxDequeueCount=2, visibilityTimeout="00:00:01"))

    buried = until(lambda: bench.notes("buried"))[0]["time"]
    first, second = (note["time"] for note in bench.notes("start"))
    assert second - first >= 1
    assert buried - second < 1, "the last failure is buried at once"


def test_json_keys_of_the_body_lie_over_the_metadata(bench: Bench) -> None:
    """A top-level key `Id` or `dequeueCount` takes the property's place, whatever its case."""
    bench.queue().send_message(json.dumps({"ID": "mine", "dequeueCount": 7, "popReceipt": ["no"]}))

    bench.run("commands", extensions=queues())

    note = until(lambda: bench.notes("start"))[0]
    assert (note["id"], note["count"]) == ("mine", 7)


def test_a_dequeue_count_of_words_fails_before_user_code(bench: Bench) -> None:
    """A body's `DequeueCount` that is no number fails every attempt, and the function never runs."""
    text = json.dumps({"DequeueCount": "abc"})
    bench.queue().send_message(text)

    host = bench.run("commands", extensions=queues(maxDequeueCount=2))

    assert until(lambda: bench.notes("buried"))[0]["body"] == text
    assert bench.notes("start") == []
    assert "cannot convert value of field 'DequeueCount'" in host.log()


def test_a_long_run_keeps_its_message(bench: Bench) -> None:
    """The lease is renewed at half of its time, so that a run of several leases is no second delivery."""
    bench.queue().send_message(json.dumps({"sleep": 2.5}))

    host = bench.run("commands", extensions=queues(), arguments=["--lease-seconds", "1"])

    until(lambda: bench.notes("end"))
    until(lambda: "succeeded" in host.log())
    until(lambda: bench.queue().get_queue_properties().approximate_message_count == 0)
    assert len(bench.notes("start")) == 1


def test_a_poison_trigger_skips_its_messages_for_good(bench: Bench) -> None:
    """A function on a poison queue that fails maxDequeueCount times is never called for that message again, nor
    is it deleted.
    """
    bench.queue("-poison").create_queue()
    bench.queue("-poison").send_message("buried twice")

    bench.run(
        "commands",
        extensions=queues(maxDequeueCount=1),
        settings={"BURIAL_FAILS": "yes"},
        arguments=["--lease-seconds", "1"],
    )

    until(lambda: bench.notes("buried"))
    time.sleep(1.8)
    assert len(bench.notes("buried")) == 1
    assert bench.queue("-poison").get_queue_properties().approximate_message_count == 1


def test_the_next_batch_waits_for_the_threshold(bench: Bench) -> None:
    """batchSize 2 with threshold 0 runs two at once, and the next two only when both are done."""
    for number in range(4):
        bench.queue().send_message(json.dumps({"sleep": 0.3 + 0.3 * (number % 2)}))

    bench.run("commands", extensions=queues(batchSize=2, newBatchThreshold=0))

    until(lambda: len(bench.notes("end")) == 4)
    assert [note["event"] for note in bench.notes()] == ["start", "start", "end", "end"] * 2


def test_batches_of_one_have_no_head_of_line(bench: Bench) -> None:
    """batchSize 1 with threshold 1 also runs two at once, but a slow one does not hold the others up."""
    bench.queue().send_message(json.dumps({"sleep": 2, "slow": True}))
    for _ in range(3):
        bench.queue().send_message(json.dumps({"sleep": 0.2}))

    bench.run("commands", extensions=queues(batchSize=1, newBatchThreshold=1))

    until(lambda: len(bench.notes("end")) == 4)
    assert most_at_once(bench.notes()) == 2
    assert "slow" in bench.notes()[-1]["body"]


def test_more_invocations_than_threads_wait_in_the_worker(bench: Bench) -> None:
    """PYTHON_THREADPOOL_THREAD_COUNT bounds synchronous runs, however many messages the host hands over."""
    for _ in range(3):
        bench.queue().send_message(json.dumps({"sleep": 0.2}))

    host = bench.run("commands", extensions=queues(batchSize=8), settings={"PYTHON_THREADPOOL_THREAD_COUNT": "1"})

    until(lambda: len(bench.notes("end")) == 3)
    assert most_at_once(bench.notes()) == 1
    assert all(note["own"] == note["invocation"] for note in bench.notes("start"))
    events = [line for line in host.log().splitlines() if "executing obey" in line or "executed obey" in line]
    assert ["executing" in line for line in events[:2]] == [True, True]


def test_asynchronous_functions_share_one_loop(bench: Bench) -> None:
    """`async def` functions run beside each other although there is only one thread."""
    for _ in range(4):
        bench.queue("-async").send_message(json.dumps({"sleep": 0.5}))

    bench.run("commands", extensions=queues(), settings={"PYTHON_THREADPOOL_THREAD_COUNT": "1"})

    until(lambda: len(bench.notes("end")) == 4)
    assert most_at_once(bench.notes()) == 4


def test_a_returned_value_fails_the_run(bench: Bench) -> None:
    """A function without a `$return` binding must return None; the error names it."""
    bench.queue().send_message(json.dumps({"return": "something"}))

    host = bench.run("commands", extensions=queues(maxDequeueCount=1))

    until(lambda: bench.notes("buried"))
    assert "function obey returned a value" in host.log()


def test_a_missing_queue_is_waited_for_and_not_made(bench: Bench) -> None:
    """The host creates no trigger queue; when somebody does, its messages run."""
    poison = bench.queue("-poison")
    bench.run("commands", extensions=queues())
    time.sleep(0.3)

    with pytest.raises(ResourceNotFoundError):
        poison.get_queue_properties()
    poison.create_queue()
    poison.send_message("late")

    assert until(lambda: bench.notes("buried"))[0]["body"] == "late"


def test_a_body_given_by_hand_runs_without_a_queue(bench: Bench) -> None:
    """The admin endpoint runs a queue function with the posted body."""
    host = bench.run("commands", extensions=queues())

    assert host.by_hand("obey", "from the desk") == 202
    assert host.by_hand("nobody", "") == 404

    assert until(lambda: bench.notes("end"))[0]["body"] == "from the desk"


def test_a_message_found_makes_polls_frequent_again(bench: Bench) -> None:
    """After work the next polls are a tenth of a second apart, whatever maxPollingInterval says."""
    bench.queue().send_message("first")
    bench.run("commands", extensions={"queues": {"maxPollingInterval": "00:01:00"}})
    until(lambda: bench.notes("end"))

    bench.queue().send_message("second")

    until(lambda: len(bench.notes("end")) == 2, 5)


@pytest.mark.parametrize(
    ("polls", "wobble", "seconds"), [(1, 1, 0.1), (2, 1, 0.2), (4, 1.2, 0.96), (4, 0.8, 0.64), (9, 1, 2), (999, 1, 2)]
)
def test_polls_in_vain_grow_apart_up_to_the_limit(polls: int, wobble: float, seconds: float) -> None:
    """The pause doubles from 100 ms to maxPollingInterval, give or take a fifth."""
    assert poll_delay(polls, 2, wobble) == pytest.approx(seconds)


def test_the_largest_message_arrives_whole(bench: Bench) -> None:
    """49,152 raw bytes are the most that fit into a message as base64, and they reach the function."""
    bench.queue().send_message("x" * 49152)

    bench.run("commands", extensions=queues())

    assert len(until(lambda: bench.notes("start"))[0]["body"]) == 49152
