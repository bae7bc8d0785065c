"""What whoever runs Darkroom does: see what failed and why, put it back, and empty a queue by hand."""

import json
from pathlib import Path

import pytest

from shared.messages import JobRecord, Status
from shared.names import (
    BLOB_POISON,
    EMBEDDING_JOBS_POISON,
    IMAGE_JOBS_POISON,
    OCR_JOBS_POISON,
    RESULTS,
    BlobRef,
    embedding_folder,
    image_folder,
    record_of,
    rejected_folder,
)
from shared.records import read_record
from tests import corpus
from tests.end_to_end.conftest import Whole
from tests.end_to_end.test_cli_drop import darkroom

POISON_QUEUES = (OCR_JOBS_POISON, IMAGE_JOBS_POISON, EMBEDDING_JOBS_POISON, BLOB_POISON)
ODD = [
    b"",
    b"\x00",
    b"\xff\xfe\x00",
    b"null",
    b"[1]",
    b"{}",
    b"x" * 48 * 1024,
    b"\xf0" * 48 * 1024,
    b"[" * 20_000,
    b'{"a":' * 8_000,
    b'\xef\xbb\xbf{"prompt": 1}',
    b'{"prompt": "\\ud800"}',
    b'{"document": "documents/\\u0000"}',
    b'{"id": 1, "dequeueCount": "many"}',
    b'{"ContainerName": ["documents"], "BlobName": {}}',
    '{"prompt": 1}'.encode("utf-16"),
]


@pytest.fixture
def state(whole: Whole, well_behaved_models: None) -> Path:
    """The state folder of the stack that runs."""
    return whole.logs.parent


def ended(whole: Whole, folder: str) -> JobRecord:
    """The record of a job, once it has ended and told of it."""

    def found() -> JobRecord | None:
        record = read_record(whole.storage, folder)
        return record if record is not None and record.final and record.announced else None

    return whole.until(found)


def test_whatever_lies_in_a_poison_queue_becomes_a_record_and_leaves_it(whole: Whole) -> None:
    """A poison function that raises leaves its message there for good."""
    for queue in POISON_QUEUES:
        for body in ODD:
            whole.storage.send(queue, body)

    whole.until(lambda: True if all(whole.storage.depth(queue) == 0 for queue in POISON_QUEUES) else None)

    records = [blob for blob in whole.storage.list(RESULTS, "rejected/") if blob.metadata.get("status") == "failed"]
    assert len(records) >= len(ODD)
    assert not {"", None} & {blob.metadata.get("code") for blob in records}


def test_a_picture_that_crashed_is_seen_and_put_back_and_made(whole: Whole, state: Path) -> None:
    """The reason is shown, one command brings it back, and a second one finds nothing to do."""
    whole.storage.send(IMAGE_JOBS_POISON, json.dumps({"prompt": "A lighthouse", "job_id": "crashed-once"}))
    assert ended(whole, image_folder("crashed-once")).status is Status.FAILED

    shown = darkroom("status", "--limit", "100", "--state", state)
    one = darkroom("status", "crashed-once", "--state", state)
    tried = darkroom("replay", "crashed-once", "--dry-run", "--state", state)
    back = darkroom("replay", "crashed-once", "--state", state)

    assert (shown.returncode, one.returncode, tried.returncode) == (0, 0, 0), shown.stderr
    assert "crashed: Each of 5 attempts ended without a result" in shown.stderr
    assert "crashed-once: failed" in one.stderr
    assert tried.stdout == ""
    assert (back.returncode, back.stdout) == (0, "crashed-once\n"), back.stderr
    folder = image_folder("crashed-once")
    assert whole.until(lambda: True if ended(whole, folder).status is Status.SUCCEEDED else None)
    assert whole.storage.find(BlobRef(RESULTS, f"{folder}/1.png")) is not None
    again = darkroom("replay", "crashed-once", "--state", state)
    assert (again.returncode, again.stdout) == (1, "")
    assert "left              crashed-once: it succeeded\n" in again.stderr


