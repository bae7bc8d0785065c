"""A failed image job is tried anew: what is paid is kept, and calls that may have been billed stay bounded."""

import json
from typing import Any

import pytest

from shared import image_jobs
from shared.errors import Refused, Unavailable
from shared.messages import Status, room
from shared.storage import LARGEST_MESSAGE
from tests.fakes import small_png
from tests.unit.images.studio import PROMPT, Studio, body, problem

MINE: dict[str, Any] = PROMPT | {"job_id": "mine"}


def replayed(replays: int) -> bytes:
    """What `darkroom replay` posts."""
    return body(MINE | {"replays": replays})


def test_a_replayed_job_makes_only_the_pictures_that_are_not_paid() -> None:
    """Two of three were made before one was refused; the three are one job's."""
    studio = Studio.make()
    three = MINE | {"model": "dall-e-3", "n": 3}
    studio.model.faults += [None, Refused("no"), None]
    failed = studio.run(three)
    assert (failed.status, len(studio.model.calls)) == (Status.FAILED, 2)

    studio.deliver(three | {"replays": 1})

    record = studio.record("mine")
    assert (record.status, record.replays, len(studio.model.calls)) == (Status.SUCCEEDED, 1, 3)
    assert record.outputs == ("1.png", "2.png", "3.png")
    assert [event.status for event in studio.bench.events()] == [Status.FAILED, Status.SUCCEEDED]


def test_pictures_that_were_paid_stay_results_when_the_replay_fails() -> None:
    """They are there, whatever becomes of the rest."""
    studio = Studio.make()
    three = MINE | {"model": "dall-e-3", "n": 3}
    studio.model.faults += [None, Refused("no"), None]
    before = studio.run(three)
    assert len(before.outputs) == 2

    image_jobs.buried(studio.bench.services, body(three | {"replays": 1}))

    after = studio.record("mine")
    assert (after.outputs, problem(after).code, after.replays) == (before.outputs, "crashed", 1)


def test_a_replay_is_the_same_job_as_before() -> None:
    """The count is no part of what was asked for, and of what is sent or kept for a further replay."""
    studio = Studio.make()
    studio.model.faults.append(Refused("no"))
    before = studio.run(MINE)

    studio.deliver(replayed(1))

    after = studio.record("mine")
    assert (after.fingerprint, after.message, after.options) == (before.fingerprint, before.message, before.options)
    assert json.loads(after.message or "") == MINE
    assert "replays" not in studio.model.calls[0].fields


def test_each_replay_allows_as_many_unsure_calls_as_the_first_run() -> None:
    """Each may be billed, so a replay is no licence for more."""
    studio = Studio.make(image_unsure_retries=1)
    asked: list[Unavailable] = []
    for replays in range(3):
        left = [Unavailable("cut", after=1.0) for _ in range(9)]
        studio.model.faults[:] = left
        studio.bench.storage.queues.clear()
        studio.run(replayed(replays) if replays else MINE)
        asked += left[: len(left) - len(studio.model.faults)]

    record = studio.record("mine")
    assert (len(asked), problem(record).code, record.unsure_calls) == (6, "uncertain", 6)


def test_a_picture_may_come_at_the_replay_of_a_job_that_ended_unsure() -> None:
    """The bound must not keep it from being tried once more."""
    studio = Studio.make(image_unsure_retries=0)
    studio.model.faults.append(Unavailable("cut"))
    assert problem(studio.run(MINE)).code == "uncertain"

    studio.deliver(replayed(1))

    assert (studio.record("mine").status, studio.record("mine").unsure_calls) == (Status.SUCCEEDED, 1)


@pytest.mark.parametrize("replays", [0, 1])
def test_a_replay_that_was_seen_does_nothing(replays: int) -> None:
    """Duplicates of the first message and of the replay are told from a newer replay."""
    studio = Studio.make()
    studio.model.faults += [Refused("no"), Refused("no")]
    studio.run(MINE)
    studio.deliver(replayed(1))

    studio.deliver(body(MINE | {"replays": replays}))

    assert (studio.record("mine").replays, studio.model.calls, len(studio.bench.events())) == (1, [], 2)


def test_a_message_of_the_failed_run_that_is_buried_late_does_the_replay_no_harm() -> None:
    """The poison queue may be slow."""
    studio = Studio.make()
    studio.model.faults += [Refused("no"), Unavailable("away", reached=False)]
    studio.run(MINE)
    studio.deliver(replayed(1))
    during = studio.record("mine")
    assert during.status is Status.WAITING

    image_jobs.buried(studio.bench.services, body(MINE))

    assert studio.record("mine") == during


def test_a_message_of_the_greatest_size_can_be_replayed_and_put_back() -> None:
    """The counts that Darkroom adds find room in it."""
    studio = Studio.make()
    edit = MINE | {"operation": "edit", "images": [f"images/{'n' * 1000}{at}" for at in range(16)]}
    needed = room({"job_id"})
    largest = edit | {"prompt": "x" * (LARGEST_MESSAGE - needed - len(compact(edit | {"prompt": ""})))}
    studio.deliver(compact(largest))
    assert problem(studio.record("mine")).code == "input_missing"

    studio.model.faults.append(Unavailable("away", reached=False))
    for name in largest["images"]:
        studio.give(name.removeprefix("images/"), small_png())
    studio.deliver(compact(largest | {"replays": 999}))
    studio.again()

    assert (studio.record("mine").replays, studio.record("mine").status) == (999, Status.SUCCEEDED)


def compact(message: dict[str, Any]) -> bytes:
    """A message in as few bytes as JSON allows."""
    return json.dumps(message, separators=(",", ":")).encode()
