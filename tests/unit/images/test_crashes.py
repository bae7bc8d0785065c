"""Crashes, poison and messages of odd sizes: every job still ends in one record, and nothing is paid twice."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError

from shared import image_jobs
from shared.errors import Refused, Throttled, Unavailable, Unexpected
from shared.jobs import MAX_ATTEMPTS
from shared.messages import Status
from shared.names import IMAGE_JOBS_POISON, BlobRef, image_folder, record_of
from tests.fakes import small_png
from tests.unit.images.studio import MESSAGE_ID, PROMPT, Studio, body, mask_png, problem

CANARY = "canary-7f3a"


def test_a_crash_after_paying_pays_nothing_at_the_next_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is in the ledger before anything else is done with it."""
    studio = Studio.make()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("shared.pipelines.images.write", die)
        studio.deliver(PROMPT)
    studio.deliver(PROMPT, attempt=2)

    record = studio.last()
    assert (record.status, record.attempts, len(studio.model.calls)) == (Status.SUCCEEDED, 2, 1)
    assert record.outputs == ("1.png",)


def test_storage_that_fails_after_paying_costs_a_delivery_and_no_second_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The host delivers again; the picture is there."""
    studio = Studio.make()
    write, faults = studio.bench.storage.write, [ServiceRequestError("reset")]

    def failing(ref: BlobRef, *args: Any, **options: Any) -> str:
        if ref.name.endswith("1.png") and faults:
            raise faults.pop()
        return write(ref, *args, **options)

    monkeypatch.setattr(studio.bench.storage, "write", failing)
    with pytest.raises(ServiceRequestError):
        studio.deliver(PROMPT)
    studio.deliver(PROMPT, attempt=2)

    assert (studio.last().status, len(studio.model.calls)) == (Status.SUCCEEDED, 1)


def test_a_job_that_another_worker_has_in_hand_is_put_back() -> None:
    """Two deliveries at once make one picture."""
    studio = Studio.make()
    ref = record_of(image_folder("mine"))
    studio.bench.storage.create(ref, b"", "application/json")
    studio.bench.storage.lease(ref)

    studio.deliver(PROMPT | {"job_id": "mine"})

    [posted] = studio.waiting()
    assert (studio.model.calls, posted.delay >= 15) == ([], True)


def test_the_unexpected_is_raised_for_the_host_to_count_and_recorded_at_the_last_attempt() -> None:
    """A message never goes to poison silently; the foreign error's words stay out."""
    studio = Studio.make()
    for attempt in range(1, MAX_ATTEMPTS):
        studio.model.faults.append(KeyError(CANARY))
        with pytest.raises(Unexpected) as raised:
            studio.deliver(PROMPT, attempt)
        assert CANARY not in str(raised.value)
        assert raised.value.__suppress_context__
    studio.model.faults.append(KeyError(CANARY))
    studio.deliver(PROMPT, MAX_ATTEMPTS)

    record = studio.last()
    assert (problem(record).code, record.attempts) == ("unexpected", MAX_ATTEMPTS)
    assert CANARY not in record.model_dump_json()


@pytest.mark.parametrize("spare", [0, 13, 14, 20, 63, 64, 70, 200, 256, 300, 400])
@pytest.mark.parametrize("named", [{}, {"job_id": "mine"}], ids=["unnamed", "named"])
def test_a_message_near_the_size_limit_ends_in_one_record_however_often_it_waits(
    spare: int, named: dict[str, str]
) -> None:
    """What Darkroom adds to a message must not make it too large for the queue, or too large for itself."""
    studio = Studio.make()
    names = [studio.give(f"{'n' * 1000}{number}", small_png()) for number in range(10)]
    message = {"operation": "edit", "prompt": "", "images": names, **named}
    room = 48 * 1024 - spare - len(compact(message))
    studio.model.faults += [Throttled("wait")] * 12

    studio.run(compact(message | {"prompt": "x" * room}))

    assert [record.final for record in studio.records()] == [True]
    assert len(studio.bench.events()) == 1


def compact(message: dict[str, Any]) -> bytes:
    """A message in as few bytes as JSON allows, so that writing it anew does not shrink it."""
    return json.dumps(message, separators=(",", ":")).encode()


def test_a_buried_message_becomes_a_failed_record_that_keeps_it_for_replay() -> None:
    """A crash loop ends in a record, too, and once."""
    studio = Studio.make()
    text = body(PROMPT | {"job_id": "mine"})
    image_jobs.buried(studio.bench.services, text)
    image_jobs.buried(studio.bench.services, text)

    record = studio.record("mine")
    assert (record.status, problem(record).code, len(studio.bench.events())) == (Status.FAILED, "crashed", 1)
    assert record.message is not None
    assert json.loads(record.message) == PROMPT | {"job_id": "mine"}


