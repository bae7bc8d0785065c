"""`darkroom status` as it is typed: how all jobs stand, how one stands, and what the queues hold."""

import json
from datetime import timedelta

import pytest

from shared.errors import Throttled
from shared.names import OCR_JOBS_POISON, RESULTS, BlobRef
from tests import corpus
from tests.fakes import Bench
from tests.unit.cli.operating import (
    account_of,
    failed_document,
    failed_picture,
    rejected,
    run,
    succeeded_document,
    waiting_document,
)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """An empty account."""
    return account_of(monkeypatch)


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """What was said on stderr, with nothing on stdout."""
    said = capsys.readouterr()
    assert said.out == ""
    return said.err


def test_jobs_are_counted_by_kind_and_state_and_those_to_look_at_are_listed(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole answer, as people see it."""
    succeeded_document(bench)
    failed = failed_document(bench)
    bench.clock.forward(hours=2)
    waits = waiting_document(bench)
    bench.clock.forward(minutes=5)
    bench.storage.send(OCR_JOBS_POISON, "{}")
    bench.clock.forward(seconds=30)

    assert run("status") == 0

    assert (
        told(capsys)
        == f"""\
jobs            running    waiting  succeeded     failed
ocr                   0          1          1          1

failed and unfinished, newest first
waiting    5 min    ocr       {waits}  documents/slow.pdf  1 attempt
           throttled: The model asks for a pause.
failed     2 h      ocr       {failed}  documents/bad.pdf  1 attempt
           refused: The content filter refused it. Leave it out.

queue                             messages      oldest
ocr-jobs                                 1       5 min
ocr-jobs-poison                          1        30 s   ! look: darkroom drain ocr-jobs-poison
image-jobs                               0
image-jobs-poison                        0
embedding-jobs                           0
embedding-jobs-poison                    0
webjobs-blobtrigger-poison               0
job-events                               2         2 h
"""
    )


def test_an_account_without_jobs_says_so(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is an answer."""
    assert run("status") == 0
    assert "No job failed or is unfinished." in told(capsys)


def test_only_the_newest_are_listed_and_all_are_counted(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Ten thousand failures fit on a screen."""
    for number in range(4):
        failed_document(bench, f"{number}.pdf")
        bench.clock.forward(minutes=1)

    assert run("status", "--limit", "2", "--json") == 0

    found = json.loads(capsys.readouterr().out)
    assert [job["source"] for job in found["jobs"]] == ["documents/3.pdf", "documents/2.pdf"]
    assert found["counts"] == {"ocr": {"running": 0, "waiting": 0, "succeeded": 0, "failed": 4}}


def test_programs_get_every_field(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """One object, whose jobs say why and where to look."""
    job_id = failed_picture(bench)
    bench.storage.send(OCR_JOBS_POISON, "{}")
    bench.clock.forward(seconds=7)

    assert run("status", "--json") == 0

    found = json.loads(capsys.readouterr().out)
    assert found["jobs"] == [
        {
            "job_id": job_id,
            "kind": "image",
            "status": "failed",
            "silent": False,
            "source": None,
            "attempts": 1,
            "deferrals": 0,
            "replays": 0,
            "created_at": "2026-11-20T12:00:00+00:00",
            "updated_at": "2026-11-20T12:00:00+00:00",
            "waits_until": None,
            "problem": {
                "code": "refused",
                "message": "The content filter refused it.",
                "remedy": "",
                "retryable": False,
            },
            "record": "results/images/mine/job.json",
        }
    ]
    assert {"queue": OCR_JOBS_POISON, "messages": 1, "oldest_seconds": 7.0} in found["queues"]


def test_rejected_messages_are_a_kind_of_their_own(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """They never were jobs."""
    job_id = rejected(bench)

    assert run("status") == 0

    said = told(capsys)
    assert f"failed     0 s      rejected  {job_id}\n" in said
    assert "invalid_message: The message is not JSON." in said


def test_a_blob_that_is_only_called_like_a_record_is_none(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """A document may be called `job.json` too, and a claim leaves an empty record behind for a moment."""
    failed_document(bench, "job.json")
    bench.storage.write(BlobRef(RESULTS, "ocr/a/job.json"), b"", "application/json")
    bench.storage.write(BlobRef(RESULTS, "ocr/b/job.json"), b"{}", "application/json", metadata={"posted": "0x1"})

    assert run("status", "--json") == 0

    found = json.loads(capsys.readouterr().out)
    assert [job["record"] for job in found["jobs"]] == ["results/ocr/job.json/job.json"]


def test_a_record_that_cannot_be_read_is_listed_all_the_same(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """One damaged record does not hide the others."""
    metadata = {"status": "failed", "job": "broken", "kind": "ocr", "code": "crashed"}
    bench.storage.write(BlobRef(RESULTS, "ocr/a/job.json"), b"{", "application/json", metadata=metadata)

    assert run("status") == 0
    assert "failed     0 s      ocr       broken\n" in told(capsys)
    assert run("status", "broken") == 0
    assert "broken: failed" in told(capsys)


def test_a_job_that_nobody_heard_of_for_an_hour_is_told_to_be_stuck(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its message is lost, and what helps is said."""
    waiting_document(bench)
    bench.clock.forward(minutes=61)

    assert run("status") == 0

    assert "Nothing was heard of it for an hour: its message is lost, and `darkroom replay`" in told(capsys)


def test_a_job_that_was_told_to_come_back_tomorrow_is_not_stuck(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """The day's quota may be spent; the time when it comes back is said."""
    bench.drop("slow.pdf", corpus.text_pdf())
    bench.ocr.faults.append(Throttled("Wait until tomorrow.", after=12 * 3600.0))
    bench.step()
    bench.clock.forward(hours=11)

    assert run("status") == 0
    assert "Nothing was heard" not in told(capsys)
    assert run("status", "slow.pdf") == 0
    assert "  comes back 2026-11-21 00:00 UTC\n" in told(capsys)
    assert run("replay", "slow.pdf") == 1


@pytest.mark.parametrize(
    "name",
    ["{job_id}", "documents/bad.pdf", "bad.pdf", "results/ocr/bad.pdf", "ocr/bad.pdf/", "results/ocr/bad.pdf/job.json"],
)
def test_one_job_is_told_whichever_way_it_is_named(bench: Bench, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By its id, its document, its folder or its record."""
    job_id = failed_document(bench)
    bench.clock.forward(days=1)

    assert run("status", name.format(job_id=job_id)) == 0

    assert (
        told(capsys)
        == f"""\
{job_id}: failed
  refused: The content filter refused it. Leave it out.
  document   documents/bad.pdf, 1 page
  kind       ocr, by mistral-document-ai-2512
  began      2026-11-20 12:00 UTC
  ended      2026-11-20 12:00 UTC
  attempts   1
  parts      1
  record     results/ocr/bad.pdf/job.json
"""
    )


@pytest.mark.parametrize("name", ["mine", "images/mine", "results/images/mine/job.json"])
def test_a_picture_is_found_by_its_id_and_by_its_folder(
    bench: Bench, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its folder is called like a container that documents may lie in."""
    failed_picture(bench)
    assert run("status", name) == 0
    assert told(capsys).startswith("mine: failed\n")


def test_the_record_of_one_job_is_its_json(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """All that is known, and where it lies."""
    job_id = succeeded_document(bench)

    assert run("status", job_id, "--json") == 0

    found = json.loads(capsys.readouterr().out)
    assert found == {**bench.record("good.pdf").model_dump(mode="json"), "record": "results/ocr/good.pdf/job.json"}


def test_documents_that_were_read_under_one_id_are_all_told(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever posts messages may give several the same."""
    for name in ("a.pdf", "b.pdf"):
        bench.storage.write(BlobRef("documents", name), b"%PDF", "application/pdf")
        bench.post(document=f"documents/{name}", job_id="monday")
    bench.run()

    assert run("status", "monday") == 0

    assert told(capsys).count("monday: failed") == 2


@pytest.mark.parametrize("name", ["ocr-0123", "documents/none.pdf", "images/none", "a b"])
def test_a_job_that_is_not_there_is_status_1_with_a_sentence(
    bench: Bench, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script can ask for it."""
    assert run("status", name) == 1
    assert told(capsys).startswith(f"darkroom: There is no job {name}: name it by its job id, by its document such as")


@pytest.mark.parametrize("name", ["documents/../ledger/x", "..", "/x/../../y", "/x", "//", "a\\b", ""])
def test_what_can_be_no_name_is_wrong_use(bench: Bench, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that would leave its folder is never asked for."""
    assert run("status", name) == 2
    assert "names no job" in told(capsys)


def test_names_from_outside_move_no_cursor(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """A record may be written by anybody who can write to the account."""
    failed_document(bench)
    record = bench.record("bad.pdf")
    source = record.source.model_copy(update={"name": "documents/\x1b[2J.pdf"}) if record.source else None
    ref, blob = BlobRef(RESULTS, "ocr/bad.pdf/job.json"), bench.storage.blobs[BlobRef(RESULTS, "ocr/bad.pdf/job.json")]
    content = record.model_copy(update={"source": source}).model_dump_json().encode()
    bench.storage.write(ref, content, "application/json", metadata=blob[0].metadata)
    bench.storage.age(ref, bench.clock.now - timedelta(minutes=1))

    assert run("status") == 0

    assert "\x1b" not in told(capsys)
