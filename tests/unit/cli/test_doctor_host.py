"""What the doctor says of the host of the local stack."""

import json
from typing import Any

import pytest

from cli.doctor.findings import Finding, Verdict
from cli.doctor.host import host_findings
from tests.servers import Script, answer, serving

EXPECTED = ["ocr_document", "ocr_job"]


def said(*answers: Any, source: str = "LogsAndContainerScan") -> list[Finding]:
    """What is found of a host that answers so."""
    scripts: list[Script] = [answer(body=json.dumps(told).encode()) for told in answers]
    with serving(*scripts) as server:
        return list(host_findings(server.url.removesuffix("/ocr"), EXPECTED, source, "logs/host.log"))


def test_a_host_with_the_functions_of_this_folder_is_right() -> None:
    """Our own host tells them with its state."""
    found = said({"state": "Running", "functions": EXPECTED})

    assert [(finding.name, finding.verdict) for finding in found] == [
        ("host", Verdict.RIGHT),
        ("functions", Verdict.RIGHT),
    ]
    assert found[1].what == "All 2 of function_app.py are loaded."


def test_core_tools_list_their_functions_elsewhere() -> None:
    """Their state has no names in it."""
    found = said({"state": "Running"}, [{"name": name} for name in EXPECTED])

    assert {finding.verdict for finding in found} == {Verdict.RIGHT}


def test_core_tools_with_event_grid_never_hear_of_a_file() -> None:
    """Azurite emits no events."""
    [*_, found] = said({"state": "Running"}, [{"name": name} for name in EXPECTED], source="EventGrid")

    assert (found.name, found.verdict) == ("blob source", Verdict.WRONG)
    assert found.remedy == "Set DARKROOM_BLOB_SOURCE to LogsAndContainerScan."


def test_functions_that_are_missing_or_strange_are_named() -> None:
    """An old deployment, or an import that fails."""
    found = said({"state": "Running", "functions": ["ocr_job", "old"]})

    assert [finding.what for finding in found if finding.verdict is Verdict.WRONG] == [
        "The host lacks ocr_document.",
        "The host has others than this folder: old.",
    ]


def test_an_app_without_any_function_is_wrong() -> None:
    """An error at import leaves none."""
    [_, found] = said({"state": "Running"}, [])

    assert found.what == "The host lacks ocr_document, ocr_job."


def test_a_host_that_only_starts_is_wrong() -> None:
    """Its state says so."""
    [found] = said({"state": "Error", "functions": EXPECTED})

    assert (found.verdict, found.what, found.remedy) == (
        Verdict.WRONG,
        "Its state is Error.",
        "Look into logs/host.log.",
    )


@pytest.mark.parametrize("told", [[], None, "no"])
def test_something_else_on_the_port_is_no_host(told: Any) -> None:
    """Nor a traceback."""
    [found] = said(told)

    assert (found.name, found.verdict) == ("host", Verdict.WRONG)


def test_a_host_that_does_not_answer_is_wrong() -> None:
    """With the log in which the reason is."""
    [found] = host_findings("http://127.0.0.1:9", EXPECTED, "", "logs/host.log")

    assert found.what == "It does not answer at http://127.0.0.1:9."
    assert found.remedy == "Look into logs/host.log, and start the stack again."
