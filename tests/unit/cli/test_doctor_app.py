"""What the doctor says of host.json and the settings."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.doctor.app import doors, host_json_findings
from cli.doctor.findings import Finding, Verdict, right
from cli.doctor.settings import flex_findings, settings_findings
from local.stack import ROOT, app_settings

SETTINGS = {"PYTHON_THREADPOOL_THREAD_COUNT": "6", "DARKROOM_OCR_ENDPOINT": "https://a.services.ai.azure.com"}
IN_AZURE = {"AzureWebJobsStorage__accountName": "stdark", "DARKROOM_OCR_ENDPOINT": "https://a.services.ai.azure.com"}
APP = """
import azure.functions as func
app = func.FunctionApp()

@app.queue_trigger("message", queue_name="q", connection="c")
def job(message): pass

@app.blob_trigger("blob", path="p", connection="c")
def document(blob): pass

@app.timer_trigger("timer", schedule="s")
def sweep(timer): pass

def helper(): pass
"""
HOST: dict[str, Any] = {
    "version": "2.0",
    "functionTimeout": "00:10:00",
    "extensions": {"queues": {"batchSize": 1, "newBatchThreshold": 2}, "blobs": {"maxDegreeOfParallelism": 2}},
}

Write = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Write:
    """An app with a queue function, a blob function and a timer, which run six at once at most."""

    def write(**queues: object) -> Path:
        host = json.loads(json.dumps(HOST))
        host["extensions"]["queues"] |= queues
        (tmp_path / "host.json").write_text(json.dumps(host))
        (tmp_path / "function_app.py").write_text(APP)
        return tmp_path

    return write


def told(findings: list[Finding]) -> list[str]:
    """What is wrong, each with its remedy."""
    return [f"{finding.what} {finding.remedy}" for finding in findings if finding.verdict is Verdict.WRONG]


def test_the_functions_of_this_app_are_found_in_its_text() -> None:
    """The same that the runtime finds."""
    sys.modules.pop("function_app", None)  # an app can be indexed once only
    import function_app

    indexed = {f.get_function_name(): getattr(f.get_trigger(), "type", None) for f in function_app.app.get_functions()}

    assert {name: f"{trigger}Trigger" for name, trigger in doors(ROOT).items()} == indexed


def test_this_app_and_its_sample_settings_are_right() -> None:
    """What the project ships passes."""
    settings = app_settings(ROOT)

    assert list(host_json_findings(ROOT, settings)) == [
        right("host.json", "It can be used, and threads and deadlines fit it.")
    ]
    assert list(settings_findings(settings)) == [right("settings", "All of them can be used.")]


@pytest.mark.parametrize(("given", "said"), [({"PYTHON_THREADPOOL_THREAD_COUNT": "5"}, "is 5"), ({}, "is not set")])
def test_too_few_threads_are_told_with_the_number(folder: Write, given: dict[str, str], said: str) -> None:
    """Functions that wait for a thread have their timeout running."""
    assert told(list(host_json_findings(folder(), given))) == [
        f"It lets 6 functions run at once, and PYTHON_THREADPOOL_THREAD_COUNT {said}: the rest wait while their time "
        "runs. Set PYTHON_THREADPOOL_THREAD_COUNT to at least 6."
    ]


def test_enough_threads_are_right(folder: Write) -> None:
    """Three of the queue, two of the blobs, one of the timer."""
    assert told(list(host_json_findings(folder(), SETTINGS))) == []


def test_an_app_setting_stands_over_host_json(folder: Write) -> None:
    """As in Azure."""
    over = {"AzureFunctionsJobHost__extensions__queues__newBatchThreshold": "3"}

    assert "It lets 7 functions run at once" in told(list(host_json_findings(folder(), SETTINGS | over)))[0]


def test_a_deadline_beyond_the_hosts_own_is_told(folder: Write) -> None:
    """The host would end the worker with everything in it."""
    assert told(list(host_json_findings(folder(), SETTINGS | {"DARKROOM_OCR_DEADLINE_SECONDS": "600"}))) == [
        "A call may take 600 s by DARKROOM_OCR_DEADLINE_SECONDS, and functionTimeout ends the worker with all that "
        "runs in it after 600 s. Set DARKROOM_OCR_DEADLINE_SECONDS below functionTimeout."
    ]


def test_what_would_poison_or_lose_messages_is_told(folder: Write) -> None:
    """The encoding of messages, and the attempt at which a job ends."""
    found = told(list(host_json_findings(folder(messageEncoding="none", maxDequeueCount=3), SETTINGS)))

    assert found == [
        "maxDequeueCount is 3, and the app ends a job at attempt 5. Set maxDequeueCount to 5.",
        "messageEncoding is none, and messages are base64. Set messageEncoding to base64.",
    ]


def test_a_host_json_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    """No traceback for a comma too many."""
    (tmp_path / "host.json").write_text("{,}")

    [sentence] = told(list(host_json_findings(tmp_path, SETTINGS)))

    assert sentence.startswith(f"{tmp_path}/host.json is not JSON: ")


def test_each_problem_of_the_settings_is_a_finding() -> None:
    """Misspelt names and bad values, all at once."""
    wrong = told(list(settings_findings({"DARKROOM_OCR_ENDPIONT": "x", "DARKROOM_JOB_HOURS": "x"})))

    assert [sentence.split(" is ")[0] for sentence in wrong] == [
        "The setting DARKROOM_OCR_ENDPIONT",
        "The setting DARKROOM_JOB_HOURS",
    ]


def test_settings_of_an_app_in_azure_that_are_right() -> None:
    """One account by name, no key, no setting of other plans."""
    assert list(flex_findings(IN_AZURE, "stdark")) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"FUNCTIONS_WORKER_RUNTIME": "python"},
            "FUNCTIONS_WORKER_RUNTIME is set, which Flex Consumption does not take. Remove FUNCTIONS_WORKER_RUNTIME.",
        ),
        (
            {"AzureWebJobsStorage": ""},
            "AzureWebJobsStorage is set, if only to nothing; the host looks at it before "
            "AzureWebJobsStorage__accountName. Remove AzureWebJobsStorage.",
        ),
        (
            {"AzureWebJobsStorage__accountName": "other"},
            "The app uses the storage account other, not stdark. Set AzureWebJobsStorage__accountName to stdark, or "
            "examine the account that the app uses.",
        ),
        (
            {"DARKROOM_BLOB_SOURCE": "LogsAndContainerScan"},
            "DARKROOM_BLOB_SOURCE is not EventGrid, and Flex Consumption looks into no container by itself. Set "
            "DARKROOM_BLOB_SOURCE to EventGrid, or remove it.",
        ),
    ],
)
def test_settings_that_hurt_in_azure_are_told(changes: dict[str, str], sentence: str) -> None:
    """Each keeps dropped files from being noticed."""
    assert told(list(flex_findings(IN_AZURE | changes, "stdark"))) == [sentence]
