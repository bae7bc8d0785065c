"""The command as people use it: start a stack, drop files, read the texts, stop."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.results import broken_links
from local.processes import alive
from local.stack_state import running
from tests import corpus

_START_SECONDS = 60


def darkroom(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-m", "cli.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of a stack that `darkroom local start` runs; Ctrl-C ends it and all its processes."""
    state = tmp_path_factory.mktemp("stack")
    ports = [word for part in ("blob", "queue", "model", "host") for word in (f"--{part}-port", "0")]
    command = [sys.executable, "-m", "cli.main", "local", "start", "--state", str(state), *ports]
    with (state / "told").open("w") as told, subprocess.Popen(command, stderr=told) as process:
        ends = time.monotonic() + _START_SECONDS
        while (found := running(state)) is None and process.poll() is None and time.monotonic() < ends:
            time.sleep(0.05)
        try:
            assert found is not None, (state / "told").read_text()
            yield state
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 0
    assert not any(alive(pid) for pid in found.pids.values())


def test_a_good_and_a_broken_file(state: Path, tmp_path: Path) -> None:
    """The good one's text and figures are copied, the broken one's reason is told, and the status is 1."""
    (tmp_path / "in" / "Ordner ü").mkdir(parents=True)
    (tmp_path / "in" / "Ordner ü" / "scan #1.pdf").write_bytes(corpus.scanned_pdf(1, "Lighthouse keeper"))
    (tmp_path / "in" / "broken.pdf").write_bytes(corpus.truncated_pdf())

    done = darkroom("drop", tmp_path / "in", "--out", tmp_path / "out", "--json", "--state", state)

    outcomes = {line["document"]: line for line in map(json.loads, done.stdout.splitlines())}
    good, broken = outcomes["Ordner ü/scan #1.pdf"], outcomes["broken.pdf"]
    text = Path(good["out"], "document.md")
    assert done.returncode == 1
    assert (good["status"], good["pages"], good["out"]) == ("succeeded", 1, str(tmp_path / "out/Ordner ü/scan #1.pdf"))
    assert "Lighthouse keeper" in text.read_text(encoding="utf-8")
    assert list(broken_links(text)) == []
    assert (broken["status"], broken["problem"]["code"], broken["out"]) == ("failed", "damaged", None)
    assert f"failed     broken.pdf: {broken['problem']['message']}" in done.stderr


def test_the_options_are_obeyed(state: Path, tmp_path: Path) -> None:
    """Pages and schema that are given on the command line decide what is read."""
    (tmp_path / "three.pdf").write_bytes(corpus.text_pdf(pages=3))
    (tmp_path / "schema.json").write_text('{"type": "object", "properties": {"title": {"type": "string"}}}')
    options: list[str | Path] = ["--pages", "2-3", "--schema", tmp_path / "schema.json", "--out", tmp_path / "out"]

    done = darkroom("drop", tmp_path / "three.pdf", *options, "--state", state)

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{tmp_path}/out/three.pdf/document.md\n"
    content = json.loads((tmp_path / "out" / "three.pdf" / "document.json").read_text())
    assert [page["page_number"] for page in content["pages"]] == [2, 3]
    assert list(content["document_annotations"][0]["annotation"]) == ["title"]


def test_the_status_tells_what_runs(state: Path) -> None:
    """Every part runs, and every queue is there."""
    done = darkroom("local", "status", "--json", "--state", state)

    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert all(process["running"] for process in told["processes"].values())
    assert set(told["endpoints"]) == {"blobs", "queues", "models", "host"}
    assert None not in told["queues"].values()


def test_a_second_stack_on_the_same_folder_is_refused(state: Path) -> None:
    """One sentence with the endpoints of the first, and status 3."""
    done = darkroom("local", "start", "--state", state)

    assert done.returncode == 3
    assert f"darkroom: The local stack does not start: A stack runs already on {state}: " in done.stderr
