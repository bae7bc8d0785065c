"""`darkroom doctor` as it is typed: what it says, where, and how it exits."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError
from rich.console import Console

from cli.doctor import cloud, stack
from cli.doctor.findings import Finding, Verdict, right, skipped, unknown, wrong
from cli.doctor.report import report
from cli.errors import UnreachableError
from local.stack_state import Endpoints
from shared.clients.credentials import AccessToken
from shared.names import QUEUES
from tests.fakes import MemoryStorage
from tests.unit.cli.test_command import status_of

FINDINGS = [
    right("queues", "All are there."),
    unknown("app", "It is not seen.", "Name it."),
    skipped("model ocr", "It costs."),
]


class NoToken:
    """Nobody is logged in."""

    def get_token(self, *scopes: str) -> AccessToken:
        """Refuse."""
        raise ClientAuthenticationError("a chain of credentials")


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> MemoryStorage:
    """An account in Azure that is set up and lets us in."""
    storage = MemoryStorage()
    storage.prepare((), QUEUES)
    monkeypatch.setattr(cloud, "of_account", lambda name: storage)
    monkeypatch.setattr(cloud, "identity_finding", lambda scope: right("login", scope))
    return storage


def console_text(capsys: pytest.CaptureFixture[str]) -> str:
    """What went to stderr; stdout has nothing."""
    told = capsys.readouterr()
    assert told.out == ""
    return told.err


def reported(findings: list[Finding], *, as_json: bool = False) -> int:
    """The status after telling these."""
    return report(findings, Console(stderr=True), as_json=as_json)


def test_nothing_wrong_is_status_0(capsys: pytest.CaptureFixture[str]) -> None:
    """What is unknown or skipped is told, and no failure."""
    assert reported(FINDINGS) == 0
    assert console_text(capsys) == (
        "right    queues: All are there.\n"
        "unknown  app: It is not seen.\n"
        "         Name it.\n"
        "skipped  model ocr: It costs.\n"
        "1 right, 1 unknown, 1 skipped.\n"
    )


def test_something_wrong_is_status_1_with_the_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    """And without characters that move a cursor."""
    assert reported([*FINDINGS, wrong("stack", "It is \x1b[2J down.", "Start it.")]) == 1
    assert "wrong    stack: It is \ufffd[2J down.\n         Start it.\n" in console_text(capsys)


def test_json_is_an_object_a_line_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get every finding."""
    assert reported(FINDINGS, as_json=True) == 0
    told = capsys.readouterr()

    assert told.err == ""
    assert [json.loads(line) for line in told.out.splitlines()] == [
        {"name": "queues", "verdict": "right", "what": "All are there.", "remedy": ""},
        {"name": "app", "verdict": "unknown", "what": "It is not seen.", "remedy": "Name it."},
        {"name": "model ocr", "verdict": "skipped", "what": "It costs.", "remedy": ""},
    ]


def test_without_a_stack_the_settings_are_looked_at_and_the_rest_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says how to start one."""
    assert status_of("doctor", "--state", tmp_path / "none") == 1
    told = console_text(capsys)

    assert "host.json: It can be used" in told
    assert "wrong    stack: No local stack runs.\n         Start one with `darkroom local start`." in told


def test_an_account_alone_is_looked_at_and_the_app_is_unknown(
    storage: MemoryStorage, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the control plane knows needs the app's name."""
    assert status_of("doctor", "--account", "stdark") == 0
    told = console_text(capsys)

    assert "right    login: https://storage.azure.com/.default" in told
    assert "right    queues: " in told
    assert "unknown  app: Its settings, functions, roles, events and models are not seen without its name." in told


def test_a_document_that_is_asked_about_comes_last(storage: MemoryStorage, capsys: pytest.CaptureFixture[str]) -> None:
    """Where people look."""
    assert status_of("doctor", "documents/none.pdf", "--account", "stdark", "--json") == 1
    last = json.loads(capsys.readouterr().out.splitlines()[-1])

    assert (last["name"], last["what"]) == ("documents/none.pdf", "There is no such document.")


def test_an_account_that_cannot_be_reached_is_a_finding(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The doctor does not give up, it tells."""

    def unreachable(name: str) -> MemoryStorage:
        raise UnreachableError("There is no storage account stdark.")

    monkeypatch.setattr(cloud, "of_account", unreachable)

    assert status_of("doctor", "--account", "stdark") == 1
    assert "wrong    storage: There is no storage account stdark." in console_text(capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--app", "func-dark"),
        ("--account", "stdark", "--app", "func-dark"),
        ("--account", "stdark", "--resource-group", "rg-dark"),
        ("--app", "func-dark", "--resource-group", "rg-dark"),
        ("results/a.pdf",),
        ("a.pdf",),
        ("--account", "No Account"),
    ],
)
def test_wrong_use_is_status_2(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be meant is told in a sentence, before anything is looked at."""
    assert status_of("doctor", *arguments) == 2
    assert console_text(capsys).startswith("darkroom: ")


def test_whoever_is_not_logged_in_is_told_so() -> None:
    """With the way to do it."""
    found = cloud.identity_finding("https://storage.azure.com/.default", NoToken())

    assert found.verdict is Verdict.WRONG
    assert "az login" in found.remedy


def test_findings_are_told_as_they_come(capsys: pytest.CaptureFixture[str]) -> None:
    """A model takes its time; the others need not wait for it."""

    def slow() -> Iterator[Finding]:
        yield right("queues", "All are there.")
        assert "queues" in capsys.readouterr().err
        yield right("model ocr", "It answers.")

    assert report(slow(), Console(stderr=True), as_json=False) == 0


def test_a_stack_of_which_a_part_has_ended_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What needs it is not asked, for it would only wait."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    urls = {"blobs": "", "queues": "", "models": "http://127.0.0.1:9", "host": ""}
    endpoints = Endpoints(1, {"azurite": ended.pid}, urls, "UseDevelopmentStorage=true", str(tmp_path))
    monkeypatch.setattr(stack, "running", lambda state: endpoints)

    assert status_of("doctor", "--state", tmp_path) == 1
    told = console_text(capsys)

    assert "wrong    stack: These parts have ended: azurite." in told
    assert f"See the logs in {tmp_path}/logs" in told
    assert told.endswith("skipped  all else: It needs every part of the stack.\n2 right, 1 wrong, 1 skipped.\n")
