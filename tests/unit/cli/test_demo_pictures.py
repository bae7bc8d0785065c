"""The demo checks the pictures that it shows."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from cli import demo_pictures
from cli.demo_pictures import EDITED, MADE, MASK, faults_of, make, table, write_mask
from cli.outcome import ImageOutcome
from cli.pictures import Pictures
from local.stack import ROOT
from shared.image_messages import ImageJob
from shared.messages import Problem, Status
from shared.names import IMAGE_JOBS, RESULTS, BlobRef
from tests.unit.cli.fakes import FakeTime, MemoryStorage
from tests.unit.cli.picture_fakes import FakePictures

Box = tuple[int, int, int, int]


def picture(path: Path, *, size: tuple[int, int] = (1024, 1024), change: Box | None = None) -> Path:
    """A red picture, with a blue rectangle where it is changed."""
    image = Image.new("RGB", size, "red")
    if change:
        image.paste("blue", change)
    image.save(path, "PNG")
    return path


def outcome(*files: Path) -> ImageOutcome:
    """The outcome of a job that made these pictures."""
    return ImageOutcome("cat", Status.SUCCEEDED, job_id="cat", files=tuple(map(str, files)), seconds=1.5)


@pytest.fixture
def edited(tmp_path: Path) -> Callable[..., list[str]]:
    """The faults of an edit that changed this."""

    def faults(change: Box | None) -> list[str]:
        before, after = picture(tmp_path / "a.png"), picture(tmp_path / "b.png", change=change)
        return list(faults_of([outcome(before), outcome(after)]))

    return faults


def test_an_edit_within_the_mask_has_no_fault(edited: Callable[..., list[str]]) -> None:
    """All that the mask leaves open may change."""
    assert edited((256, 512, 768, 896)) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (None, "The edit changed nothing."),
        ((255, 512, 300, 600), "The edit changed what the mask keeps."),
        ((300, 511, 400, 600), "The edit changed what the mask keeps."),
        ((300, 600, 769, 700), "The edit changed what the mask keeps."),
        ((300, 600, 400, 897), "The edit changed what the mask keeps."),
    ],
)
def test_an_edit_that_does_not_keep_to_the_mask_is_a_fault(
    edited: Callable[..., list[str]], change: Box | None, fault: str
) -> None:
    """On every side, and when nothing happened at all."""
    assert edited(change) == [fault]


def test_a_picture_that_was_not_made_or_has_another_size_is_a_fault(tmp_path: Path) -> None:
    """The reason is the job's own."""
    problem = Problem(code="refused", message="The content filter said no.", retryable=False)
    failed = ImageOutcome("dragon", Status.FAILED, job_id="dragon", problem=problem)
    small = picture(tmp_path / "small.png", size=(64, 32))

    assert list(faults_of([outcome(small), failed])) == [
        f"{small} has 64 x 32 pixels.",
        "The picture of the job dragon was not made: The content filter said no.",
    ]


def test_the_mask_opens_its_rectangle_and_nothing_else(tmp_path: Path) -> None:
    """Transparent within, opaque without, as the service wants it."""
    write_mask(tmp_path / "mask.png")

    with Image.open(tmp_path / "mask.png") as mask:
        assert (mask.format, mask.mode, mask.size) == ("PNG", "RGBA", (1024, 1024))
        alpha = mask.getchannel("A")
        assert alpha.point(lambda value: 255 - value).getbbox() == (256, 512, 768, 896)
        assert sorted(set(alpha.tobytes())) == [0, 255]


def test_the_edit_gets_the_picture_a_sample_and_the_mask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both pictures and the mask lie in the folder, and the table shows where."""
    storage = MemoryStorage()

    class Painter(FakePictures):
        def work(self) -> None:
            super().work()
            for ref in [ref for ref in storage.blobs if ref.container == RESULTS and ref.name.endswith("/1.png")]:
                storage.write(ref, picture(tmp_path / "made").read_bytes(), "")

    clock = FakeTime(storage, Painter(storage)).clock()
    monkeypatch.setattr(demo_pictures, "Pictures", lambda *given, **named: Pictures(*given, **named, clock=clock))
    console = Console(file=io.StringIO())

    outcomes = make(storage, ROOT / "samples", tmp_path / "out", console, timeout=60)

    generate, edit = (ImageJob.model_validate_json(text) for text in storage.queues[IMAGE_JOBS])
    uploads = [storage.blobs[BlobRef.parse(name)][0] for name in (*(edit.images or ()), str(edit.mask))]
    sample = ROOT / "samples" / "scans" / "invoice 4711.png"
    files = [tmp_path / "out" / MADE, sample, tmp_path / "out" / MASK]
    assert (generate.operation, generate.model, generate.size) == ("generate", "gpt-image-2", "1024x1024")
    assert uploads == [file.read_bytes() for file in files]
    assert [one.files for one in outcomes] == [(str(tmp_path / "out" / name),) for name in (MADE, EDITED)]
    console.print(table(outcomes, tmp_path))
    assert isinstance(console.file, io.StringIO)
    assert "out/darkroom-edited.png" in console.file.getvalue()


def test_no_edit_follows_a_picture_that_was_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to edit."""
    storage = MemoryStorage()
    clock = FakeTime(storage, FakePictures(storage, [{"status": Status.FAILED, "outputs": ()}])).clock()
    monkeypatch.setattr(demo_pictures, "Pictures", lambda *given, **named: Pictures(*given, **named, clock=clock))

    outcomes = make(storage, ROOT / "samples", tmp_path, Console(file=io.StringIO()), timeout=60)

    assert [one.status for one in outcomes] == ["failed"]
