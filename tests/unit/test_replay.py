"""A failed document is tried anew by a message that counts one replay more, and by no other."""

import json
from typing import Any

import pytest

from shared import ocr_jobs
from shared.errors import Refused, Throttled
from shared.messages import Problem, Status
from shared.names import OCR_JOBS, BlobRef
from tests import corpus
from tests.fakes import Bench

LONG = 65  # pages, which are three parts


def failed(pages: int = 1, part: int = 1) -> Bench:
    """A bench whose document failed because this part of it was refused, with nothing left in the queue."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf(pages=pages))
    for _ in range(part if pages > 1 else 0):
        bench.step()
    bench.ocr.faults.append(Refused("The content filter refused it."))
    bench.run()
    assert bench.record("a.pdf").status is Status.FAILED
    return bench


def replay(bench: Bench, replays: int = 1) -> None:
    """Post what `darkroom replay` posts."""
    message = json.loads(bench.record("a.pdf").message or "")
    bench.post(**message, replays=replays)


def problem(bench: Bench) -> Problem:
    """Why the document's job failed or waits."""
    found = bench.record("a.pdf").problem
    assert found is not None
    return found


def test_a_replayed_document_ends_well_and_tells_of_it_again() -> None:
    """Whoever listens heard that it failed, and hears that it succeeded."""
    bench = failed()
    before = bench.record("a.pdf")

    replay(bench)
    bench.run()

    after = bench.record("a.pdf")
    assert (after.status, after.replays, after.problem, after.announced) == (Status.SUCCEEDED, 1, None, True)
    assert (after.job_id, after.fingerprint, after.message) == (before.job_id, before.fingerprint, before.message)
    assert [event.status for event in bench.events()] == [Status.FAILED, Status.SUCCEEDED]


def test_a_second_delivery_of_the_replay_does_nothing() -> None:
    """A queue may deliver it twice, and two people may replay the same failure."""
    bench = failed()
    replay(bench)
    replay(bench)
    bench.ocr.faults.append(Refused("Still refused."))

    bench.run()

    assert (bench.record("a.pdf").status, bench.record("a.pdf").replays) == (Status.FAILED, 1)
    assert [event.status for event in bench.events()] == [Status.FAILED, Status.FAILED]
    assert bench.ocr.calls == []


