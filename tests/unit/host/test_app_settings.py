"""App settings and what refers to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.host.app_settings import AppSettings, load_settings
from local.host.errors import Refused
from local.host.worker import thread_count


def test_expressions_are_replaced_wherever_they_stand() -> None:
    """`%NAME%` may be part of a name."""
    assert AppSettings({"A": "x", "B": "y"}).resolve("%A%-%B%/{name}", "it") == "x-y/{name}"


def test_the_host_says_that_this_is_development_unless_set(tmp_path: Path) -> None:
    """AZURE_FUNCTIONS_ENVIRONMENT is Development by default, as with Core Tools."""
    assert load_settings(tmp_path, {})["AZURE_FUNCTIONS_ENVIRONMENT"] == "Development"
    environment = {"AZURE_FUNCTIONS_ENVIRONMENT": "Production"}
    assert load_settings(tmp_path, environment)["AZURE_FUNCTIONS_ENVIRONMENT"] == "Production"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("{", "is not JSON"), ("[]", "must hold a JSON object"), ('{"IsEncrypted": true}', "is encrypted")],
)
def test_unusable_local_settings_are_refused(tmp_path: Path, text: str, sentence: str) -> None:
    """A file that Core Tools could not read either is named."""
    (tmp_path / "local.settings.json").write_text(text)

    with pytest.raises(Refused, match=sentence):
        load_settings(tmp_path, {})


def test_values_that_are_no_text_become_text(tmp_path: Path) -> None:
    """Numbers and booleans of the file are settings like any other."""
    (tmp_path / "local.settings.json").write_text('{"Values": {"N": 3, "B": true}}')

    settings = load_settings(tmp_path, {})

    assert (settings["N"], settings["B"]) == ("3", "true")


@pytest.mark.parametrize(
    "text", ["UseDevelopmentStorage=true", "AccountName=a;AccountKey=aw==;QueueEndpoint=http://h/a"]
)
def test_connection_strings_are_taken(text: str) -> None:
    """Both the short and the long form pass."""
    assert AppSettings({"C": text}).connection("C", "it") == text


def test_what_is_no_connection_string_is_refused_without_showing_it() -> None:
    """A secret in the wrong setting is not repeated in the message."""
    with pytest.raises(Refused) as caught:
        AppSettings({"C": "s3cret"}).connection("C", "it")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(("text", "count"), [("3", 3), ("0", None), ("-1", None), ("many", None), ("", None)])
def test_a_senseless_thread_count_means_the_default(
    monkeypatch: pytest.MonkeyPatch, text: str, count: int | None
) -> None:
    """Only a whole number from 1 on counts, as in the real worker."""
    monkeypatch.setenv("PYTHON_THREADPOOL_THREAD_COUNT", text)

    assert thread_count() == count
