"""The command as it is typed: what it says, where, and how it exits."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli import account, report
from cli.drop import Drop
from cli.main import main
from shared.messages import Problem, Status
from tests.unit.cli.fakes import FakeDarkroom, FakeTime, MemoryStorage

FAULT = Problem(code="encrypted", message="The PDF is encrypted.", remedy="Save it without.", retryable=False)


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> MemoryStorage:
    """A storage in which `bad.pdf` fails and all else is read, in the place of the local stack's."""
    storage = MemoryStorage()
    darkroom = FakeDarkroom(storage, bad=[{"status": Status.FAILED, "problem": FAULT}])
    clock = FakeTime(storage, darkroom).clock()
    monkeypatch.setattr(account, "of_stack", lambda state: storage)
    monkeypatch.setattr(report, "Drop", lambda *given, **named: Drop(*given, **named, clock=clock))
    return storage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a good file and a bad one."""
    for name in ("good.pdf", "bad.pdf"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(b"%PDF")
    return tmp_path / "in"


def status_of(*arguments: str | Path) -> int | str | None:
    """The exit status of a command line."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    return caught.value.code


def test_all_read_is_status_0_and_the_texts_on_stdout(
    storage: MemoryStorage, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output has the places and nothing else."""
    assert status_of("drop", folder / "good.pdf") == 0
    told = capsys.readouterr()

    assert told.out == "results/ocr/good.pdf/document.md\n"
    assert told.err == "succeeded  good.pdf: 3 pages, 1 figure, 0.2 s\n1 succeeded.\n"


def test_a_failed_file_is_status_1_with_its_reason(
    storage: MemoryStorage, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The good file's text is there all the same."""
    assert status_of("drop", folder, "--out", folder / "out") == 1
    told = capsys.readouterr()

    assert told.out == f"{folder}/out/good.pdf/document.md\n"
    assert "failed     bad.pdf: The PDF is encrypted. Save it without.\n" in told.err
    assert told.err.endswith("1 succeeded, 1 failed.\n")


def test_json_is_an_object_a_line(storage: MemoryStorage, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get every field of every file."""
    assert status_of("drop", folder, "--json") == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert {line["document"]: line["status"] for line in lines} == {"good.pdf": "succeeded", "bad.pdf": "failed"}
    bad = next(line for line in lines if line["document"] == "bad.pdf")
    assert list(bad) == [
        "document", "status", "pages", "figures", "seconds", "job_id", "record", "embedding_job", "out",
        "problem",
    ]  # fmt: skip
    assert bad["problem"] == FAULT.model_dump()


def test_options_reach_the_metadata(storage: MemoryStorage, folder: Path) -> None:
    """Every option of reading rides on the file."""
    schema = folder / ".schema.json"
    schema.write_text('{"type": "object"}')
    schemas = ("--schema", schema, "--figure-schema", schema)
    others = ("--pages", "2", "--model", "m", "--no-figures", "--table-format", "markdown", "--embed")

    assert status_of("drop", folder / "good.pdf", *schemas, *others) == 0

    [metadata] = [found for ref, found in storage.metadata.items() if ref.container == "documents"]
    assert metadata == {
        "pages": "2",
        "model": "m",
        "annotation_schema": '{"type": "object"}',
        "figure_annotation_schema": '{"type": "object"}',
        "include_figures": "false",
        "table_format": "markdown",
        "embed": "true",
    }


@pytest.mark.parametrize(
    "options",
    [
        ["--pages", "0"],
        ["--table-format", "pdf"],
        ["--nonsense"],
        ["--timeout", "-1"],
        ["--schema", "nope"],
        ["--out", __file__],
    ],
)
def test_wrong_use_is_status_2_and_uploads_nothing(storage: MemoryStorage, folder: Path, options: list[str]) -> None:
    """What cannot be meant is told before anything happens."""
    assert status_of("drop", folder, *options) == 2
    assert storage.blobs == {}


def test_no_stack_is_status_3_and_says_how_to_start_one(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence, no traceback."""
    assert status_of("drop", folder, "--state", tmp_path / "none") == 3
    assert capsys.readouterr().err == (
        "darkroom: No local stack runs: start one with `darkroom local start`, or name an --account.\n"
    )


def test_status_without_a_stack_is_status_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A script can ask whether the stack runs."""
    assert status_of("local", "status", "--json", "--state", tmp_path) == 3
    assert capsys.readouterr().out == ""


def test_stopping_what_does_not_run_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The end is what was asked for."""
    assert status_of("local", "stop", "--state", tmp_path) == 0
    assert capsys.readouterr().err == "No local stack runs; one that is still starting is not stopped.\n"


def test_help_loads_nothing_heavy() -> None:
    """Help answers at once: no SDK, no model of messages, no terminal toolkit is imported for it."""
    heavy = "{'azure', 'rich', 'pydantic', 'local', 'shared'}"
    code = f"import sys, cli.main; print(sorted({heavy} & {{name.partition('.')[0] for name in sys.modules}}))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