def test_vectors_that_crashed_are_put_back_and_computed(whole: Whole, state: Path) -> None:
    """With every other failure of their kind, by one command."""
    message = {"inputs": [{"text": "A lighthouse"}], "job_id": "words-crashed-once"}
    whole.storage.send(EMBEDDING_JOBS_POISON, json.dumps(message))
    folder = embedding_folder("words-crashed-once")
    assert ended(whole, folder).status is Status.FAILED

    back = darkroom("replay", "--failed", "--kind", "embedding", "--code", "crashed", "--state", state)

    assert "words-crashed-once\n" in back.stdout, back.stderr
    assert whole.until(lambda: True if ended(whole, folder).status is Status.SUCCEEDED else None)
    assert whole.storage.find(BlobRef(RESULTS, f"{folder}/vectors.jsonl")) is not None


def test_a_document_that_crashed_is_put_back_by_its_name_and_read(whole: Whole, state: Path) -> None:
    """It is found by the document, and the replay reads what lies there."""
    whole.storage.write(BlobRef("images", "operator/crashed.pdf"), corpus.text_pdf(), "application/pdf")
    whole.storage.send(OCR_JOBS_POISON, json.dumps({"document": "images/operator/crashed.pdf"}))
    folder = "ocr-images/operator/crashed.pdf"
    assert ended(whole, folder).status is Status.FAILED

    back = darkroom("replay", "images/operator/crashed.pdf", "--json", "--state", state)

    told = json.loads(back.stdout)
    assert (back.returncode, told["outcome"]) == (0, "put back"), back.stderr
    assert told["why"].startswith("crashed: Each of 5 attempts")
    record = whole.until(lambda: found if (found := ended(whole, folder)).replays == 1 else None)
    assert (record.status, record.job_id) == (Status.SUCCEEDED, told["job_id"])
    found = whole.storage.find(record_of(folder))
    assert found is not None
    assert found.metadata["job"] == told["job_id"]


def test_a_rejected_message_is_shown_and_not_put_back(whole: Whole, state: Path) -> None:
    """It never was a job, and would be rejected again."""
    whole.post('{"document": "documents/a.pdf", "paegs": "operator"}')

    def found() -> str | None:
        blobs = whole.storage.list(RESULTS, rejected_folder(""))
        texts = {blob.metadata.get("job"): whole.storage.read(blob.ref) or b"" for blob in blobs}
        return next((job for job, text in texts.items() if job and b"paegs" in text and b"operator" in text), None)

    job_id = whole.until(found)
    ended(whole, rejected_folder(job_id))
    left = darkroom("replay", job_id, "--state", state)

    assert (left.returncode, left.stdout) == (1, "")
    assert f"left              {job_id}: its message cannot be used; post a right one instead\n" in left.stderr


def test_a_queue_is_looked_into_and_emptied_into_files(whole: Whole, state: Path, tmp_path: Path) -> None:
    """Looking changes nothing; what leaves the queue is on the disk."""
    queue = "operator-poison"  # no function takes from it
    whole.storage.prepare((), (queue,))
    bodies = {b"\xff\x00", *(b'{"job_id": "job-%d"}' % number for number in range(40))}
    for body in bodies:
        whole.storage.send(queue, body)

    seen = darkroom("drain", queue, "--json", "--state", state)
    refused = darkroom("drain", queue, "--delete", "--state", state)
    saved = darkroom("drain", queue, "--save", tmp_path, "--state", state)

    assert len(seen.stdout.splitlines()) == 32
    assert (refused.returncode, seen.returncode, saved.returncode) == (1, 0, 0), saved.stderr
    assert {Path(line).read_bytes() for line in saved.stdout.splitlines()} == bodies
    assert saved.stderr.endswith("41 taken out of operator-poison.\n")
    assert whole.storage.depth(queue) == 0
