"""What the logs never say: not a word of a document, message, key or token, whatever goes wrong."""

import json

import pytest

from shared.names import RESULTS
from tests import corpus
from tests.end_to_end.conftest import Whole

pytestmark = pytest.mark.usefixtures("well_behaved_models")
CANARY = "canary7f3a"


def test_no_log_line_holds_a_word_of_a_document_a_message_or_a_key(whole: Whole) -> None:
    """Canaries in a good document, in bad ones, in metadata, in messages, through faults of the model."""
    for kind in ("null", "cut", "status"):
        whole.emulator("POST", "faults", {"kind": kind, "status": 500, "bytes": 50, "times": 1})
    documents = {
        "good.pdf": corpus.text_pdf(pages=2, text=f"{CANARY} in a text layer"),
        "scan.png": corpus.png(f"{CANARY} scanned"),
        "text.pdf": f"{CANARY} in plain text".encode(),
        "cut.pdf": corpus.text_pdf(pages=2, text=CANARY)[:-300],
        "cut.png": corpus.png(CANARY)[:-200],
    }
    schema = json.dumps({"type": "object", "properties": {CANARY: {"type": "string"}}})
    etags = {name: whole.drop(f"logs/{name}", data, annotation_schema=schema) for name, data in documents.items()}
    whole.drop("logs/metadata.pdf", documents["good.pdf"], pages=CANARY, model=CANARY)
    whole.post(f'{{"document": "documents/{CANARY}.pdf", "{CANARY}": 1}}')
    whole.post(f"{CANARY} is no JSON")
    for name, etag in etags.items():
        whole.finished(f"logs/{name}", etag)
    whole.finished("logs/metadata.pdf")
    whole.until(lambda: True if sum(1 for _ in whole.storage.list(RESULTS, "rejected/")) >= 2 else None)

    assert CANARY in whole.result("logs/good.pdf", "document.md")
    logs = {path.name: path.read_text(errors="replace") for path in whole.logs.glob("*.log")}
    assert "job ended" in logs["host.log"]
    account_key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6"
    for name, text in logs.items():
        for secret in (CANARY, "local-key", account_key):
            found = [line for line in text.splitlines() if secret in line]
            assert not found, (name, found[:3])