def test_what_a_crash_loop_began_ends_though_the_message_named_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """The poison queue gives the message another id; no record may stay `running` for ever."""
    studio = Studio.make()
    image_jobs.image_message(studio.bench.services, body(PROMPT), 1, MESSAGE_ID)
    text = studio.waiting().pop().text.encode()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("shared.pipelines.images.check", die)
        for attempt in range(1, MAX_ATTEMPTS + 1):
            with pytest.raises(KeyboardInterrupt):
                image_jobs.image_message(studio.bench.services, text, attempt, "another")
    image_jobs.buried(studio.bench.services, text)

    [record] = studio.records()
    assert (record.status, problem(record).code) == (Status.FAILED, "crashed")
    assert len(studio.bench.events()) == 1


def test_a_buried_message_of_a_job_that_ended_well_changes_nothing() -> None:
    """Poison may come late."""
    studio = Studio.make()
    before = studio.run(PROMPT | {"job_id": "mine"})

    image_jobs.buried(studio.bench.services, body(PROMPT | {"job_id": "mine"}))

    assert (studio.record("mine"), len(studio.bench.events())) == (before, 1)


@pytest.mark.parametrize("faults", [[], [Throttled("wait", after=1)]], ids=["ended", "waiting"])
def test_a_buried_message_does_not_touch_another_job_of_the_same_id(faults: list[Exception]) -> None:
    """The id was taken; the job that has it goes on, or stays as it ended."""
    studio = Studio.make()
    studio.model.faults += faults
    studio.deliver(PROMPT | {"job_id": "mine"})
    before = studio.record("mine")

    image_jobs.buried(studio.bench.services, body({"prompt": "A windmill", "job_id": "mine"}))

    assert studio.record("mine") == before


def test_a_buried_message_of_a_job_in_work_waits_for_it() -> None:
    """A worker may still be at it."""
    studio = Studio.make()
    ref = record_of(image_folder("mine"))
    studio.bench.storage.create(ref, b"", "application/json")
    studio.bench.storage.lease(ref)

    image_jobs.buried(studio.bench.services, body(PROMPT | {"job_id": "mine"}))

    [back] = studio.bench.storage.queues[IMAGE_JOBS_POISON]
    assert (json.loads(back.text), back.delay) == (PROMPT | {"job_id": "mine"}, 15)


@pytest.mark.parametrize("text", [b"", b"\xff", b"{}", b"[1]", b"null", b'{"prompt": 1}', b'{"prompt": "\\ud800"}'])
def test_whatever_lies_in_the_poison_queue_is_recorded_and_never_raised(text: bytes) -> None:
    """A poison function that raises loses its messages for good."""
    studio = Studio.make()
    image_jobs.buried(studio.bench.services, text)

    assert len(studio.bench.events()) == 1


def test_a_crash_between_record_and_event_still_tells_of_the_end() -> None:
    """The redelivery finds a record that is final and not announced."""
    studio = Studio.make()
    message = PROMPT | {"job_id": "mine"}
    untold = studio.run(message).model_copy(update={"announced": False})
    studio.bench.storage.write(record_of(image_folder("mine")), untold.model_dump_json().encode(), "application/json")
    studio.bench.storage.queues["job-events"].clear()

    studio.deliver(message, attempt=2)

    assert (len(studio.bench.events()), studio.record("mine").announced) == (1, True)


def test_neither_logs_nor_raised_errors_hold_a_word_of_a_prompt_or_an_address(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Canaries in good jobs, bad ones, waits, faults and poison."""
    caplog.set_level(logging.DEBUG, logger="darkroom")
    studio = Studio.make()
    prompt = {"prompt": f"{CANARY} lighthouse", "user": CANARY}
    raised = ""
    studio.deliver(prompt, message_id="good")
    for fault in (Throttled("wait"), Unavailable("away"), Refused("no"), ValueError(CANARY)):
        studio.model.faults[:] = [fault]
        try:
            studio.deliver(prompt, message_id=repr(fault))
        except Unexpected as error:
            raised += f"{error} {error!r} {error.__cause__!r}"
    studio.deliver(f"{CANARY} is no JSON".encode())
    studio.deliver(prompt | {CANARY: CANARY})
    image_jobs.buried(studio.bench.services, body(prompt))

    assert raised
    assert CANARY not in raised
    assert caplog.messages
    assert CANARY not in caplog.text
    assert CANARY not in " ".join(posted.text for posted in studio.bench.storage.queues["job-events"])


def test_nothing_is_left_on_disk_whatever_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporary files go with success, failure and deferral alike."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    studio = Studio.make()
    edit: dict[str, Any] = {"operation": "edit", **PROMPT, "images": [studio.give("a.png", small_png())]}
    studio.model.faults += [None, Throttled("wait"), Refused("no")]
    for message in (PROMPT, edit, edit | {"mask": studio.give("m.png", mask_png((9, 9)))}):
        studio.run(message | {"job_id": f"job-{len(message)}"})

    assert not list(tmp_path.iterdir())
