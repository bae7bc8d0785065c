"""What surrounds a picture's way: each job ends in one record and one event, and nothing is paid twice."""

import logging

import pytest

from shared.errors import Blocked, Busy, NotDeployed, Refused, Throttled, Unauthorised, Unavailable
from shared.messages import Status
from shared.names import LEDGER, image_folder
from tests.fakes import small_png
from tests.unit.images.studio import PROMPT, Studio, mask_png, problem

CANARY = "canary-7f3a"


def test_a_posted_job_becomes_its_pictures_one_record_and_one_event() -> None:
    """The main way, whole."""
    studio = Studio.make()

    record = studio.run(PROMPT | {"model": "gpt-image-1.5", "n": 2, "size": "1024x1024", "quality": "low"})

    assert (record.status, record.outputs, record.attempts) == (Status.SUCCEEDED, ("1.png", "2.png"), 1)
    assert studio.bench.results(image_folder(record.job_id)) == ["1.png", "2.png", "job.json"]
    assert (record.kind, record.model, record.source, record.problem) == ("image", "gpt-image-1.5", None, None)
    assert record.options == {**PROMPT, "operation": "generate", "n": 2, "size": "1024x1024", "quality": "low"}
    assert record.usage is not None
    assert record.usage.model_dump() == {"text_in": 10, "image_in": 0, "out": 100}
    assert record.estimated_usd == pytest.approx((10 * 5 + 100 * 32) / 1e6)
    [event] = studio.bench.events()
    assert (event.job_id, event.kind, event.status) == (record.job_id, "image", Status.SUCCEEDED)
    assert event.record == f"results/images/{record.job_id}/job.json"


def test_only_what_was_asked_for_is_sent() -> None:
    """A default of ours could contradict the service's; names of jobs and queues are nobody's business."""
    studio = Studio.make()
    studio.run(PROMPT | {"model": "gpt-image-1", "job_id": "mine", "user": "u-1", "n": 1})

    [call] = studio.model.calls
    assert (call.operation, call.deployment) == ("generate", "gpt-image-1")
    assert dict(call.fields) == {**PROMPT, "user": "u-1"}


def test_every_option_of_a_message_reaches_the_model() -> None:
    """Nothing that the catalogue lets pass is dropped on the way."""
    studio = Studio.make()
    options = {
        "size": "1024x1536",
        "quality": "high",
        "background": "opaque",
        "output_format": "jpeg",
        "output_compression": 80,
        "moderation": "low",
        "user": "u-1",
        "stream": True,
        "partial_images": 2,
    }

    studio.run(PROMPT | {"model": "gpt-image-1"} | options)

    assert dict(studio.model.calls[0].fields) == PROMPT | options


def test_the_setting_names_the_model_of_a_message_that_names_none() -> None:
    """One deployment for all is the usual case."""
    studio = Studio.make(image_model="my-images", models={"my-images": {"like": "gpt-image-1.5"}})

    assert studio.run(PROMPT).model == "my-images"
    assert studio.model.calls[0].deployment == "my-images"


@pytest.mark.parametrize(("model", "until"), [("dall-e-3", "2026-03-04"), ("gpt-image-1", "2026-10-23")])
def test_a_retired_model_still_works_and_says_that_it_is_retired(model: str, until: str) -> None:
    """In the record, with what to use instead."""
    record = Studio.make().run(PROMPT | {"model": model})

    assert record.notes == (f"The model {model} was retired on {until}; use gpt-image-2.",)


def test_the_same_job_again_does_nothing_and_costs_nothing() -> None:
    """Neither a second delivery nor a second message under the same id makes a second picture."""
    studio = Studio.make()
    message = PROMPT | {"job_id": "mine"}
    before = studio.run(message)

    studio.deliver(message, attempt=2)
    studio.deliver(dict(reversed(message.items())), message_id="another")

    assert (len(studio.model.calls), len(studio.bench.events())) == (1, 1)
    assert studio.records() == [before]


