"""The doctor on the running stack: everything is looked at, and what is broken is found."""

import json
import subprocess
import sys

import pytest

from cli.doctor.models import SMALLEST_CALLS
from tests import corpus
from tests.end_to_end.conftest import Whole

pytestmark = pytest.mark.usefixtures("well_behaved_models")


def examined(whole: Whole, *arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit status of the command, and its findings by name."""
    command = [sys.executable, "-m", "cli.main", "doctor", *arguments, "--state", str(whole.logs.parent), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    return done.returncode, {found["name"]: found for found in map(json.loads, done.stdout.splitlines())}


def test_a_stack_that_runs_is_right_from_end_to_end(whole: Whole) -> None:
    """Settings, host.json, processes, roles, containers, queues, functions and every model."""
    status, found = examined(whole)

    assert {name: finding["verdict"] for name, finding in found.items()} == dict.fromkeys(
        [
            "settings",
            "host.json",
            "stack",
            "role Storage Blob Data Reader",
            "containers",
            "role Storage Blob Data Contributor",
            "role Storage Queue Data Reader",
            "queues",
            "poison queues",
            "host",
            "functions",
            *(f"model {call.kind}" for call in SMALLEST_CALLS),
        ],
        "right",
    )
    assert status == 0


def test_a_document_that_was_read_and_one_that_could_not_be(whole: Whole) -> None:
    """The question that people come with."""
    for name, data in {"doctor/good.pdf": corpus.text_pdf(), "doctor/bad.pdf": corpus.truncated_pdf()}.items():
        whole.finished(name, whole.drop(name, data))

    read, good = examined(whole, "documents/doctor/good.pdf")
    failed, bad = examined(whole, "documents/doctor/bad.pdf")

    assert (read, good["documents/doctor/good.pdf"]["verdict"]) == (0, "right")
    assert (failed, bad["documents/doctor/bad.pdf"]["verdict"]) == (1, "wrong")
    assert bad["documents/doctor/bad.pdf"]["what"].startswith("It failed with damaged: ")


def test_a_model_that_does_not_let_us_in_is_found(whole: Whole) -> None:
    """The others are right all the same."""
    whole.emulator("POST", "faults", {"kind": "status", "status": 401, "deployment": "mistral-document-ai-2512"})

    status, found = examined(whole)

    wrong = [name for name, finding in found.items() if finding["verdict"] == "wrong"]
    assert (status, wrong) == (1, ["model ocr"])
    assert "key or identity" in found["model ocr"]["what"]


def test_a_document_whose_model_is_throttled_waits(whole: Whole) -> None:
    """It says what for; that is no failure of the installation."""
    other = "mistral-ocr-4-0"  # the doctor's own call must not meet the fault
    whole.emulator("POST", "faults", {"kind": "status", "status": 429, "after_seconds": 4, "deployment": other})
    etag = whole.drop("doctor/waits.pdf", corpus.text_pdf(text="Throttled at first"), model=other)

    def waits() -> dict[str, str] | None:
        _, found = examined(whole, "documents/doctor/waits.pdf")
        told = found["documents/doctor/waits.pdf"]
        return told if "throttled" in told["what"] else None

    assert whole.until(waits)["verdict"] == "unknown"
    whole.finished("doctor/waits.pdf", etag)
