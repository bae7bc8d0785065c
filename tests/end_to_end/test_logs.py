"""What the logs and events never say: not a word of a document, message or key, whatever goes wrong."""

import io
import json
import os
import signal
from collections.abc import Mapping
from typing import Any

import pytest
from PIL import Image

from shared.messages import JobRecord
from shared.names import (
    BLOB_POISON,
    EMBEDDING_JOBS,
    EMBEDDING_JOBS_POISON,
    IMAGE_JOBS,
    IMAGE_JOBS_POISON,
    IMAGES,
    JOB_EVENTS,
    OCR_JOBS,
    OCR_JOBS_POISON,
    RESULTS,
    BlobRef,
)
from shared.records import read_record
from tests import corpus
from tests.end_to_end.conftest import Whole

pytestmark = pytest.mark.usefixtures("well_behaved_models")
CANARY = "canary7f3a"
SIGNED = f"https://account.blob.core.windows.net/documents/a.pdf?sv=2026-02-06&sig={CANARY}"
SECRETS = (CANARY, "local-key", "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6")  # the last is Azurite's account key
SCHEMA = json.dumps({"type": "object", "properties": {CANARY: {"type": "string"}}})
PICTURE = {"prompt": f"A lighthouse {CANARY}", "model": "gpt-image-1.5", "size": "1024x1024", "quality": "low"}
VECTORS = {"inputs": [{"text": f"A lighthouse {CANARY}"}], "model": "text-embedding-3-small"}
DEPLOYMENTS = ("mistral-document-ai-2512", PICTURE["model"], VECTORS["model"])

DOCUMENTS = {
    "good.pdf": corpus.text_pdf(pages=2, text=f"{CANARY} in a text layer"),
    "scan.png": corpus.png(f"{CANARY} scanned"),
    "text.pdf": f"{CANARY} in plain text".encode(),
    "cut.pdf": corpus.text_pdf(pages=2, text=CANARY)[:-300],
    "cut.png": corpus.png(CANARY)[:-200],
}
PICTURES: dict[str, dict[str, Any]] = {
    "made": PICTURE,
    "streamed": {**PICTURE, "stream": True},
    "edited": {**PICTURE, "operation": "edit", "images": ["images/logs.png"]},
    "refused": {**PICTURE, "prompt": f"[[refuse:content_policy_violation]] {CANARY}"},
    "refused-late": {**PICTURE, "prompt": f"[[refuse-output]] {CANARY}"},
    "invalid": {**PICTURE, "quality": CANARY},
    "absent": {**PICTURE, "operation": "edit", "images": ["images/absent.png"], "user": CANARY},
}
REFUSED = {
    OCR_JOBS: [
        f'{{"document": "documents/a.pdf", "{CANARY}": 1}}',
        f"{CANARY} is no JSON",
        json.dumps({"document": SIGNED}),
    ],
    IMAGE_JOBS: [
        json.dumps({**PICTURE, "operation": "edit", "images": [SIGNED]}),
        json.dumps({**PICTURE, "n": SIGNED}),
    ],
    EMBEDDING_JOBS: [json.dumps({"inputs": [{"image": SIGNED}], CANARY: f"AccountKey={CANARY}"})],
    OCR_JOBS_POISON: [f"{CANARY} was no JSON", json.dumps({"document": "documents/a.pdf", "part": CANARY})],
    IMAGE_JOBS_POISON: [json.dumps({"prompt": CANARY, "mask": SIGNED})],
    EMBEDDING_JOBS_POISON: [json.dumps({"inputs": CANARY})],
    BLOB_POISON: [json.dumps({"ContainerName": CANARY, "BlobName": SIGNED})],
}