@pytest.mark.parametrize("replays", [0, 1, 7])
def test_a_succeeded_document_is_not_tried_again(replays: int) -> None:
    """Its results are there, whatever a message counts."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    bench.run()
    before = bench.record("a.pdf")

    replay(bench, replays)
    bench.run()

    assert (bench.record("a.pdf"), len(bench.events()), len(bench.ocr.calls)) == (before, 1, 1)


def test_what_is_paid_is_not_paid_again_and_parts_are_read_side_by_side() -> None:
    """One of three parts was refused; after the replay the other two are still in the ledger."""
    bench = failed(LONG, part=3)
    assert len(bench.ocr.calls) == 2

    replay(bench)
    bench.run()

    assert (bench.record("a.pdf").status, len(bench.ocr.calls)) == (Status.SUCCEEDED, 3)
    assert len(json.loads(bench.result("ocr/a.pdf/document.json"))["pages"]) == LONG


def test_the_time_to_live_starts_again() -> None:
    """A job that gave up after a day has another day."""
    bench = Bench.make(job_hours=24)
    bench.drop("a.pdf", corpus.text_pdf())
    bench.ocr.faults += [Throttled("wait", after=1.0)]
    bench.step()
    bench.clock.forward(hours=25)
    bench.run()
    assert problem(bench).code == "gave_up"

    replay(bench)
    bench.ocr.faults += [Throttled("wait", after=1.0)]
    bench.step()
    bench.clock.forward(hours=23)
    bench.run()

    assert (bench.record("a.pdf").status, bench.record("a.pdf").deferrals) == (Status.SUCCEEDED, 1)


def test_a_replayed_job_that_waits_comes_back_as_the_same_replay() -> None:
    """Its message keeps its count, and its record says meanwhile what it waits for."""
    bench = failed()
    replay(bench)
    bench.ocr.faults += [Throttled("wait", after=1.0)] * 2

    bench.step()
    bench.step()

    [back] = bench.storage.queues[OCR_JOBS]
    assert json.loads(back.text)["replays"] == 1
    assert (bench.record("a.pdf").status, problem(bench).code) == (Status.WAITING, "throttled")
    bench.run()
    assert bench.record("a.pdf").status is Status.SUCCEEDED


def test_the_old_reason_stays_until_the_replay_ends() -> None:
    """Whoever looks while it runs still sees why it was replayed."""
    bench = failed(LONG)
    replay(bench)

    bench.step()

    assert (bench.record("a.pdf").status, problem(bench).code) == (Status.RUNNING, "refused")


@pytest.mark.parametrize("deliver", [ocr_jobs.buried, lambda services, body: ocr_jobs.ocr_message(services, body, 5)])
def test_a_part_that_the_failed_run_left_behind_does_the_replay_no_harm(deliver: Any) -> None:
    """It may come back ten minutes later, or end in the poison queue: the replay goes on."""
    bench = failed(LONG, part=2)
    bench.storage.queues[OCR_JOBS].clear()
    replay(bench)
    bench.step()
    during = bench.record("a.pdf")

    bench.ocr.faults.append(Refused("Refused again."))
    deliver(bench.services, json.dumps({"document": "documents/a.pdf", "job_id": during.job_id, "part": 3}).encode())

    assert bench.record("a.pdf") == during
    assert len(bench.ocr.faults) == 1, "the model was asked"
    bench.ocr.faults.clear()
    bench.run()
    assert bench.record("a.pdf").status is Status.SUCCEEDED


def test_a_message_of_the_failed_run_that_is_buried_late_does_the_replay_no_harm() -> None:
    """The poison queue may be slow."""
    bench = failed(LONG)
    bench.storage.queues[OCR_JOBS].clear()
    replay(bench)
    bench.step()
    during = bench.record("a.pdf")

    ocr_jobs.buried(bench.services, (during.message or "").encode())

    assert bench.record("a.pdf") == during


def test_a_replay_that_kills_its_workers_ends_as_crashed() -> None:
    """It ends in a record and an event as the first run did, though no worker lived to begin it."""
    bench = failed()
    replay(bench)

    ocr_jobs.buried(bench.services, bench.storage.queues[OCR_JOBS].pop().text.encode())

    record = bench.record("a.pdf")
    assert (record.status, problem(bench).code, record.replays) == (Status.FAILED, "crashed", 1)
    assert [event.code for event in bench.events()] == ["refused", "crashed"]


def test_results_of_an_earlier_job_outlive_a_replay_that_fails() -> None:
    """What was good before is still good."""
    bench = Bench.make()
    bench.drop("a.pdf", corpus.text_pdf())
    bench.run()
    bench.post(document="documents/a.pdf", pages="9")
    bench.run()

    replay(bench)
    bench.run()

    assert bench.record("a.pdf").status is Status.FAILED
    assert "document.md" in bench.results("ocr/a.pdf")
    assert "document.md" in bench.record("a.pdf").outputs


def test_a_document_that_came_after_its_message_is_read_by_a_replay() -> None:
    """The job failed because there was nothing to read yet."""
    bench = Bench.make()
    bench.post(document="documents/a.pdf", pages="1")
    bench.run()
    assert problem(bench).code == "document_missing"
    bench.storage.write(BlobRef("documents", "a.pdf"), corpus.text_pdf(pages=2), "application/pdf")

    replay(bench)
    bench.run()

    assert (bench.record("a.pdf").status, bench.record("a.pdf").options["pages"]) == (Status.SUCCEEDED, "1")


def test_a_record_can_be_listed_without_being_read() -> None:
    """Its metadata says which job it is, of what kind, how it stands and why it failed, in ASCII."""
    bench = failed()

    metadata = bench.storage.blobs[BlobRef("results", "ocr/a.pdf/job.json")][0].metadata

    record = bench.record("a.pdf")
    assert metadata == {
        "status": "failed",
        "source_etag": (record.source.etag or "").strip('"') if record.source else None,
        "job": record.job_id,
        "kind": "ocr",
        "code": "refused",
        "waits_until": "",
    }
