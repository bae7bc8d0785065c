"""The scripts that azd starts after a deployment: small, the same on every system, and checked by their own tools."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_powershell

from tests.documentation import ROOT
from tests.infra.deployment import ENVIRONMENT, GOOD
from tests.infra.fake_az import FakeAz, command

HOOKS = ROOT / "infra" / "hooks"
SHELL, POWERSHELL = HOOKS / "postdeploy.sh", HOOKS / "postdeploy.ps1"


def run(path: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """What azd does: the script from another folder, with what was provisioned in the environment."""
    return subprocess.run(
        ["/bin/sh", str(SHELL)], cwd="/", env={"PATH": path, **environment}, capture_output=True, text=True, check=False
    )


def test_the_script_finishes_a_deployment(tmp_path: Path) -> None:
    """With az and azd on the PATH: az is asked for all, azd for nothing, and no word of a key is told."""
    answers = {**GOOD, "functionapp show": [(0, "127.0.0.1:9\n")], "storage blob show": [(0, "succeeded\n")]}
    az = FakeAz(tmp_path, answers)
    command(tmp_path, "az")
    (tmp_path / "azd").write_text(f"#!/bin/sh\ntouch '{tmp_path}/asked-azd'\n")
    (tmp_path / "azd").chmod(0o755)

    done = run(f"{tmp_path}:{os.environ['PATH']}", **ENVIRONMENT)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "darkroom: It was read, and is removed: what is dropped is read."
    assert len(az.calls) == 9
    assert not (tmp_path / "asked-azd").exists()


def test_the_script_can_be_run_by_its_name() -> None:
    """azd gives it to no shell on Linux and macOS."""
    assert os.access(SHELL, os.X_OK)


def test_a_failure_is_one_sentence_and_status_1(tmp_path: Path) -> None:
    """azd shows it and stops."""
    done = run(os.environ["PATH"], AZURE_SUBSCRIPTION_ID="s-1", AZURE_RESOURCE_GROUP="rg-dark")

    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"darkroom: The environment does not tell AZURE_FUNCTION_APP_NAME, .*\n", done.stderr)


def test_a_machine_without_python_is_told_so(tmp_path: Path) -> None:
    """One that is too old is as none."""
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python3").chmod(0o755)
    (tmp_path / "dirname").symlink_to("/usr/bin/dirname")

    done = run(str(tmp_path), **ENVIRONMENT)

    assert done.returncode == 1
    assert done.stderr == (
        "darkroom: Python 3.11 or later is needed here. Install it, then run 'azd hooks run postdeploy'.\n"
    )


def test_the_shell_script_passes_shellcheck() -> None:
    """Every remark of it counts."""
    shellcheck = Path(sys.executable).with_name("shellcheck")
    checked = subprocess.run([str(shellcheck), str(SHELL)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")


def test_the_powershell_script_is_powershell() -> None:
    """Its grammar is checked, for nothing here can run it."""
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    assert not parser.parse(POWERSHELL.read_bytes()).root_node.has_error
    assert parser.parse(b"if ($x { exit 1 }").root_node.has_error


@pytest.mark.parametrize("script", [SHELL, POWERSHELL])
def test_both_scripts_do_the_same(script: Path) -> None:
    """The same Python, the same module, the same words: whatever is asked of Azure is in one place."""
    text = script.read_text()
    assert re.findall(r"-m (\S+)", text) == ["infra.hooks.postdeploy"]
    assert re.findall(r"-c '([^']+)'", text) == ["import sys; sys.exit(sys.version_info < (3, 11))"]
    assert "darkroom: Python 3.11 or later is needed here. Install it, then run 'azd hooks run postdeploy'." in text
    assert not re.search(r"\baz\b", text)


def test_azd_starts_these_scripts() -> None:
    """`azure.yaml` names them, for each kind of system."""
    told = (ROOT / "azure.yaml").read_text()
    assert re.findall(r"run: (infra\S+)", told) == ["infra/hooks/postdeploy.sh", "infra/hooks/postdeploy.ps1"]


def test_azd_waits_for_the_roles_before_it_uploads_the_code() -> None:
    """The first `azd up` would end with a 403 of the storage: nothing in azd tries an upload again."""
    told = (ROOT / "azure.yaml").read_text()
    hook = re.search(r"^  postprovision:\n((?:    .*\n)+)", told, re.MULTILINE)

    assert hook is not None
    assert re.findall(r"run: (.+)", hook[1]) == ["sleep 60", "Start-Sleep 60"]
