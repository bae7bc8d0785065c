"""The command as people use it for pictures: make one, change it, do a batch."""

import json
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from shared.names import IMAGE_JOBS, RESULTS
from tests.end_to_end.conftest import Whole
from tests.end_to_end.test_cli_drop import darkroom

MAY_CHANGE = (256, 256, 512, 640)


@pytest.fixture
def state(whole: Whole, well_behaved_models: None) -> Path:
    """The state folder of the stack that runs."""
    return whole.logs.parent


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    """A mask that leaves a rectangle open."""
    image = Image.new("RGBA", (1024, 1024), "black")
    image.paste((0, 0, 0, 0), MAY_CHANGE)
    image.save(tmp_path / "mask.png")
    return tmp_path / "mask.png"


def test_a_picture_is_made_and_changed_within_a_mask(state: Path, tmp_path: Path, mask: Path) -> None:
    """Both are on disk; the second differs from the first where the mask lets it, and only there."""
    made, edited = tmp_path / "a lighthouse.png", tmp_path / "edited.png"

    first = darkroom("generate", "A lighthouse", "--size", "1024x1024", "--out", made, "--state", state)
    second = darkroom("edit", made, "Make it night", "--mask", mask, "--out", edited, "--state", state)

    assert (first.returncode, first.stdout) == (0, f"{made}\n"), first.stderr
    assert (second.returncode, second.stdout) == (0, f"{edited}\n"), second.stderr
    with Image.open(made) as before, Image.open(edited) as after:
        assert before.size == after.size == (1024, 1024)
        changed = ImageChops.difference(before.convert("RGB"), after.convert("RGB")).getbbox()
    assert changed is not None
    left, top, right, bottom = changed
    assert left >= MAY_CHANGE[0] and top >= MAY_CHANGE[1]
    assert right <= MAY_CHANGE[2] and bottom <= MAY_CHANGE[3]


def test_partial_pictures_come_into_the_folder_with_the_results(state: Path, tmp_path: Path) -> None:
    """They are pictures, beside the finished one and the record."""
    options = ("--stream", "--partial-images", "2", "--json", "--out", tmp_path, "--state", state)

    done = darkroom("generate", "A lighthouse", *options)

    told = json.loads(done.stdout)
    folder = tmp_path / told["job_id"]
    assert done.returncode == 0, done.stderr
    assert told["files"] == [str(folder / "1.png")]
    assert sorted(path.name for path in (folder / "partial").iterdir()) == ["1-0.png", "1-1.png"]
    for path in (folder / "1.png", *(folder / "partial").iterdir()):
        with Image.open(path) as picture:
            assert picture.size == (1024, 1024)
    assert told["usage"]["out"] > 0
    assert json.loads((folder / "job.json").read_text())["job_id"] == told["job_id"]


def test_partial_pictures_are_told_while_the_job_goes_on(whole: Whole, state: Path) -> None:
    """Whoever waits sees that something comes."""
    whole.emulator("PUT", "engine", {"seconds_per_picture": 2})

    done = darkroom("generate", "A lighthouse", "--stream", "--partial-images", "3", "--state", state)

    assert done.returncode == 0, done.stderr
    assert "partial picture" in done.stderr


def test_a_batch_of_good_and_bad_lines(state: Path, tmp_path: Path) -> None:
    """A refused prompt and a bad line are told with their lines, the others are made, and the status is 1."""
    batch = tmp_path / "batch.jsonl"
    jobs = [
        {"prompt": "A lighthouse", "n": 2},
        {"prompt": "A lighthouse", "size": "1000x1000"},
        {"prompt": "A boat", "output_format": "jpeg", "job_id": f"boat-{tmp_path.name}"},
    ]
    batch.write_text("".join(f"{json.dumps(job)}\n" for job in jobs))

    done = darkroom("generate", "--batch", batch, "--out", tmp_path / "out", "--json", "--state", state)
    again = darkroom("generate", "--batch", batch, "--out", tmp_path / "out", "--json", "--state", state)

    told = {line["line"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 1
    assert [Path(file).name for file in told[1]["files"]] == ["1.png", "2.png"]
    assert told[2]["problem"]["message"] == "A size of gpt-image-2 has sides that divide by 16."
    assert told[3]["files"] == [f"{tmp_path}/out/boat-{tmp_path.name}/1.jpeg"]
    repeated = {line["line"]: line for line in map(json.loads, again.stdout.splitlines())}
    assert repeated[3]["files"] == told[3]["files"]
    assert repeated[1]["job_id"] != told[1]["job_id"]


def test_a_dry_run_leaves_no_trace(whole: Whole, state: Path, mask: Path) -> None:
    """No blob, no message, no call."""
    blobs = [blob.ref for container in ("images", RESULTS) for blob in whole.storage.list(container)]

    done = darkroom("edit", mask, "Make it night", "--dry-run", "--state", state)

    assert done.returncode == 0
    assert json.loads(done.stdout)["operation"] == "edit"
    assert done.stderr == "Estimated price: unknown.\n"
    assert [blob.ref for container in ("images", RESULTS) for blob in whole.storage.list(container)] == blobs
    assert whole.storage.depth(IMAGE_JOBS) == 0
