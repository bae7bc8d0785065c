"""Runs the tests that need no storage on the other Pythons that the app supports, where this machine has them."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.12", "3.13")


def main() -> int:
    """The exit status: 1 when a version failed."""
    failed = [version for version in VERSIONS if (python := _find(version)) and not _passes(version, python)]
    return 1 if failed else 0


def _find(version: str) -> str | None:
    beside = sorted(Path(sys.base_prefix).parent.glob(f"{version}.*/bin/python{version}"))  # as pyenv lays them out
    found = str(beside[-1]) if beside else shutil.which(f"python{version}")
    if found is None:
        print(f"Python {version} is not installed here; its tests did not run.")
    return found


def _passes(version: str, python: str) -> bool:
    place = ROOT / ".venv" / "versions" / version
    own = str(place / "bin" / "python")
    if not place.exists():
        subprocess.run([python, "-m", "venv", str(place)], check=True)
    subprocess.run([own, "-m", "pip", "install", "--quiet", "--editable", f"{ROOT}[cli,local,dev]"], check=True)
    print(f"Python {version}:", flush=True)
    return subprocess.run([own, "-m", "pytest", "tests/unit"], cwd=ROOT, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
