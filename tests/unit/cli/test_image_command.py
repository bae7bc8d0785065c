"""`darkroom generate` and `darkroom edit` as they are typed: what they say, where, and how they exit."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli import account, report
from cli.main import main
from cli.pictures import Pictures
from shared.messages import ImageUsage, Problem, Status
from shared.names import IMAGE_JOBS
from tests.unit.cli.fakes import FakeTime, MemoryStorage
from tests.unit.cli.picture_fakes import FakePictures

REFUSED = Problem(code="refused", message="The content filter said no.", remedy="Say it otherwise.", retryable=False)


class Picky(FakePictures):
    """Makes a partial picture and then the picture; whoever asks for a dragon is refused."""

    def record(self, message: str, **changes: Any) -> None:
        """Write the job's record as it stands at this step."""
        if "dragon" in message:
            super().record(message, status=Status.FAILED, problem=REFUSED, outputs=())
        elif changes:
            super().record(message, **changes)
        else:
            super().record(message, usage=ImageUsage(text_in=3, out=9))


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> MemoryStorage:
    """A storage in which pictures are made, in the place of the local stack's."""
    storage = MemoryStorage()
    clock = FakeTime(
        storage, Picky(storage, [{"status": Status.RUNNING, "partials": ("partial/1-0.png",)}, {}])
    ).clock()
    monkeypatch.setattr(account, "of_stack", lambda state: storage)
    monkeypatch.setattr(report, "Pictures", lambda *given, **named: Pictures(*given, **named, clock=clock))
    return storage


@pytest.fixture
def cat(tmp_path: Path) -> Path:
    """A picture on disk."""
    path = tmp_path / "cat.png"
    path.write_bytes(b"hello")
    return path


def status_of(*arguments: str | Path) -> int | str | None:
    """The exit status of a command line."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    return caught.value.code


def posted(storage: MemoryStorage) -> list[dict[str, Any]]:
    """The messages that were posted, without their ids."""
    messages = [json.loads(text) for text in storage.queues.get(IMAGE_JOBS, [])]
    return [{key: value for key, value in message.items() if key != "job_id"} for message in messages]


def test_a_picture_is_made_while_its_partial_one_is_told(
    storage: MemoryStorage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output has the place of the picture and nothing else."""
    place = tmp_path / "a.png"

    assert status_of("generate", "A cat", "--stream", "--partial-images", "1", "--out", place) == 0
    told = capsys.readouterr()

    [job_id] = {json.loads(text)["job_id"] for text in storage.queues[IMAGE_JOBS]}
    assert told.out == f"{place}\n"
    assert told.err.splitlines() == [
        f"running    {job_id}: 1 partial picture",
        f"succeeded  {job_id}: 1 picture, 0.5 s",
        "1 succeeded.",
    ]


