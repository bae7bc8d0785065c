"""`darkroom drain` as it is typed: what lies in a queue, and that nothing leaves it unseen."""

import io
import json
from pathlib import Path

import pytest

from shared.names import IMAGE_JOBS, OCR_JOBS_POISON
from tests.fakes import Bench
from tests.unit.cli.operating import account_of, run

EVENT = {"ContainerName": "documents", "BlobName": "a.pdf"}


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """An account with two messages in a poison queue, one of which is hidden for a minute more."""
    bench = account_of(monkeypatch)
    bench.storage.send(OCR_JOBS_POISON, '{"document": "documents/a.pdf", "model": "secret"}')
    bench.storage.send(OCR_JOBS_POISON, "later", delay=3660)
    bench.clock.forward(hours=1)
    return bench


def left(bench: Bench) -> list[str]:
    """What is in the poison queue."""
    return [posted.text for posted in bench.storage.queues[OCR_JOBS_POISON]]


def test_looking_tells_of_each_message_and_leaves_all(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Age, deliveries, size and what it is about; not what it says."""
    assert run("drain", OCR_JOBS_POISON) == 0

    said = capsys.readouterr()
    assert said.out == ""
    assert "  1 h      delivered 0 times, 50 bytes  documents/a.pdf\n" in said.err
    assert said.err.endswith("1 shown of about 2 in ocr-jobs-poison. The others come after these, or are hidden.\n")
    assert "secret" not in said.err
    assert len(left(bench)) == 2


def test_what_messages_say_is_shown_when_it_is_asked_for(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """In words and as JSON."""
    assert run("drain", OCR_JOBS_POISON, "--bodies") == 0
    assert '  {"document": "documents/a.pdf", "model": "secret"}\n' in capsys.readouterr().err

    assert run("drain", OCR_JOBS_POISON, "--bodies", "--json") == 0
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["body"] == left(bench)[0]


def test_saving_writes_each_message_to_a_file_and_then_takes_it_out(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file's name is on stdout, and what is hidden is told to be left."""
    text = left(bench)[0]

    assert run("drain", OCR_JOBS_POISON, "--save", tmp_path / "kept") == 0

    said = capsys.readouterr()
    [path] = (tmp_path / "kept").iterdir()
    assert said.out == f"{path}\n"
    assert path.read_text() == text
    assert left(bench) == ["later"]
    assert "1 taken out of ocr-jobs-poison. About 1 are left: hidden, because" in said.err


def test_a_message_whose_file_cannot_be_written_stays(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is deleted that is not kept."""
    (tmp_path / "file").write_text("")

    assert run("drain", OCR_JOBS_POISON, "--save", tmp_path / "file" / "kept") == 1

    assert "cannot be written to" in capsys.readouterr().err
    assert len(left(bench)) == 2


def test_deleting_says_what_was_deleted(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """An object for each, so that a program can keep a note of it."""
    assert run("drain", OCR_JOBS_POISON, "--delete", "--yes", "--json") == 0

    [line] = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["about"], told["bytes"], told["saved"], "body" in told) == ("documents/a.pdf", 50, None, False)
    assert left(bench) == ["later"]


@pytest.mark.parametrize(("answer", "kept"), [("y", 1), ("n", 2), ("", 2)])
def test_deleting_asks_first(bench: Bench, monkeypatch: pytest.MonkeyPatch, answer: str, kept: int) -> None:
    """Silence is no consent."""
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{answer}\n"))
    run("drain", OCR_JOBS_POISON, "--delete")
    assert len(left(bench)) == kept


@pytest.mark.parametrize("how", [["--delete", "--yes"], ["--save", "kept"]])
def test_a_queue_that_jobs_wait_in_is_not_emptied_by_mistake(
    bench: Bench, how: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It takes a word more, and then it is."""
    monkeypatch.chdir(tmp_path)
    bench.storage.send(IMAGE_JOBS, "{}")

    assert run("drain", IMAGE_JOBS, *how) == 2
    assert "image-jobs is no poison queue: jobs wait in it." in capsys.readouterr().err
    assert run("drain", IMAGE_JOBS) == 0
    assert len(bench.storage.queues[IMAGE_JOBS]) == 1

    assert run("drain", IMAGE_JOBS, *how, "--any") == 0
    assert bench.storage.queues[IMAGE_JOBS] == []


@pytest.mark.parametrize("arguments", [["nope"], ["nope-poison", "--delete", "--yes"]])
def test_a_queue_that_is_not_there_is_wrong_use(
    bench: Bench, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The names of those that are there are said."""
    assert run("drain", *arguments) == 2
    assert "those of Darkroom are ocr-jobs, ocr-jobs-poison" in capsys.readouterr().err


def test_saving_and_deleting_exclude_each_other(bench: Bench, tmp_path: Path) -> None:
    """Whoever gives both may mean either."""
    assert run("drain", OCR_JOBS_POISON, "--delete", "--yes", "--save", tmp_path) == 2
    assert len(left(bench)) == 2


@pytest.mark.parametrize(
    ("body", "about"),
    [
        ('{"job_id": "mine", "prompt": "x"}', "mine"),
        (json.dumps(EVENT), "documents/a.pdf"),
        ("{}", None),
        ("no JSON", None),
        ("[1]", None),
        ("[" * 5000, None),
        ('{"job_id": 1, "BlobName": []}', None),
    ],
)
def test_what_a_message_is_about_is_told_whatever_it_is(
    bench: Bench, body: str, about: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its job, its document or its blob."""
    bench.storage.queues[OCR_JOBS_POISON].clear()
    bench.storage.send(OCR_JOBS_POISON, body)

    assert run("drain", OCR_JOBS_POISON, "--json") == 0

    assert json.loads(capsys.readouterr().out)["about"] == about
