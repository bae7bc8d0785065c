"""Image jobs are posted once and followed to their end, whatever it is."""

from pathlib import Path
from typing import Any

import pytest

from cli.errors import InterruptedByUserError, WrongUseError
from cli.image_jobs import Asked, single
from cli.outcome import ImageOutcome
from cli.pictures import Pictures, check_out
from shared.image_messages import ImageJob
from shared.messages import ImageUsage, Problem, Status
from shared.names import IMAGE_JOBS, BlobRef
from tests.unit.cli.fakes import FakeTime, MemoryStorage
from tests.unit.cli.picture_fakes import PICTURE, FakePictures

WAIT = Problem(code="throttled", message="The model asks for a pause.", retryable=True)
REFUSED = Problem(code="refused", message="The content filter said no.", remedy="Say it otherwise.", retryable=False)


def asked(**options: Any) -> Asked:
    """A job with a known id."""
    return single({"prompt": "A cat", "job_id": "cat", **options})


def run(
    storage: MemoryStorage, *jobs: Asked, stories: list[list[dict[str, Any]]] | None = None, **options: Any
) -> tuple[list[ImageOutcome], list[ImageOutcome]]:
    """Have jobs done by a fake Darkroom with the given stories; the outcomes, and all that was shown."""
    shown: list[ImageOutcome] = []
    time = FakeTime(storage, FakePictures(storage, *(stories or [])))
    given: dict[str, Any] = {"out": None, "show": shown.append, "clock": time.clock(), **options}
    return Pictures(storage, **given).run(jobs), shown


def files(folder: Path) -> list[str]:
    """All files below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_job_ends_with_what_its_record_tells() -> None:
    """Usage, price, prompts and notes of a finished job reach the outcome, and it was posted once."""
    storage, job = MemoryStorage(), asked(n=2)
    record = {
        "usage": ImageUsage(text_in=3, out=9),
        "estimated_usd": 0.08,
        "revised_prompts": ("A black cat",),
        "notes": ("A note.",),
    }

    [outcome], _ = run(storage, job, stories=[[record]])

    assert storage.queues[IMAGE_JOBS] == [job.message]
    assert (outcome.status, outcome.record) == ("succeeded", "results/images/cat/job.json")
    assert outcome.files == ("results/images/cat/1.png", "results/images/cat/2.png")
    assert outcome.usage == {"text_in": 3, "image_in": None, "out": 9}
    assert (outcome.estimated_usd, outcome.revised_prompts) == (0.08, ("A black cat",))
    assert outcome.told == f"2 pictures, {outcome.seconds:.1f} s, 0.08 USD A note."


def test_pictures_are_copied_into_a_folder_or_a_file(tmp_path: Path) -> None:
    """A folder gets all results below the job's id, a file the picture alone."""
    [below], _ = run(MemoryStorage(), asked(n=2), out=tmp_path / "pictures")
    [alone], _ = run(MemoryStorage(), asked(), out=tmp_path / "cat.png")

    assert files(tmp_path) == ["cat.png", "pictures/cat/1.png", "pictures/cat/2.png", "pictures/cat/job.json"]
    assert below.files == tuple(str(tmp_path / f"pictures/cat/{number}.png") for number in (1, 2))
    assert alone.files == (str(tmp_path / "cat.png"),)
    assert (tmp_path / "cat.png").read_bytes() == PICTURE


def test_partial_pictures_are_counted_and_copied_as_they_arrive(tmp_path: Path) -> None:
    """Whoever waits sees them before the job ends; they are no finished pictures."""
    story: list[dict[str, Any]] = [
        {"status": Status.RUNNING, "partials": ("partial/1-0.png",)},
        {"status": Status.RUNNING, "partials": ("partial/1-1.png",)},
        {"outputs": ("1.png", "partial/1-0.png", "partial/1-1.png")},
    ]
    seen: list[tuple[str, list[str]]] = []

    def show(outcome: ImageOutcome) -> None:
        seen.append((outcome.told, files(tmp_path)))

    job = asked(stream=True, partial_images=2)
    [outcome], _ = run(MemoryStorage(), job, stories=[story], out=tmp_path, show=show)

    assert outcome.files == (str(tmp_path / "cat/1.png"),)
    running = [(told, there) for told, there in seen if "partial picture" in told]
    assert running == [
        ("1 partial picture", ["cat/partial/1-0.png"]),
        ("2 partial pictures", ["cat/partial/1-0.png", "cat/partial/1-1.png"]),
    ]


def test_a_waiting_job_is_shown_with_its_reason_and_followed_on() -> None:
    """A throttled job is no end, and once it runs its old reason is not told any more."""
    story = [{"status": Status.WAITING, "problem": WAIT}, {"status": Status.RUNNING, "problem": WAIT}, {}]

    [outcome], shown = run(MemoryStorage(), asked(), stories=[story])

    steps = [(one.status, one.told) for one in shown if one.status in ("waiting", "running")]
    assert steps == [("waiting", "The model asks for a pause."), ("running", "")]
    assert outcome.succeeded


def test_a_failed_job_keeps_the_pictures_that_were_paid(tmp_path: Path) -> None:
    """Two of three pictures are copied all the same, and the failure is told."""
    story = [{"status": Status.FAILED, "problem": REFUSED, "outputs": ("1.png", "3.png")}]

    [outcome], _ = run(MemoryStorage(), asked(n=3), stories=[story], out=tmp_path)

    assert (outcome.status, outcome.problem) == ("failed", REFUSED)
    assert outcome.files == (str(tmp_path / "cat/1.png"), str(tmp_path / "cat/3.png"))
    assert files(tmp_path) == ["cat/1.png", "cat/3.png", "cat/job.json"]


