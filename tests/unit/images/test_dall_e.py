"""One picture a call: calls side by side, each paid once, and addresses that are fetched at once."""

import io
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from shared.errors import Incomplete, Refused, Throttled, Unavailable
from shared.messages import Status
from shared.names import LEDGER
from tests.unit.images.studio import PROMPT, Studio, problem

DALL_E: dict[str, Any] = PROMPT | {"model": "dall-e-3"}
WHERE = "https://dalleprod.blob.core.windows.net/private/images/a.png?sig=canary-7f3a"


def studio_with_addresses(**settings: Any) -> Studio:
    """A model that answers with addresses and rewritten prompts, as DALL·E does."""
    studio = Studio.make(**settings)
    studio.model.data[:] = [{"url": WHERE, "revised_prompt": "A tall lighthouse"}]
    return studio


def test_three_pictures_are_three_calls_for_one_each() -> None:
    """The model takes no more; the user need not know."""
    studio = Studio.make()

    record = studio.run(DALL_E | {"n": 3, "quality": "hd", "style": "natural", "size": "1792x1024"})

    assert record.outputs == ("1.png", "2.png", "3.png")
    assert [dict(call.fields) for call in studio.model.calls] == [
        {**PROMPT, "quality": "hd", "style": "natural", "size": "1792x1024"}
    ] * 3
    assert len(list(studio.bench.storage.list(LEDGER))) == 3
    assert record.estimated_usd == pytest.approx(0.36)


def test_calls_go_side_by_side() -> None:
    """Ten pictures take the time of one: every call begins before any has ended."""
    studio = Studio.make()
    together, make = threading.Barrier(10, timeout=10), studio.model.make

    def waiting(*args: Any) -> Any:
        together.wait()
        return make(*args)

    object.__setattr__(studio.model, "make", waiting)

    assert len(studio.run(DALL_E | {"n": 10}).outputs) == 10


def test_a_throttled_call_is_paid_later_and_alone() -> None:
    """A retry pays for what is missing, and for nothing else."""
    studio = Studio.make()
    studio.model.faults.append(Throttled("wait", after=1))
    studio.deliver(DALL_E | {"n": 3})
    assert (len(studio.model.calls), studio.records()[0].status) == (2, Status.WAITING)

    studio.again()

    record = studio.last()
    assert (record.status, len(studio.model.calls)) == (Status.SUCCEEDED, 3)
    assert record.outputs == ("1.png", "2.png", "3.png")


def test_pictures_that_came_are_kept_though_one_is_refused() -> None:
    """They are paid; the record fails, names them, and prices them alone."""
    studio = Studio.make()
    studio.model.faults.append(Refused("A content filter refused the request (output: sexual)."))

    record = studio.run(DALL_E | {"n": 3, "quality": "standard", "size": "1024x1024"})

    assert (record.status, problem(record).code) == (Status.FAILED, "refused")
    assert (len(record.outputs), len(studio.model.calls)) == (2, 2)
    assert all(studio.picture(record, name) for name in record.outputs)
    assert record.estimated_usd == pytest.approx(0.08)


def test_a_wait_goes_before_a_refusal_and_the_refusal_still_ends_the_job() -> None:
    """What can still be had is had first."""
    studio = Studio.make()
    studio.model.faults += [Throttled("wait", after=1), Refused("no."), None, Refused("no.")]

    record = studio.run(DALL_E | {"n": 3})

    assert (record.status, problem(record).code, len(record.outputs)) == (Status.FAILED, "refused", 2)


def test_unsure_calls_are_bounded_whatever_else_waits() -> None:
    """One call that is throttled for hours must not let another be billed again and again."""
    studio = Studio.make(image_unsure_retries=1)

    def make(request: Any, answer: Path, on_partial: Any) -> Any:
        studio.model.calls.append(request)
        raise Throttled("wait", after=1) if answer.name.endswith("1") else Unavailable("timeout.")

    object.__setattr__(studio.model, "make", make)
    studio.deliver(DALL_E | {"n": 2})
    for _ in range(10):
        if studio.waiting():
            studio.again()

    unsure = studio.records()[0].unsure_calls
    assert 1 <= unsure <= 2


def test_a_picture_that_is_only_named_is_fetched_once_and_kept() -> None:
    """Its address dies after a day; a redelivery needs it no more."""
    studio = studio_with_addresses()
    message = DALL_E | {"job_id": "mine", "n": 2}

    record = studio.run(message)

    assert (record.status, record.outputs) == (Status.SUCCEEDED, ("1.png", "2.png"))
    assert record.revised_prompts == ("A tall lighthouse", "A tall lighthouse")
    assert studio.downloads.fetched == [WHERE, WHERE]
    assert Image.open(io.BytesIO(studio.picture(record))).size == (8, 8)


def test_a_download_that_fails_is_tried_again_and_generates_nothing() -> None:
    """The picture is paid for; only fetching it is missing."""
    studio = studio_with_addresses()
    studio.downloads.faults += [Unavailable("HTTP 503")] * 4

    record = studio.run(DALL_E)

    assert (record.status, record.unsure_calls, record.deferrals) == (Status.SUCCEEDED, 0, 4)
    assert (len(studio.model.calls), studio.downloads.fetched) == (1, [WHERE])


def test_a_picture_that_is_gone_fails_the_job_and_generates_nothing() -> None:
    """To pay again is for the user to decide."""
    studio = studio_with_addresses()
    studio.downloads.faults += [Incomplete("The finished picture is not there any more.")] * 9

    record = studio.run(DALL_E)

    assert (record.status, problem(record).code, len(studio.model.calls)) == (Status.FAILED, "incomplete", 1)


def test_pictures_that_were_fetched_are_not_fetched_again() -> None:
    """Of two addresses one fails; the retry asks for that one alone."""
    studio = studio_with_addresses()
    studio.downloads.faults.append(Unavailable("HTTP 503"))

    record = studio.run(DALL_E | {"n": 2})

    assert (record.outputs, len(studio.downloads.fetched)) == (("1.png", "2.png"), 2)


@pytest.mark.parametrize(
    "item",
    [{}, {"b64_json": None, "url": None}, {"b64_json": "%%%"}, {"b64_json": ""}, {"b64_json": "PGh0bWw+"}, {"url": 7}],
    ids=json.dumps,
)
def test_a_paid_answer_whose_picture_is_none_fails_the_job(item: dict[str, Any]) -> None:
    """It may have been billed, so it is not asked for again and again, and nobody waits a day for it."""
    studio = Studio.make(image_unsure_retries=0)
    studio.model.data[:] = [item]

    record = studio.run(PROMPT)

    assert (record.status, record.outputs) == (Status.FAILED, ())
    assert problem(record).code in ("incomplete", "uncertain")
    assert len(studio.model.calls) == 1


def test_no_address_of_a_picture_is_written_into_a_record_or_an_event() -> None:
    """It is a key to the picture for a day."""
    studio = studio_with_addresses()
    studio.downloads.faults.append(Unavailable("HTTP 503"))

    record = studio.run(DALL_E)

    assert "canary" not in record.model_dump_json()
    assert "canary" not in repr(studio.bench.storage.queues)
