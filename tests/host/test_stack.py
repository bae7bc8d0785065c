"""The local stack starts whole, says what is wrong, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient, TextBase64EncodePolicy

from local.processes import alive
from local.stack import Ports, Stack, app_settings
from local.stack_state import StackError, running, stop_running
from shared.names import CONTAINERS, QUEUES
from tests.host.conftest import APPS, until

FREE = Ports(0, 0, 0, 0)
OWNER = """
import sys
from pathlib import Path
from local.stack import Ports, Stack
with Stack(root=Path(sys.argv[1]), state=Path(sys.argv[2]), ports=Ports(0, 0, 0, 0)) as stack:
    stack.wait()
"""

CORE_TOOLS = """
import http.server, json, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        seen = {"folder": os.getcwd(), "storage": os.environ["AzureWebJobsStorage"], "QUEUE": os.environ["QUEUE"]}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"state": "Running"} if "status" in self.path else seen).encode())
assert sys.argv[1:3] == ["start", "--port"]
http.server.HTTPServer(("127.0.0.1", int(sys.argv[3])), Handler).serve_forever()
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a project folder with a function app and its settings."""
    root = tmp_path / "project"
    shutil.copytree(APPS / "commands", root)
    notes = tmp_path / "notes.jsonl"
    (root / "local.settings.sample.json").write_text(f'{{"Values": {{"QUEUE": "ocr-jobs", "NOTES": "{notes}"}}}}')
    return root


def start_owner(root: Path, state: Path) -> subprocess.Popen[bytes]:
    """Run a stack in a process of its own and wait until it is up."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(root), str(state)])
    until(lambda: running(state) if state.joinpath("stack.lock").exists() else None, 30)
    return owner


def test_everything_is_there_and_data_survives(root: Path, tmp_path: Path) -> None:
    """Containers, queues, models and host are up; a second start finds what the first one kept."""
    state = tmp_path / "state"
    with Stack(root=root, state=state, ports=FREE) as stack:
        found = running(state)
        assert found is not None
        assert stack.status() == {"azurite": True, "models": True, "host": True}
        blobs = BlobServiceClient.from_connection_string(found.connection_string)
        queues = QueueServiceClient.from_connection_string(found.connection_string)
        assert {container.name for container in blobs.list_containers()} == set(CONTAINERS)
        assert {queue.name for queue in queues.list_queues()} >= set(QUEUES)
        status = requests.get(f"{found.urls['host']}/admin/host/status", timeout=5).json()
        assert status["functions"] == ["obey", "obey_async", "bury"]
        assert requests.get(found.urls["models"], timeout=5).status_code < 500
        blobs.get_container_client("results").upload_blob("kept", b"1")

    assert running(state) is None
    assert not any(alive(pid) for pid in found.pids.values())
    with Stack(root=root, state=state, ports=FREE) as again:
        assert again.status()["host"]
        blobs = BlobServiceClient.from_connection_string(until(lambda: running(state)).connection_string)
        assert blobs.get_blob_client("results", "kept").exists()


def test_settings_reach_the_app_and_explicit_ones_win(root: Path, tmp_path: Path) -> None:
    """The sample settings fill in, `settings` stand over them, and the connection is the stack's own."""
    notes = tmp_path / "other-notes.jsonl"
    with Stack(root=root, state=tmp_path / "state", ports=FREE, settings={"NOTES": str(notes)}):
        connection = until(lambda: running(tmp_path / "state")).connection_string
        service = QueueServiceClient.from_connection_string(connection)
        service.get_queue_client("ocr-jobs", message_encode_policy=TextBase64EncodePolicy()).send_message("hello")
        until(notes.exists)


def test_a_misspelt_setting_is_told_at_the_start(root: Path, tmp_path: Path) -> None:
    """One sentence that names it, instead of jobs that wait for nobody knows what."""
    with pytest.raises(StackError, match="The setting DARKROOM_JOB_HOUR is not one that Darkroom knows"):
        Stack(root=root, state=tmp_path / "state", ports=FREE, settings={"DARKROOM_JOB_HOUR": "3"}).start()
    assert running(tmp_path / "state") is None