def test_another_job_under_a_taken_id_is_rejected_and_the_first_is_untouched() -> None:
    """It would replace pictures that somebody has paid for."""
    studio = Studio.make()
    first = studio.run(PROMPT | {"job_id": "mine"})
    picture = studio.picture(first)

    second = studio.run({"prompt": "A windmill", "job_id": "mine"})

    assert (second.status, problem(second).code) == (Status.FAILED, "job_id_taken")
    assert "mine" in problem(second).message
    assert second.job_id.startswith("rejected-")
    assert (studio.record("mine"), studio.picture(first), len(studio.model.calls)) == (first, picture, 1)


def test_an_id_is_taken_by_a_job_that_still_waits() -> None:
    """The one that came first is going to end under it."""
    studio = Studio.make()
    studio.model.faults.append(Throttled("wait", after=1))
    studio.deliver(PROMPT | {"job_id": "mine"})

    studio.deliver({"prompt": "A windmill", "job_id": "mine"}, message_id="another")
    assert problem(studio.last()).code == "job_id_taken"

    studio.again()
    assert studio.record("mine").options["prompt"] == "A lighthouse"


def test_two_messages_that_are_alike_are_two_jobs() -> None:
    """Asking again for a picture is asking for a new one."""
    studio = Studio.make()
    studio.deliver(PROMPT, message_id="one")
    studio.deliver(PROMPT, message_id="two")

    assert (len(studio.model.calls), len(studio.records())) == (2, 2)


def test_a_job_keeps_the_id_of_its_first_message_through_redeliveries_and_waits() -> None:
    """The queue gives a message that is put back a new id, and the job must not become another."""
    studio = Studio.make()
    studio.model.faults += [Throttled("wait", after=1), Unavailable("away", reached=False)]
    studio.deliver(PROMPT)
    first = studio.records()[0].job_id
    studio.deliver(PROMPT, attempt=2)
    studio.waiting().pop()

    studio.again("a new id")

    assert [record.job_id for record in studio.records()] == [first]
    assert (studio.record(first).status, len(studio.model.calls)) == (Status.SUCCEEDED, 1)


