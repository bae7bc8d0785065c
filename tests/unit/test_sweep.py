"""The sweep: what is lost is found and posted once; what is not is left alone."""

import json
from datetime import timedelta

import pytest

from shared import ocr_jobs
from shared.messages import Status
from shared.names import BlobRef, record_of
from shared.storage import Blob, LeaseHeldError
from shared.sweep import sweep
from tests import corpus
from tests.fakes import Bench


def store(bench: Bench, *names: str, pages: int = 1) -> None:
    """Write documents of which no event tells."""
    for name in names:
        bench.storage.write(BlobRef("documents", name), corpus.text_pdf(pages=pages), "application/pdf")


def posted(bench: Bench) -> list[str]:
    """The documents of which messages tell, in name order."""
    return sorted(json.loads(message.text)["document"] for message in bench.storage.queues.get("ocr-jobs", []))


def test_the_sweep_finds_documents_whose_event_was_lost_and_nothing_else() -> None:
    """No record of this version, and older than ten minutes."""
    bench = Bench.make()
    bench.drop("done.pdf", corpus.text_pdf())
    bench.drop("changed.pdf", corpus.text_pdf())
    bench.run()
    store(bench, "lost.pdf", "fresh.pdf")
    store(bench, "changed.pdf", pages=2)
    bench.clock.forward(minutes=11)
    bench.storage.age(BlobRef("documents", "fresh.pdf"), bench.clock.now - timedelta(minutes=1))

    assert sweep(bench.services) == 2

    assert posted(bench) == ["documents/changed.pdf", "documents/lost.pdf"]
    bench.run()
    assert [bench.record(name).status for name in ("changed.pdf", "lost.pdf")] == [Status.SUCCEEDED] * 2
    assert sweep(bench.services) == 0


def test_a_job_whose_messages_are_lost_is_found_and_ends() -> None:
    """Silent for more than an hour, and its document still there."""
    bench = Bench.make()
    bench.drop("long.pdf", corpus.text_pdf(pages=65))
    bench.step()
    bench.storage.queues["ocr-jobs"].clear()
    bench.clock.forward(minutes=30)
    assert sweep(bench.services) == 0
    bench.clock.forward(minutes=40)
    assert sweep(bench.services) == 1
    bench.run()
    assert bench.record("long.pdf").status is Status.SUCCEEDED
    assert len(bench.events()) == 1


def test_the_sweep_waits_while_messages_wait() -> None:
    """A backlog of hours is not posted a second time."""
    bench = Bench.make()
    bench.drop("waiting.pdf", corpus.text_pdf())
    bench.clock.forward(minutes=20)
    assert sweep(bench.services) == 0
    bench.clock.forward(hours=6)
    assert sweep(bench.services) == 1


def test_an_odd_name_does_not_stop_the_sweep_or_the_door() -> None:
    """It is rejected once, by its event; documents behind it are swept all the same."""
    bench = Bench.make()
    store(bench, "a\nb.pdf", "a\\b.pdf", "c.pdf")
    ocr_jobs.document_dropped(bench.services, BlobRef("documents", "a\nb.pdf"))
    assert [event.code for event in bench.events()] == ["invalid_name"]
    bench.clock.forward(minutes=20)
    assert sweep(bench.services) == 1


def test_what_was_posted_is_not_posted_again_while_its_message_waits() -> None:
    """Every quarter of an hour another message for the same document would double a backlog again and again."""
    bench = Bench.make()
    store(bench, "lost.pdf")
    bench.clock.forward(hours=7)
    counts = []

    for _ in range(24 * 4):
        counts.append(sweep(bench.services))
        bench.clock.forward(minutes=15)

    assert counts == [1] + [0] * 95
    assert sweep(bench.services) == 1


def test_a_new_version_is_posted_though_the_old_one_was() -> None:
    """The note on the record is about one version."""
    bench = Bench.make()
    store(bench, "lost.pdf")
    bench.clock.forward(minutes=11)
    assert sweep(bench.services) == 1
    bench.storage.queues["ocr-jobs"].clear()
    store(bench, "lost.pdf", pages=2)
    bench.clock.forward(minutes=11)
    assert sweep(bench.services) == 1


