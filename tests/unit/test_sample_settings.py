"""The sample of the local settings and the settings that the code reads are the same."""

import json
from dataclasses import fields
from pathlib import Path

from shared.settings import Settings

SAMPLE = Path(__file__).parents[2] / "local.settings.sample.json"
HOSTED = {"FUNCTIONS_WORKER_RUNTIME": "python", "PYTHON_THREADPOOL_THREAD_COUNT": "64"}
OF_AZURE_ONLY = {
    "AzureWebJobsStorage__accountName",
    "AzureWebJobsStorage__clientId",
    "AZURE_CLIENT_ID",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
}


def test_the_sample_has_every_setting_and_no_other() -> None:
    """A setting that is missing, unknown, misspelt or has another sample value is a difference."""
    declared = {field.metadata["name"]: field.metadata["sample"] for field in fields(Settings) if field.metadata}
    local = {name: sample for name, sample in declared.items() if name not in OF_AZURE_ONLY}

    assert json.loads(SAMPLE.read_text()) == {"IsEncrypted": False, "Values": {**HOSTED, **local}}
    assert set(declared) >= OF_AZURE_ONLY


def test_the_sample_is_usable_as_it_is() -> None:
    """Whoever copies it has no problem with any setting."""
    assert Settings.read(json.loads(SAMPLE.read_text())["Values"]).problems == ()