@pytest.mark.parametrize(
    ("wait", "least", "most"),
    [
        (Throttled("", after=38.0), 38, 48),
        (Throttled(""), 2.5, 5),
        (Busy("", after=15.0), 15, 19),
        (Unauthorised(""), 300, 375),
        (NotDeployed(""), 300, 375),
        (Blocked(""), 300, 375),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_passes_is_waited_for_and_is_nobodys_failure(wait: Exception, least: float, most: float) -> None:
    """As long as was told, and minutes when an operator must act."""
    studio = Studio.make()
    studio.model.faults.append(wait)
    studio.deliver(PROMPT)

    [posted] = studio.waiting()
    assert least <= posted.delay <= most
    [record] = studio.records()
    assert (record.status, record.deferrals, record.unsure_calls) == (Status.WAITING, 1, 0)

    studio.again()
    assert studio.last().status is Status.SUCCEEDED


@pytest.mark.parametrize(
    ("wait", "level"),
    [(Blocked("The resource is blocked."), "ERROR"), (Unauthorised("no"), "ERROR"), (Throttled("wait"), "INFO")],
)
def test_what_an_operator_must_mend_is_logged_as_an_error(
    caplog: pytest.LogCaptureFixture, wait: Exception, level: str
) -> None:
    """A blocked resource is an outage, not one user's bad prompt."""
    caplog.set_level(logging.INFO, logger="darkroom")
    studio = Studio.make()
    studio.model.faults.append(wait)
    studio.deliver(PROMPT)

    assert [record.levelname for record in caplog.records if record.message.startswith("deferred")] == [level]


def test_a_refused_prompt_fails_at_once_in_the_services_words() -> None:
    """No retry, no delay: it would be refused again."""
    studio = Studio.make()
    studio.model.faults.append(Refused("A content filter refused the request (input: violence): no."))

    record = studio.run(PROMPT)

    assert (record.status, problem(record).code, problem(record).retryable) == (Status.FAILED, "refused", False)
    assert "input: violence" in problem(record).message
    assert (studio.model.calls, record.outputs, record.attempts) == ([], (), 1)


@pytest.mark.parametrize(("allowed", "calls"), [(0, 1), (1, 2), (3, 4)])
def test_a_call_without_an_answer_is_made_again_only_as_often_as_the_setting_allows(allowed: int, calls: int) -> None:
    """Each may have been billed, and the record says how many."""
    studio = Studio.make(image_unsure_retries=allowed)
    studio.model.faults += [Unavailable(f"timeout {number}.") for number in range(1, 10)]

    record = studio.run(PROMPT)

    assert (record.status, problem(record).code, record.unsure_calls) == (Status.FAILED, "uncertain", calls)
    assert len(studio.model.faults) == 9 - calls
    assert f"ended {calls} time" in problem(record).message
    assert f"timeout {calls}." in problem(record).message
    assert "billed" in problem(record).remedy


def test_a_second_try_that_succeeds_still_tells_of_the_first() -> None:
    """Whoever looks at the bill finds two calls."""
    studio = Studio.make()
    studio.model.faults.append(Unavailable("timeout"))

    record = studio.run(PROMPT)

    assert (record.status, record.unsure_calls, len(studio.model.calls)) == (Status.SUCCEEDED, 1, 1)


def test_a_call_that_never_reached_the_service_is_made_again_without_being_counted() -> None:
    """Nothing was sent, so nothing can have been billed."""
    studio = Studio.make(image_unsure_retries=0)
    studio.model.faults += [Unavailable("no connection", reached=False)] * 5

    record = studio.run(PROMPT)

    assert (record.status, record.unsure_calls, record.deferrals) == (Status.SUCCEEDED, 0, 5)


def test_a_job_that_waits_too_long_gives_up_and_says_for_what_it_waited() -> None:
    """Not for ever."""
    studio = Studio.make(job_hours=2)
    studio.model.faults.append(Blocked("The resource is blocked."))
    studio.deliver(PROMPT)
    studio.bench.clock.forward(hours=3)
    studio.again()

    assert problem(studio.last()).code == "gave_up"
    assert "The resource is blocked." in problem(studio.last()).message
    assert studio.model.calls == []


def test_without_an_endpoint_jobs_wait_and_the_record_names_the_setting() -> None:
    """Whoever only reads documents need not set it, and whoever forgot it loses nothing."""
    studio = Studio.make(image_endpoint="")
    studio.deliver(PROMPT)

    [record] = studio.records()
    assert (record.status, problem(record).code) == (Status.WAITING, "misconfigured")
    assert "DARKROOM_IMAGE_ENDPOINT" in problem(record).message
    assert studio.model.calls == []


def test_a_wrong_setting_holds_jobs_instead_of_failing_them() -> None:
    """A deployment's mistake costs time, not pictures."""
    studio = Studio.make(problems=("The setting DARKROOM_IMAGE_ROUTE is not one of v1, deployments.",))
    studio.deliver(PROMPT)

    [record] = studio.records()
    assert (record.status, problem(record).code) == (Status.WAITING, "misconfigured")


def test_inputs_are_recorded_with_their_names_and_hashes() -> None:
    """Where a picture came from can be told later, from the record alone."""
    studio = Studio.make()
    names = [studio.give("a.png", small_png(1)), studio.give("b/c.png", small_png(2))]

    record = studio.run({"operation": "edit", **PROMPT, "images": names, "mask": studio.give("m.png", mask_png())})

    assert [source.name for source in record.inputs] == [*names, "images/m.png"]
    assert [source.media_type for source in record.inputs] == ["image/png"] * 3
    assert len({source.sha256 for source in record.inputs}) == 3
    assert record.inputs[0].size == len(small_png(1))
    assert [(file.field, file.media_type) for file in studio.model.calls[0].files] == [
        ("image[]", "image/png"),
        ("image[]", "image/png"),
        ("mask", "image/png"),
    ]


def test_what_is_paid_lies_in_the_ledger_and_belongs_to_its_job() -> None:
    """One entry a call, told apart by job: the same prompt under another id is another picture."""
    studio = Studio.make()
    for job_id in ("one", "two"):
        studio.run(PROMPT | {"job_id": job_id})

    entries = list(studio.bench.storage.list(LEDGER))
    assert [entry.ref.name.split("/")[0] for entry in entries] == ["image", "image"]
    assert {entry.metadata["job"] for entry in entries} == {"one", "two"}