def test_a_second_stack_on_the_same_state_is_told_where_the_first_is(root: Path, tmp_path: Path) -> None:
    """One state folder, one stack; the refusal shows the endpoints and the first goes on."""
    with Stack(root=root, state=tmp_path / "state", ports=FREE) as stack:
        host = until(lambda: running(tmp_path / "state")).urls["host"]
        with pytest.raises(StackError, match=f"A stack runs already on .*host {host}"):
            Stack(root=root, state=tmp_path / "state", ports=FREE).start()
        assert all(stack.status().values())


def test_a_port_in_use_is_named_and_nothing_starts(root: Path, tmp_path: Path) -> None:
    """The sentence names the port, what it is for and what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(StackError, match=rf"Port {port}, meant for the models, is in use: end what uses it"):
            Stack(root=root, state=tmp_path / "state", ports=Ports(0, 0, port, 0)).start()

    assert running(tmp_path / "state") is None
    assert list((tmp_path / "state").glob("logs/*")) == []


def test_an_app_that_is_refused_takes_the_stack_down_with_its_sentence(root: Path, tmp_path: Path) -> None:
    """The host's refusal is the stack's error, and no part is left running."""
    (root / "host.json").write_text("{}")

    with pytest.raises(StackError, match=r'host did not start; its log says: host\.json must say "version": "2\.0"'):
        Stack(root=root, state=tmp_path / "state", ports=FREE).start()


def test_missing_core_tools_are_named(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`host="func"` without Core Tools says how to install them."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(StackError, match="npm install -g azure-functions-core-tools@4"):
        Stack(root=root, state=tmp_path / "state", ports=FREE, host="func").start()


def test_core_tools_get_the_port_and_the_settings(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`host="func"` runs `func start` in the project folder and waits until its status says Running."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "func").write_text(f"#!{sys.executable}\n{CORE_TOOLS}")
    (tools / "func").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")

    with Stack(root=root, state=tmp_path / "state", ports=FREE, host="func"):
        found = until(lambda: running(tmp_path / "state"))
        seen = requests.get(f"{found.urls['host']}/seen", timeout=5).json()

    assert seen == {"folder": str(root), "storage": found.connection_string, "QUEUE": "ocr-jobs"}


def test_wait_names_the_part_that_ended(root: Path, tmp_path: Path) -> None:
    """A part that dies ends the wait, by name."""
    with Stack(root=root, state=tmp_path / "state", ports=FREE) as stack:
        os.kill(until(lambda: running(tmp_path / "state")).pids["models"], signal.SIGKILL)

        assert stack.wait() == "models"


def test_all_parts_end_with_a_killed_owner_and_its_file_fools_nobody(root: Path, tmp_path: Path) -> None:
    """SIGKILL of the owner: every part ends, and what `stack.json` still says is not believed."""
    state = tmp_path / "state"
    owner = start_owner(root, state)
    pids = until(lambda: running(state)).pids

    owner.kill()
    owner.wait()

    until(lambda: not any(alive(pid) for pid in pids.values()))
    assert (state / "stack.json").exists()
    assert running(state) is None


def test_another_process_can_end_the_stack(root: Path, tmp_path: Path) -> None:
    """stop_running() ends the owner in good order; without a stack it says False."""
    state = tmp_path / "state"
    owner = start_owner(root, state)

    stopped = stop_running(state)

    assert stopped
    assert owner.wait(10) == 0
    assert not stop_running(state)
    assert not (state / "stack.json").exists()


def test_local_settings_stand_over_the_sample(root: Path) -> None:
    """With a local.settings.json the sample is not read."""
    (root / "local.settings.json").write_text('{"Values": {"MINE": "1"}}')

    assert app_settings(root) == {"MINE": "1"}


def test_damaged_settings_are_named(root: Path) -> None:
    """A settings file without Values is an error with its path."""
    (root / "local.settings.json").write_text("[]")

    with pytest.raises(StackError, match=r"local\.settings\.json must be a JSON object"):
        app_settings(root)
