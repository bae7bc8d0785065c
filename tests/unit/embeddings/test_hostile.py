"""Embedding jobs under attack: killed workers, lost claims, storage that is away, damaged state."""

import threading
from itertools import count
from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError

from shared.errors import Throttled, Unexpected
from shared.messages import Status
from shared.names import LEDGER, RESULTS, BlobRef
from shared.storage import LeaseHeldError
from tests.unit.embeddings.lab import JOB, Lab
from tests.unit.embeddings.mischief import Killed, before_each, embedding, killed_at, mixed


@pytest.mark.parametrize("at_once", [1, 4])
def test_a_worker_may_be_killed_between_any_two_storage_requests(at_once: int) -> None:
    """Whatever was in flight is all that is paid twice, and the job ends as if nothing had been."""
    for number in count(1):
        lab = Lab.make(embedding_calls=at_once)
        inputs = mixed(lab)
        revive = killed_at(lab, number)
        try:
            lab.deliver(*inputs)
        except (Killed, Unexpected):  # a thread's end of the world is not that of the others
            revive()
            lab.bench.storage.leases.clear()  # half a minute later
        else:
            break

        record = lab.run(*inputs, attempt=2)

        assert (record.status, record.vectors, record.announced) == (Status.SUCCEEDED, 4, True), number
        assert len(lab.model.calls) <= 3 + at_once, number
        assert [line["input"]["number"] for line in lab.lines()] == [1, 2, 3, 4], number
        assert {event.status for event in lab.bench.events()} == {"succeeded"}, number
        assert lab.bench.storage.leases == {}, number
    assert number > 30


def test_a_second_delivery_while_the_first_runs_pays_nothing() -> None:
    """It goes back on the queue, and finds the job over."""
    lab = Lab.make()
    embedding(lab, lambda: lab.deliver({"text": "one"}, attempt=2))

    lab.deliver({"text": "one"})
    [posted] = lab.waiting()
    lab.again()

    assert posted.delay > 0
    assert (lab.record().status, len(lab.model.calls), len(lab.bench.events())) == (Status.SUCCEEDED, 1, 1)
    assert lab.waiting() == []


def test_two_jobs_for_the_same_at_once_pay_once() -> None:
    """The second waits for the ledger's entry instead of making the call as well."""
    lab = Lab.make()
    embedding(lab, lambda: lab.deliver({"text": "one"}, job_id="second"))

    lab.deliver({"text": "one"})
    lab.again()

    assert [lab.record(job).status for job in (JOB, "second")] == [Status.SUCCEEDED] * 2
    assert len(lab.model.calls) == 1


@pytest.mark.parametrize("lost", [RESULTS, LEDGER])
def test_a_worker_that_lost_its_claim_writes_nothing(lost: str) -> None:
    """Another may hold it; the next delivery ends the job."""
    lab = Lab.make()

    def lose() -> None:
        for ref in [ref for ref in lab.bench.storage.leases if ref.container == lost]:
            del lab.bench.storage.leases[ref]

    embedding(lab, lose)
    with pytest.raises(LeaseHeldError):
        lab.deliver({"text": "one"})
    written = lab.bench.results(f"embeddings/{JOB}")
    object.__delattr__(lab.model, "embed")
    record = lab.run({"text": "one"}, attempt=2)

    assert written == ["job.json"]
    assert (record.status, record.vectors) == (Status.SUCCEEDED, 1)


@pytest.mark.parametrize("request_", ["find", "download", "lease", "write", "create"])
def test_storage_that_is_away_in_a_call_fails_no_job(request_: str) -> None:
    """The host counts the attempt, and the next one ends the job."""
    lab = Lab.make(embedding_calls=4)
    inputs = mixed(lab)

    def away(_: str, args: tuple[Any, ...]) -> None:
        if threading.current_thread().name.startswith("embedding"):
            raise ServiceRequestError("away")

    back = before_each(lab, away, request_)
    with pytest.raises(ServiceRequestError):
        lab.deliver(*inputs)
    waiting = lab.record().status
    back()

    assert waiting is Status.RUNNING
    assert lab.run(*inputs, attempt=2).status is Status.SUCCEEDED


@pytest.mark.parametrize(
    "damage", [b"\xff", b"{", b"[]", b"null", b'{"sources": {"images/a.png": 1}}', b'{"calls": {"key": "text"}}']
)
def test_a_damaged_plan_costs_a_look_and_no_vector(damage: bytes) -> None:
    """What is paid is in the ledger; the plan only tells where to look first."""
    lab = Lab.make()
    inputs = mixed(lab)
    lab.model.faults.extend([None, None, Throttled("later", after=7)])
    lab.deliver(*inputs)
    plan = BlobRef(LEDGER, f"plans/{JOB}.json")
    assert lab.bench.storage.read(plan)

    lab.bench.storage.write(plan, damage, "application/json")
    lab.again()

    assert (lab.record().status, len(lab.model.calls)) == (Status.SUCCEEDED, 3)


def test_a_damaged_answer_in_the_ledger_is_paid_for_anew() -> None:
    """Else every job with this picture would wait for it until it gives up."""
    lab = Lab.make()
    inputs = mixed(lab)
    lab.run(*inputs)
    for blob in list(lab.bench.storage.list(LEDGER, "embedding/")):
        lab.bench.storage.write(blob.ref, b'{"data": [{"index": 0, "embedd', "application/json")

    record = lab.run(*inputs, job_id="second")

    assert (record.status, record.vectors, len(lab.model.calls)) == (Status.SUCCEEDED, 4, 6)


def test_an_answer_that_leaves_the_ledger_meanwhile_is_paid_for_anew() -> None:
    """A lifecycle rule removes old ones whenever it likes."""
    lab = Lab.make()
    inputs = mixed(lab)
    lab.run(*inputs)

    def expire(name: str, _: tuple[Any, ...]) -> None:
        if name == "download" and threading.current_thread() is threading.main_thread():
            for blob in list(lab.bench.storage.list(LEDGER, "embedding/")):
                lab.bench.storage.delete(blob.ref)

    stop = before_each(lab, expire, "download")
    lab.deliver(*inputs, job_id="second")
    stop()
    lab.again()

    assert (lab.record("second").status, len(lab.model.calls)) == (Status.SUCCEEDED, 6)