def test_no_log_line_and_no_event_holds_a_word_of_a_document_a_message_or_a_key(whole: Whole) -> None:
    """Canaries in good and bad documents, prompts, texts, metadata, schemas, signed addresses and poison, while workers
    die and models fail in every way.
    """
    give_a_picture(whole)
    lose_a_worker(whole)
    let_models_fail(whole)
    etags = {name: whole.drop(f"logs/{name}", data, annotation_schema=SCHEMA) for name, data in DOCUMENTS.items()}
    whole.drop("logs/metadata.pdf", DOCUMENTS["good.pdf"], pages=CANARY, model=CANARY, note=SIGNED)
    for name, message in PICTURES.items():
        whole.storage.send(IMAGE_JOBS, json.dumps({**message, "job_id": f"logs-{name}"}))
    whole.storage.send(EMBEDDING_JOBS, json.dumps({**VECTORS, "job_id": "logs-vectors"}))
    whole.storage.send(IMAGE_JOBS_POISON, json.dumps({**PICTURE, "job_id": "logs-poisoned"}))
    before = rejected(whole)
    for queue, messages in REFUSED.items():
        for text in messages:
            whole.storage.send(queue, text)

    for name, etag in etags.items():
        whole.finished(f"logs/{name}", etag)
    whole.finished("logs/metadata.pdf")
    codes = {name: code(finished(whole, f"images/logs-{name}")) for name in (*PICTURES, "killed", "poisoned")}
    finished(whole, "embeddings/logs-vectors")
    whole.until(lambda: rejected(whole) - before >= sum(map(len, REFUSED.values())) or None)
    lock_out(whole)

    assert CANARY in whole.result("logs/good.pdf", "document.md")
    assert (codes["refused"], codes["refused-late"], codes["poisoned"]) == ("refused", "refused", "crashed")
    assert_silent(whole)


def give_a_picture(whole: Whole) -> None:
    """Write a picture that can be edited, described inside of its file."""
    exif = Image.Exif()
    exif[0x010E] = CANARY
    buffer = io.BytesIO()
    Image.new("RGB", (1024, 1024), "white").save(buffer, "PNG", exif=exif)
    whole.storage.write(BlobRef(IMAGES, "logs.png"), buffer.getvalue(), "image/png")


def lose_a_worker(whole: Whole) -> None:
    """Kill the worker in the middle of a call; the job ends all the same, later."""
    whole.emulator("POST", "faults", {"kind": "slow", "seconds": 2, "times": 1})
    whole.storage.send(IMAGE_JOBS, json.dumps({**PICTURE, "job_id": "logs-killed"}))
    whole.until(lambda: read_record(whole.storage, "images/logs-killed"))
    os.kill(whole.worker(), signal.SIGKILL)


def let_models_fail(whole: Whole) -> None:
    """Let each way to fail strike each kind of model once."""
    faults: list[Mapping[str, Any]] = [
        {"kind": "null"},
        {"kind": "cut", "bytes": 50},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 429, "after_seconds": 1},
        {"kind": "reset"},
    ]
    for deployment in DEPLOYMENTS:
        for fault in faults:
            whole.emulator("POST", "faults", {**fault, "deployment": deployment})


def lock_out(whole: Whole) -> None:
    """Let a key be refused, then read a newer version: the older job would wait for minutes."""
    whole.emulator("POST", "reset")
    whole.emulator("POST", "faults", {"kind": "status", "status": 401})
    whole.drop("logs/locked.pdf", DOCUMENTS["good.pdf"])
    whole.until(lambda: code(read_record(whole.storage, "ocr/logs/locked.pdf")) == "unauthorised" or None)
    whole.finished("logs/locked.pdf", whole.drop("logs/locked.pdf", DOCUMENTS["good.pdf"]))


def assert_silent(whole: Whole) -> None:
    """Read every line that the host, its workers, the models and the storage wrote, and every event."""
    logs = {path.name: path.read_text(errors="replace") for path in whole.logs.glob("*.log")}
    assert {"host.log", "models.log", "azurite.log"} <= logs.keys()
    assert "job ended" in logs["host.log"]
    events = [message.body.decode() for message in whole.storage.queue(JOB_EVENTS).take(seconds=5)]
    assert any('"logs-killed"' in event for event in events)
    for name, text in {**logs, JOB_EVENTS: "\n".join(events)}.items():
        for secret in SECRETS:
            found = [line for line in text.splitlines() if secret in line]
            assert not found, (name, found[:3])


def rejected(whole: Whole) -> int:
    """How many messages were refused."""
    return sum(1 for _ in whole.storage.list(RESULTS, "rejected/"))


def finished(whole: Whole, folder: str) -> JobRecord:
    """The record of a job, once it has ended."""

    def ended() -> JobRecord | None:
        record = read_record(whole.storage, folder)
        return record if record is not None and record.final and record.announced else None

    return whole.until(ended)


def code(record: JobRecord | None) -> str:
    """Why a job failed or waits."""
    return record.problem.code if record is not None and record.problem else ""