def test_json_is_an_object_with_all_that_is_known(storage: MemoryStorage, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get every field; a failure is status 1."""
    assert status_of("generate", "A dragon", "--json") == 1
    told = json.loads(capsys.readouterr().out)

    assert list(told) == [
        "job_id", "line", "status", "files", "usage", "estimated_usd", "seconds", "record", "revised_prompts", "notes",
        "problem",
    ]  # fmt: skip
    assert (told["status"], told["files"], told["problem"]) == ("failed", [], REFUSED.model_dump())


def test_every_option_of_making_reaches_the_message(storage: MemoryStorage) -> None:
    """What is typed is what is posted."""
    options = "--n 2 --size 1024x1024 --quality low --background opaque --output-format jpeg --output-compression 80"

    assert status_of("generate", "A cat", "--model", "gpt-image-1.5", *options.split(), "--moderation", "low") == 0
    assert status_of("generate", "A cat", "--user", "u1", "--stream", "--partial-images", "2") == 0
    dall_e = ("--model", "dall-e-3", "--style", "natural", "--response-format", "url")
    assert status_of("generate", "A cat", *dall_e) == 0

    assert posted(storage) == [
        {
            "prompt": "A cat", "model": "gpt-image-1.5", "n": 2, "size": "1024x1024", "quality": "low",
            "background": "opaque", "output_format": "jpeg", "output_compression": 80, "moderation": "low",
        },
        {"prompt": "A cat", "user": "u1", "stream": True, "partial_images": 2},
        {"prompt": "A cat", "model": "dall-e-3", "style": "natural", "response_format": "url"},
    ]  # fmt: skip


def test_every_option_of_editing_reaches_the_message(storage: MemoryStorage, cat: Path) -> None:
    """The last word is the prompt, all before it are pictures."""
    options = "--n 2 --size 1024x1024 --quality low --background opaque --output-format jpeg --output-compression 80"
    mask = ("--mask", cat, "--input-fidelity", "high", "--model", "gpt-image-1.5")
    upload = "images/uploads/2cf24dba5fb0a30e/cat.png"

    assert status_of("edit", cat, cat, "Make it night", *mask, *options.split()) == 0
    assert status_of("edit", cat, "Make it night", "--user", "u1", "--stream", "--partial-images", "2") == 0

    edit = {"prompt": "Make it night", "operation": "edit"}
    assert posted(storage) == [
        {
            **edit, "model": "gpt-image-1.5", "n": 2, "size": "1024x1024", "quality": "low", "background": "opaque",
            "output_format": "jpeg", "output_compression": 80, "images": [upload, upload], "mask": upload,
            "input_fidelity": "high",
        },
        {**edit, "images": [upload], "user": "u1", "stream": True, "partial_images": 2},
    ]  # fmt: skip


def test_a_dry_run_shows_request_and_price_and_needs_nothing(
    monkeypatch: pytest.MonkeyPatch, cat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No stack is looked for, and nothing is uploaded or posted."""
    arguments = ("edit", cat, "Make it night", "--size", "1024x1024", "--quality", "low", "--dry-run")

    assert status_of(*arguments, "--state", tmp_path / "none") == 0
    told = capsys.readouterr()

    message = json.loads(told.out)
    assert message.pop("job_id").startswith("cli-")
    assert message == {
        "prompt": "Make it night",
        "operation": "edit",
        "size": "1024x1024",
        "quality": "low",
        "images": ["images/uploads/2cf24dba5fb0a30e/cat.png"],
    }
    assert told.err == "Estimated price: at least 0.00816 USD.\n"


def test_a_batch_does_what_can_be_done(
    storage: MemoryStorage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bad line and a failed job make status 1; the good picture is there all the same."""
    file = tmp_path / "batch.jsonl"
    file.write_text('{"prompt": "A cat", "job_id": "cat"}\nnope\n{"prompt": "A dragon", "job_id": "dragon"}\n')

    assert status_of("generate", "--batch", file, "--quality", "low") == 1
    told = capsys.readouterr()

    assert told.out == "results/images/cat/1.png\n"
    assert told.err.splitlines()[0] == "failed     line 2: It is not JSON."
    assert "failed     line 3, dragon: The content filter said no. Say it otherwise." in told.err.splitlines()
    assert told.err.splitlines()[-1] == "1 succeeded, 2 failed."
    assert [message["quality"] for message in posted(storage)] == ["low", "low"]


def test_a_dry_run_of_a_batch_tells_its_bad_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The lines of an edit are edits unless they say otherwise, and status 1 says that one is bad."""
    file = tmp_path / "batch.jsonl"
    file.write_text('{"prompt": "a", "images": ["images/a.png"], "job_id": "a"}\n{"prompt": "b"}\n')

    assert status_of("edit", "--batch", file, "--dry-run") == 1
    told = capsys.readouterr()

    assert json.loads(told.out) == {"prompt": "a", "operation": "edit", "images": ["images/a.png"], "job_id": "a"}
    assert told.err.splitlines() == [
        "failed     line 2: An edit names the pictures to edit in `images`.",
        "Estimated price: unknown.",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate"],
        ["generate", "A cat", "--size", "1000x1000"],
        ["generate", "A cat", "--n", "0"],
        ["generate", "A cat", "--background", "blue"],
        ["generate", "A cat", "--batch", "{batch}"],
        ["generate", "A cat", "--out", "a.jpg"],
        ["generate", "--batch", "{batch}", "--out", "a.png"],
        ["generate", "--batch", "{empty}"],
        ["generate", "--batch", "nope"],
        ["edit"],
        ["edit", "Make it night"],
        ["edit", "nope.png", "Make it night"],
        ["edit", "images/a.png", "Make it night", "--batch", "{batch}"],
        ["edit", "images/a.png", "Make it night", "--moderation", "low"],
    ],
)
def test_wrong_use_is_status_2_and_posts_nothing(storage: MemoryStorage, tmp_path: Path, arguments: list[str]) -> None:
    """What cannot be meant is told before anything happens."""
    (tmp_path / "batch").write_text('{"prompt": "A cat"}')
    (tmp_path / "empty").write_text("\n")
    places = {"batch": tmp_path / "batch", "empty": tmp_path / "empty"}

    assert status_of(*(argument.format(**places) for argument in arguments)) == 2
    assert (storage.blobs, storage.queues) == ({}, {})
