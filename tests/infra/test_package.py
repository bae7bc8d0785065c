"""What azd packs: the code that runs in Azure, and nothing else."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pathspec import GitIgnoreSpec

from tests.infra.bicep import INFRA, at, properties, read, said

ROOT = INFRA.parent
IGNORED = GitIgnoreSpec.from_lines((ROOT / ".funcignore").read_text().splitlines())


def test_the_package_is_the_app_and_what_it_imports() -> None:
    """Whatever else is packed is cold start, and may be nobody's business."""
    packed = set(_packed(ROOT))

    assert {name for name in packed if not name.startswith("shared/")} == {
        "function_app.py",
        "host.json",
        "requirements.txt",
    }
    assert {name.rpartition(".")[2] for name in packed if name.startswith("shared/")} == {"py"}


@pytest.mark.parametrize(
    "left",
    [
        ".azure/dev/.env",
        ".venv/pyvenv.cfg",
        "darkroom_env/pyvenv.cfg",
        "darkroom.egg-info/PKG-INFO",
        "local.settings.json",
        "shared/__pycache__/names.cpython-313.pyc",
    ],
)
def test_what_tools_leave_behind_is_not_packed(left: str) -> None:
    """With a file of its own azd leaves nothing out by itself, not even the virtual environment that it makes."""
    assert IGNORED.match_file(left)


def test_azd_finds_the_app_by_its_tag() -> None:
    """azd deploys a service to the resource that carries its name."""
    app = properties(read(INFRA / "modules/app.bicep").of("resource")["app"].value)
    services = re.findall(r"^services:\n  (\w+):\n    project: \.\n", (ROOT / "azure.yaml").read_text(), re.MULTILINE)

    assert services == ["app"]
    assert f"'azd-service-name': '{services[0]}'" in said(app["tags"])


def test_the_app_runs_on_a_python_that_the_code_is_tested_with() -> None:
    """The runtime's version is asked for in the template and promised in pyproject.toml."""
    app = properties(read(INFRA / "modules/app.bicep").of("resource")["app"].value)
    wanted = at(app["properties"], "functionAppConfig.runtime.version")
    lowest, below = re.findall(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', (ROOT / "pyproject.toml").read_text())[0]

    assert int(lowest) <= int(wanted.removeprefix("3.")) < int(below)


def _packed(folder: Path) -> Iterator[str]:
    for entry in folder.iterdir():
        name = entry.relative_to(ROOT).as_posix()
        if entry.is_dir() and not IGNORED.match_file(f"{name}/"):
            yield from _packed(entry)
        elif entry.is_file() and not IGNORED.match_file(name):
            yield name
