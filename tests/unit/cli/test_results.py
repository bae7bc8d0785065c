"""Nothing is written outside the folder that was asked for, and no two documents share one."""

from pathlib import Path

import pytest

from cli.results import broken_links, fetch, safe_path
from shared.messages import Status
from shared.names import BlobRef, ocr_folder, record_of
from shared.records import read_record
from tests.unit.cli.fakes import FakeDarkroom, MemoryStorage

HOSTILE = [
    "../../etc/passwd",
    "/etc/passwd",
    "a//b.pdf",
    "C:\\Windows\\x.pdf",
    "C:/x.pdf",
    "..",
    ".",
    "a/./b",
    "...",
    "trailing.",
    "trailing ",
    "nul",
    "LPT1.pdf",
    "a\x00b",
    "a\nb.pdf",
    "n" * 1000,
    "図" * 300,
    "/".join("d" * 300 for _ in range(3)),
]


@pytest.mark.parametrize("name", ["q3.pdf", "reports/Köln #7 100%.jpg", "图表.webp", ".hidden/a..b.pdf", "x" * 200])
def test_a_harmless_name_stays_as_it_is(name: str) -> None:
    """Results lie where the document's name says."""
    assert safe_path(name) == Path(name)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_leaves_its_folder_or_breaks_the_disk(tmp_path: Path, name: str) -> None:
    """Dots, roots, drives, devices and endless names become a path inside, which the disk takes."""
    target = tmp_path / safe_path(name) / "document.md"

    target.parent.mkdir(parents=True)
    target.write_text("x")

    assert target.resolve().is_relative_to(tmp_path)
    assert not any(set(part) & set('<>:"|?*\\\x00\n') or part.endswith((".", " ")) for part in safe_path(name).parts)


@pytest.mark.parametrize("name", ["nul", "LPT1.pdf", "con.tar.gz"])
def test_no_name_is_a_device(name: str) -> None:
    """Windows would write the results into the device."""
    assert safe_path(name).name.startswith(f"_{name}~")


def test_hostile_names_do_not_meet() -> None:
    """Names that differ only in what was taken out keep folders of their own."""
    names = [*HOSTILE, "n" * 999, "trailing", "a_b", "_nul", "a/b.pdf", "..\\..\\etc\\passwd"]

    assert len({str(safe_path(name)).casefold() for name in names}) == len(names)


def test_an_output_that_points_elsewhere_stays_inside(tmp_path: Path) -> None:
    """The record's list of outputs is data from storage, not a place on this disk."""
    storage = MemoryStorage()
    ref = BlobRef("documents", "q3.pdf")
    storage.write(ref, b"", "")
    FakeDarkroom(storage).record(ref, {"status": Status.SUCCEEDED, "outputs": ("document.md", "../../evil.md")})
    record = read_record(storage, ocr_folder(ref))
    assert record is not None

    fetch(storage, ocr_folder(ref), record, tmp_path / "out" / "q3.pdf")

    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 3
    assert all(path.is_relative_to(tmp_path / "out" / "q3.pdf") for path in written)


def test_the_record_is_copied_beside_the_text(tmp_path: Path) -> None:
    """What a job did and cost stays with its result."""
    storage = MemoryStorage()
    ref = BlobRef("documents", "q3.pdf")
    storage.write(ref, b"", "")
    FakeDarkroom(storage).record(ref, {"status": Status.SUCCEEDED})
    record = read_record(storage, ocr_folder(ref))
    assert record is not None

    fetch(storage, ocr_folder(ref), record, tmp_path)

    assert (tmp_path / "job.json").read_bytes() == storage.read(record_of(ocr_folder(ref)))


def test_links_that_lead_nowhere_are_found(tmp_path: Path) -> None:
    """Figures and tables that a document links to must lie beside it; links in its text are its own."""
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "page-1-a.png").touch()
    (tmp_path / "document.md").write_text(
        "![a](figures/page-1-a.png) ![b](figures/page-1-b.png)\n[t](tables/page-1-t.md) [web](https://example.com)\n"
    )

    assert list(broken_links(tmp_path / "document.md")) == ["figures/page-1-b.png", "tables/page-1-t.md"]