def test_a_file_is_uploaded_before_the_job_is_posted_and_only_once(tmp_path: Path) -> None:
    """What lies in storage already is not written again, for a job may be reading it."""
    storage, picture = MemoryStorage(), tmp_path / "cat.png"
    picture.write_bytes(b"hello")
    edits = [asked(operation="edit", images=[str(picture)], job_id=name) for name in ("one", "two")]
    [ref] = edits[0].uploads

    run(storage, edits[0])
    before = storage.blobs[ref]
    [outcome], _ = run(storage, edits[1])

    assert outcome.succeeded
    assert before[0] == b"hello"
    assert storage.blobs[ref] == before


def test_a_blob_that_is_not_there_is_not_posted() -> None:
    """A misspelt input costs nothing."""
    storage = MemoryStorage()

    [outcome], _ = run(storage, asked(operation="edit", images=["images/nope.png"]))

    assert outcome.problem is not None
    assert (outcome.status, outcome.problem.message) == ("failed", "There is no file or blob images/nope.png.")
    assert storage.queues == {}


@pytest.mark.parametrize("taken_later", [False, True])
def test_the_record_of_another_job_is_not_taken_for_this_one(taken_later: bool) -> None:
    """Neither one that was there before nor one that comes first."""
    storage, other = MemoryStorage(), asked(prompt="A dog")
    darkroom = FakePictures(storage)
    if not taken_later:
        darkroom.record(other.message)

    class Other(FakePictures):
        def work(self) -> None:
            self.record(other.message)

    time = FakeTime(storage, Other(storage))
    [outcome] = Pictures(storage, out=None, show=lambda _: None, clock=time.clock()).run([asked()])

    assert outcome.problem is not None
    assert (outcome.status, outcome.problem.code) == ("failed", "job_id_taken")
    assert outcome.files == ()
    assert (IMAGE_JOBS in storage.queues) is taken_later


def test_the_same_job_again_gets_the_same_pictures() -> None:
    """An id of one's own makes a command that can be repeated."""
    storage = MemoryStorage()
    FakePictures(storage).record(asked().message)

    [outcome], _ = run(storage, asked())

    assert outcome.files == ("results/images/cat/1.png",)


def test_time_over_leaves_the_job_going() -> None:
    """A job that does not end in time is told as unfinished, with what it waits for and where to look later."""
    story = [{"status": Status.WAITING, "problem": WAIT}]

    [outcome], shown = run(MemoryStorage(), asked(), stories=[story], timeout=60)

    assert outcome.problem is not None
    assert (outcome.status, outcome.problem.retryable) == ("unfinished", False)  # asked again, it is paid again
    assert outcome.told == (
        "Not made after 60 s; the job goes on. It waits: The model asks for a pause. "
        "Look into results/images/cat/ later."
    )
    assert shown[-1] == outcome


def test_a_missing_result_is_a_failure_that_warns_of_paying_twice(tmp_path: Path) -> None:
    """A record that names a file which is not there is not reported as success."""
    storage = MemoryStorage()

    class Losing(FakePictures):
        def work(self) -> None:
            super().work()
            storage.blobs.pop(BlobRef("results", "images/cat/1.png"), None)

    time = FakeTime(storage, Losing(storage))
    [outcome] = Pictures(storage, out=tmp_path / "a.png", show=lambda _: None, clock=time.clock()).run([asked()])

    assert outcome.status == "failed"
    assert outcome.told == (
        "Its result 1.png is gone from storage. "
        "Look into results/images/cat/ before you ask again: the pictures may be there and paid."
    )
    assert files(tmp_path) == []


def test_ctrl_c_tells_which_jobs_go_on() -> None:
    """Who interrupts learns where the pictures will be told of."""

    def interrupted(outcome: ImageOutcome) -> None:
        if outcome.status == "queued":
            raise KeyboardInterrupt

    with pytest.raises(InterruptedByUserError) as caught:
        run(MemoryStorage(), asked(), stories=[[]], show=interrupted)

    assert str(caught.value) == "Interrupted; 1 job goes on: look at results/images/cat/job.json."


@pytest.mark.parametrize(
    ("out", "options", "sentence"),
    [
        ("a.png", {"n": 2}, "Several pictures cannot go into the one file {}; name a folder as --out."),
        ("a.png", None, "Several pictures cannot go into the one file {}; name a folder as --out."),
        ("a.JPG", {}, "The picture is made as png, which {} is not; change --out or --output-format."),
        ("notes.txt", {}, "{} is neither a folder nor a PNG or JPEG file; name another --out."),
    ],
)
def test_a_place_that_does_not_fit_is_refused(
    tmp_path: Path, out: str, options: dict[str, Any] | None, sentence: str
) -> None:
    """Before anything is paid."""
    (tmp_path / "notes.txt").touch()

    with pytest.raises(WrongUseError) as caught:
        check_out(tmp_path / out, None if options is None else ImageJob(prompt="p", **options))

    assert str(caught.value) == sentence.format(tmp_path / out)


@pytest.mark.parametrize("out", ["new", "folder.png", "a.png", None])
def test_a_place_that_fits_is_let_pass(tmp_path: Path, out: str | None) -> None:
    """A folder may be named like a picture when it is there."""
    (tmp_path / "folder.png").mkdir()

    check_out(tmp_path / out if out else None, ImageJob(prompt="p"))
