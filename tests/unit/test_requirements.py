"""What is deployed is pinned with hashes, says what the app needs, and is what the tests ran with."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
NEEDED = (ROOT / "requirements.in").read_text()
LOCK = (ROOT / "requirements.txt").read_text()


def needed() -> list[Requirement]:
    """What the app names itself."""
    return [Requirement(line) for line in NEEDED.splitlines() if not line.startswith("#")]


def locked() -> Iterator[tuple[Requirement, list[str]]]:
    """What is installed where it runs, each with the SHA-256 hashes of its files."""
    for entry in re.split(r"\n(?=[a-z])", re.sub(r"^ *#.*\n", "", LOCK, flags=re.MULTILINE).strip()):
        named, *options = entry.split(" \\\n")
        yield Requirement(named), [option.strip().removeprefix("--hash=sha256:") for option in options]


def test_every_package_is_pinned_and_every_file_has_its_hash() -> None:
    """An index that was tampered with, or a package that changed, is refused where the app is deployed."""
    found = list(locked())
    assert len(found) > len(needed())
    for requirement, hashes in found:
        assert re.fullmatch(r"==[0-9][0-9A-Za-z.]*", str(requirement.specifier)), requirement.name
        assert hashes, requirement.name
        assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in hashes), requirement.name


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_the_lock_has_what_the_app_names_in_that_version_on_each_python(python: str) -> None:
    """Python 3.13 has another azure-functions; a change in requirements.in without `make lock` shows here."""
    where = {"python_version": python, "python_full_version": f"{python}.1"}

    def chosen(requirements: list[Requirement]) -> dict[str, str]:
        return {r.name: str(r.specifier) for r in requirements if not r.marker or r.marker.evaluate(where)}

    named, pinned = chosen(needed()), chosen([requirement for requirement, _ in locked()])
    assert named.items() <= pinned.items()


def test_the_tests_run_with_the_versions_that_are_deployed() -> None:
    """What a tool for developers needs must not put another version in the place of one that is deployed."""
    here = [requirement for requirement, _ in locked() if not requirement.marker or requirement.marker.evaluate()]
    assert {r.name: f"=={version(r.name)}" for r in here} == {r.name: str(r.specifier) for r in here}


def test_no_address_of_an_index_is_in_the_lock() -> None:
    """Whoever deploys chooses where packages come from; the hashes hold for each."""
    assert "://" not in LOCK
    assert "index" not in LOCK


def test_the_package_depends_on_what_is_named() -> None:
    """The installation at a keyboard reads the file without hashes, which its tools cannot read."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["dynamic"]["dependencies"] == {"file": ["requirements.in"]}
