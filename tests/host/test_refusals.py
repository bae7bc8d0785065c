"""An app that cannot run is refused at the start, in one sentence and with exit status 1."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.host.errors import Refused
from local.host.host import Host, Options

STORAGE = {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}
HEAD = "import azure.functions as func\napp = func.FunctionApp()\n"
QUEUE = "@app.queue_trigger(arg_name='msg', queue_name='jobs', connection='AzureWebJobsStorage')\n"


def write_app(folder: Path, source: str, host_json: str = '{"version": "2.0"}') -> Path:
    """Write a function app."""
    (folder / "function_app.py").write_text(source)
    (folder / "host.json").write_text(host_json)
    return folder


def refusal(app: Path, settings: dict[str, str] | None = None) -> Refused:
    """Load an app that must be refused, and give the refusal."""
    environment = {"PATH": os.environ["PATH"], **(STORAGE if settings is None else settings)}
    with pytest.raises(Refused) as caught:
        asyncio.run(Host.load(Options(app), environment))
    return caught.value


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("x = 1\n", "must hold exactly one FunctionApp at the top level, not 0"),
        (HEAD + "import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
        (HEAD + "raise SystemExit(3)\n", "cannot be loaded: SystemExit: 3"),
        (HEAD + "import os\nos._exit(3)\n", "The worker ended with status 3"),
    ],
)
def test_an_app_that_cannot_be_loaded_is_refused(tmp_path: Path, source: str, sentence: str) -> None:
    """A broken rule, a failing import, an exit and a crash while loading all end in one sentence."""
    assert sentence in str(refusal(write_app(tmp_path, source)))


def test_a_missing_connection_is_named(tmp_path: Path) -> None:
    """A trigger whose connection setting is missing is refused by that name."""
    app = write_app(tmp_path, HEAD + QUEUE + "def f(msg): ...\n")

    assert str(refusal(app, {})).startswith("Function f needs the setting AzureWebJobsStorage")


def test_a_missing_setting_in_an_expression_is_named(tmp_path: Path) -> None:
    """A `%NAME%` that nothing sets is refused by that name."""
    app = write_app(tmp_path, HEAD + QUEUE.replace("jobs", "%QUEUE%") + "def f(msg): ...\n")

    assert "refers to the setting %QUEUE%" in str(refusal(app))


def test_a_wrong_schedule_is_shown(tmp_path: Path) -> None:
    """Five cron fields are a common slip; the refusal says what is wanted."""
    app = write_app(tmp_path, HEAD + "@app.timer_trigger(arg_name='t', schedule='* * * * *')\ndef f(t): ...\n")

    assert "six cron fields, seconds first" in str(refusal(app))


def test_the_command_ends_with_status_1_and_the_useful_end_of_the_traceback(tmp_path: Path) -> None:
    """At a keyboard the sentence comes first, then the lines of the app that failed, and nothing of the host's own."""
    write_app(tmp_path, HEAD + "1 / 0\n")

    done = subprocess.run(
        [sys.executable, "-m", "local.host", "--app", str(tmp_path), "--port", "0"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    first, *rest = done.stderr.splitlines()
    assert first.endswith("cannot be loaded: ZeroDivisionError: division by zero")
    assert rest[-1] == "ZeroDivisionError: division by zero"
    assert len(rest) <= 12


def test_settings_come_from_the_file_and_the_environment_wins(tmp_path: Path) -> None:
    """`local.settings.json` fills what the environment does not say."""
    source = HEAD + "import os\nassert (os.environ['A'], os.environ['B']) == ('file', 'environment')\n"
    write_app(tmp_path, source)
    (tmp_path / "local.settings.json").write_text(json.dumps({"Values": {"A": "file", "B": "file"}}))

    assert "has no functions" in str(refusal(tmp_path, {**STORAGE, "B": "environment"}))