def test_a_record_keeps_what_it_says_when_it_is_noted_on() -> None:
    """The status of an unfinished job and its version ride in the same metadata."""
    bench = Bench.make()
    bench.drop("long.pdf", corpus.text_pdf(pages=65))
    bench.step()
    bench.storage.queues["ocr-jobs"].clear()
    before, content = bench.storage.blobs[record_of("ocr/long.pdf")]
    bench.clock.forward(minutes=70)

    sweep(bench.services)

    after, same = bench.storage.blobs[record_of("ocr/long.pdf")]
    assert same == content
    assert after.metadata == {**before.metadata, "posted": before.metadata["source_etag"]}


def test_a_document_that_somebody_works_on_is_left_to_them() -> None:
    """Its record is leased: the first delivery of its message, however late, is under way."""
    bench = Bench.make()
    store(bench, "lost.pdf")
    bench.storage.create(record_of("ocr/lost.pdf"), b"", "application/json")
    lease = bench.storage.lease(record_of("ocr/lost.pdf"))
    bench.clock.forward(minutes=11)
    assert sweep(bench.services) == 0
    lease.release()
    assert sweep(bench.services) == 1


def test_a_record_that_changes_while_it_is_looked_at_is_no_lost_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its job began in between."""
    bench = Bench.make()
    store(bench, "lost.pdf")
    bench.clock.forward(minutes=11)
    record = record_of("ocr/lost.pdf")
    bench.storage.create(record, b"", "application/json")
    seen = bench.storage.blobs[record][0]
    bench.storage.write(record, b"{}", "application/json")
    monkeypatch.setattr(bench.storage, "find", lambda ref: seen if ref == record else None)

    assert sweep(bench.services) == 0


def test_two_sweeps_at_once_are_one() -> None:
    """A second worker's timer, or a run that overlaps the one before, does nothing."""
    bench = Bench.make()
    store(bench, "lost.pdf")
    bench.clock.forward(minutes=11)
    other = BlobRef("ledger", "sweep.json")
    bench.storage.create(other, b"", "application/json")
    lease = bench.storage.lease(other)
    assert sweep(bench.services) == 0
    lease.release()
    assert sweep(bench.services) == 1


def test_a_worker_that_lost_its_sweep_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another has taken over; the state is its."""
    bench = Bench.make()
    state = BlobRef("ledger", "sweep.json")
    pages = bench.storage.pages

    def meanwhile(container: str, marker: str | None) -> object:
        bench.storage.leases[state] = 0
        return pages(container, marker)

    monkeypatch.setattr(bench.storage, "pages", meanwhile)
    with pytest.raises(LeaseHeldError):
        sweep(bench.services)


def test_the_sweep_changes_nothing_but_notes_messages_and_its_own_state() -> None:
    """Documents, results and paid answers are as they were."""
    bench = Bench.make()
    for name in ("a.pdf", "b.pdf"):
        bench.drop(name, corpus.text_pdf())
    bench.run()
    store(bench, "lost.pdf")
    bench.clock.forward(days=1)
    before: dict[BlobRef, tuple[Blob, bytes]] = dict(bench.storage.blobs)

    assert sweep(bench.services) == 1

    changed = {ref for ref, kept in bench.storage.blobs.items() if before.get(ref) != kept}
    assert changed == {record_of("ocr/lost.pdf"), BlobRef("ledger", "sweep.json")}
    assert before.keys() <= bench.storage.blobs.keys()
    assert set(bench.storage.queues) == {"ocr-jobs", "job-events"}
    assert len(bench.events()) == 2


def test_a_message_that_was_posted_and_is_lost_is_posted_again_an_hour_later() -> None:
    """The queue is empty, so it is not waiting in there; its worker died between the note and the message, say."""
    bench = Bench.make()
    store(bench, "lost.pdf")
    bench.clock.forward(minutes=11)
    assert sweep(bench.services) == 1
    bench.storage.queues["ocr-jobs"].clear()

    bench.clock.forward(minutes=55)
    assert sweep(bench.services) == 0
    bench.clock.forward(minutes=10)
    assert sweep(bench.services) == 1


@pytest.mark.parametrize("until", ["tomorrow", "2026-11-20T12:00:00"])
def test_a_record_with_odd_metadata_does_not_stop_the_sweep(until: str) -> None:
    """No time, or one without a zone: whoever may write to the account can write it."""
    bench = Bench.make()
    store(bench, "lost.pdf", "odd.pdf")
    version = bench.storage.blobs[BlobRef("documents", "odd.pdf")][0].etag.strip('"')
    told = {"status": "waiting", "source_etag": version, "waits_until": until}
    bench.storage.write(record_of("ocr/odd.pdf"), b"{}", "application/json", metadata=told)
    bench.clock.forward(minutes=70)

    assert sweep(bench.services) == 2
