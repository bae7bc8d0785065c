"""What the doctor says of one document that was dropped."""

import pytest
from azure.core.exceptions import ServiceRequestError

from cli.doctor.document import document_finding
from cli.doctor.findings import Finding, Verdict
from shared.errors import Throttled
from shared.names import DOCUMENTS, OCR_JOBS, BlobRef
from tests import corpus
from tests.fakes import Bench

REF = BlobRef(DOCUMENTS, "a.pdf")


@pytest.fixture
def bench() -> Bench:
    """A process with fakes all around."""
    return Bench.make()


def found(bench: Bench) -> Finding:
    """What is said now."""
    return document_finding(bench.storage, REF, bench.clock())


def dropped(bench: Bench, name: str = "a.pdf", data: bytes | None = None) -> None:
    """A document is there, and no event of it came."""
    bench.storage.write(BlobRef(DOCUMENTS, name), data or corpus.text_pdf(), "application/pdf")


def test_a_document_that_is_not_there(bench: Bench) -> None:
    """Somebody typed another name."""
    assert (found(bench).verdict, found(bench).what) == (Verdict.WRONG, "There is no such document.")


def test_a_document_of_a_moment_ago_is_not_judged(bench: Bench) -> None:
    """Events take seconds."""
    dropped(bench)

    assert found(bench).verdict is Verdict.UNKNOWN
    assert found(bench).remedy == "It was dropped a moment ago: look again in a minute."


@pytest.mark.parametrize(
    ("minutes", "remedy"), [(5, "Its event was lost or is late"), (30, "The sweep did not post it")]
)
def test_a_document_without_a_record_and_without_messages_is_wrong(bench: Bench, minutes: int, remedy: str) -> None:
    """Its event was lost; later on, the sweep does not work either."""
    dropped(bench)
    bench.clock.forward(minutes=minutes)

    assert found(bench).verdict is Verdict.WRONG
    assert found(bench).what == "It is there, and has no record; messages in ocr-jobs: 0."
    assert found(bench).remedy.startswith(remedy)


def test_a_document_may_wait_in_a_long_queue(bench: Bench) -> None:
    """Ten thousand were dropped at once."""
    dropped(bench)
    bench.storage.send(OCR_JOBS, "{}")
    bench.clock.forward(minutes=5)

    assert found(bench).verdict is Verdict.UNKNOWN
    assert "messages in ocr-jobs: 1" in found(bench).what


def test_a_document_that_was_read(bench: Bench) -> None:
    """It says where the results are."""
    bench.drop("a.pdf", corpus.text_pdf())
    bench.run()

    assert found(bench).verdict is Verdict.RIGHT
    assert found(bench).what.startswith("It is read; the results are beside results/ocr/a.pdf/job.json (job ocr-")


def test_a_record_of_an_older_version_is_none(bench: Bench) -> None:
    """The file was dropped again, and nothing happened."""
    bench.drop("a.pdf", corpus.text_pdf())
    bench.run()
    dropped(bench, data=corpus.text_pdf(pages=2))
    bench.clock.forward(minutes=5)

    assert found(bench).verdict is Verdict.WRONG
    assert "has no record but that of an older version" in found(bench).what


def test_a_document_that_failed_is_told_with_its_reason(bench: Bench) -> None:
    """The record knows."""
    bench.drop("a.pdf", corpus.truncated_pdf())
    bench.run()

    assert found(bench).verdict is Verdict.WRONG
    assert found(bench).what.startswith("It failed with damaged: ")


def test_a_document_that_waits_is_told_with_what_for(bench: Bench) -> None:
    """A throttled model is no fault, but worth telling."""
    bench.ocr.faults = [Throttled("The deployment asks for a pause.", after=60)]
    bench.drop("a.pdf", corpus.text_pdf())
    bench.step()

    assert found(bench).verdict is Verdict.UNKNOWN
    assert found(bench).what.startswith("It waits because of throttled: The deployment asks for a pause.")


def test_a_job_of_which_nothing_was_heard_is_wrong(bench: Bench) -> None:
    """Its message is lost."""
    bench.ocr.faults = [Throttled("The deployment asks for a pause.", after=60)]
    bench.drop("a.pdf", corpus.text_pdf())
    bench.step()
    bench.clock.forward(hours=2)

    assert (found(bench).verdict, found(bench).remedy) == (Verdict.WRONG, "The sweep posts it again.")


def test_a_storage_that_does_not_answer_leaves_it_unknown(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another line tells of the storage."""

    def broken(ref: BlobRef) -> None:
        raise ServiceRequestError("no way")

    monkeypatch.setattr(bench.storage, "find", broken)

    assert found(bench) == Finding(
        "documents/a.pdf", Verdict.UNKNOWN, "It cannot be looked at (ServiceRequestError).", "Mend the storage first."
    )


def test_a_document_that_waits_for_tomorrow_is_not_lost(bench: Bench) -> None:
    """Its record says when it comes back, and until an hour after that nothing is to be heard."""
    bench.drop("a.pdf", corpus.text_pdf())
    bench.ocr.faults.append(Throttled("The day is spent.", after=12 * 3600.0))
    bench.step()

    bench.clock.forward(hours=11)
    waits = found(bench)
    bench.clock.forward(hours=3)
    lost = found(bench)

    assert (waits.verdict, lost.verdict) == (Verdict.UNKNOWN, Verdict.WRONG)
    assert waits.what.startswith("It waits because of throttled: The day is spent.")
