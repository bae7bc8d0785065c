"""Which files are dropped, and under which names."""

from pathlib import Path

import pytest

from cli.errors import WrongUseError
from cli.inputs import collect


def test_a_folder_gives_its_files_under_their_paths_in_it(tmp_path: Path) -> None:
    """A file keeps its name, a folder's files their paths in it; hidden ones stay where they are."""
    for name in ("box/a/ü 1.pdf", "box/b.pdf", "box/.DS_Store", "box/.git/config", "single.pdf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    found = collect([tmp_path / "box", tmp_path / "single.pdf"])

    assert [item.name for item in found] == ["b.pdf", "a/ü 1.pdf", "single.pdf"]
    assert [item.path for item in found] == [
        tmp_path / "box/b.pdf",
        tmp_path / "box/a/ü 1.pdf",
        tmp_path / "single.pdf",
    ]


def test_a_link_in_a_circle_does_not_trap_the_walk(tmp_path: Path) -> None:
    """A folder that links to itself is walked once."""
    (tmp_path / "a.pdf").touch()
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)

    assert [item.name for item in collect([tmp_path])] == ["a.pdf"]


def test_two_files_never_become_the_same_document(tmp_path: Path) -> None:
    """The later would silently replace the earlier."""
    for name in ("a/q3.pdf", "b/q3.pdf"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    first, second = tmp_path / "a/q3.pdf", tmp_path / "b/q3.pdf"

    with pytest.raises(WrongUseError) as caught:
        collect([first, second])

    assert str(caught.value) == (
        f"{first} and {second} would both become documents/q3.pdf; drop a folder that holds both."
    )


def test_the_same_file_twice_is_one_drop(tmp_path: Path) -> None:
    """Naming a file twice is no clash, and it is dropped once."""
    (tmp_path / "a.pdf").touch()

    assert len(collect([tmp_path / "a.pdf", tmp_path / "a.pdf"])) == 1


def test_what_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    """A misspelt name and an empty folder are told before anything is uploaded."""
    with pytest.raises(WrongUseError, match=r"There is no file or folder .*nope\.pdf\."):
        collect([tmp_path / "nope.pdf"])
    with pytest.raises(WrongUseError, match=r"The folder .* holds no files\."):
        collect([tmp_path])
