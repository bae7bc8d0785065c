"""What is asked for at a keyboard becomes a message, or a sentence before anything is spent."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.errors import WrongUseError
from cli.image_jobs import Asked, BadLine, batch, new_id, price, single
from shared.image_messages import ImageJob
from shared.names import BlobRef


@pytest.fixture
def ids() -> Callable[[], str]:
    """Job ids that a test knows beforehand."""
    numbers = itertools.count(1)
    return lambda: f"cli-{next(numbers)}"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A file on disk; what is in it is looked at by the app only."""
    path = tmp_path / "a cat.png"
    path.write_bytes(b"hello")
    return path


def lines(path: Path, *texts: str | bytes) -> Path:
    """A batch with these lines."""
    path.write_bytes(b"\n".join(text if isinstance(text, bytes) else text.encode() for text in texts))
    return path


def told(found: Asked | BadLine) -> dict[str, Any] | str:
    """The message of a job, or what is wrong with its line."""
    return json.loads(found.message) if isinstance(found, Asked) else f"{found.line}: {found.error.message}"


def test_what_is_not_given_is_left_to_the_service(ids: Callable[[], str]) -> None:
    """The message has the keys that were given, and an id."""
    job = single({"operation": "generate", "prompt": "A cat", "n": None, "quality": "low"}, ids)

    assert json.loads(job.message) == {"prompt": "A cat", "quality": "low", "job_id": "cli-1"}
    assert job.inputs == []


def test_every_job_has_an_id_that_nobody_has() -> None:
    """Two pictures from the same words are two jobs."""
    assert new_id() != new_id()
    assert len(new_id()) == len("cli-") + 16


def test_files_become_uploads_by_their_content(ids: Callable[[], str], picture: Path) -> None:
    """A picture on disk and a blob are both named as blobs; the file's name is made safe, once for all its uses."""
    images = [str(picture), "documents/scan 1.png"]

    job = single({"operation": "edit", "prompt": "p", "images": images, "mask": str(picture)}, ids)

    uploaded = BlobRef("images", "uploads/2cf24dba5fb0a30e/a-cat.png")
    assert job.uploads == {uploaded: picture}
    assert job.inputs == [uploaded, BlobRef("documents", "scan 1.png")]
    assert (job.job.images, job.job.mask) == ((str(uploaded), "documents/scan 1.png"), str(uploaded))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"prompt": " "}, "The prompt is empty."),
        ({"prompt": "p", "n": 11}, "The option n cannot be used: input should be less than or equal to 10."),
        ({"prompt": "p", "size": "1000x1000"}, "A size of gpt-image-2 has sides that divide by 16."),
        ({"prompt": "p", "style": "vivid"}, "The model gpt-image-2 does not take the option style."),
        ({"prompt": "p", "operation": "edit"}, "An edit names the pictures to edit in `images`."),
        ({"prompt": "漢" * 17_000}, "The job has about 48 KiB or more; shorten the prompt."),
        (
            {"prompt": "p", "operation": "edit", "images": ["nope.png"]},
            "There is no file nope.png; a blob is named as documents/name or images/name.",
        ),
        (
            {"prompt": "p", "operation": "edit", "images": ["x" * 300]},
            f"There is no file {'x' * 300}; a blob is named as documents/name or images/name.",
        ),
        (
            {"prompt": "p", "operation": "edit", "images": ["images/../ledger/x"]},
            "A blob name may have no backslash, no control character and no segment . or .. in it.",
        ),
        (
            {"prompt": "p", "operation": "edit", "images": ["images/a.png"], "mask": "results/a.png"},
            "There is no file results/a.png; a blob is named as documents/name or images/name.",
        ),
    ],
)
def test_what_cannot_be_done_is_a_sentence(ids: Callable[[], str], options: dict[str, Any], sentence: str) -> None:
    """It is told before anything is posted."""
    with pytest.raises(WrongUseError) as caught:
        single(options, ids)

    assert str(caught.value) == sentence


def test_a_model_that_is_declared_here_is_checked_as_what_it_is_like(
    ids: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job without a model is checked by the one of the settings; a model that nobody knows is left to the app."""
    monkeypatch.setenv("DARKROOM_MODELS", '{"mine": {"like": "dall-e-3"}}')
    monkeypatch.setenv("DARKROOM_IMAGE_MODEL", "mine")

    assert single({"prompt": "p", "style": "vivid"}, ids).job.model is None
    assert single({"prompt": "p", "style": "vivid", "model": "unheard-of"}, ids).job.model == "unheard-of"
    with pytest.raises(WrongUseError, match="The model mine does not take the option background"):
        single({"prompt": "p", "background": "opaque"}, ids)


def test_a_bad_line_leaves_the_others_alone(ids: Callable[[], str], tmp_path: Path) -> None:
    """Each line is a job or a reason with the line's number; empty lines, a byte order mark and CR are no matter."""
    file = lines(
        tmp_path / "batch.jsonl",
        b'\xef\xbb\xbf{"prompt": "a"}\r',
        "",
        '{"prompt": "b", "job_id": "b"}',
        "nope",
        "[1]",
        '{"prompt": "c", "colour": "red"}',
        b"\xff",
        '{"prompt": "d", "job_id": "b"}',
        '{"prompt": "e", "images": [3], "operation": "edit"}',
        '{"prompt": "f", "job_id": 7}',
        "[" * 100_000,
    )

    assert [told(found) for found in batch(file, {}, ids)] == [
        {"prompt": "a", "job_id": "cli-1"},
        {"prompt": "b", "job_id": "b"},
        "4: It is not JSON.",
        "5: It is not a JSON object.",
        "6: The option colour cannot be used: extra inputs are not permitted.",
        "7: It is not JSON.",
        "8: An earlier line has the job id b too; choose another.",
        "9: The option images.0 cannot be used: input should be a valid string.",
        "10: The option job_id cannot be used: input should be a valid string.",
        "11: It is not JSON.",
    ]


def test_options_are_the_defaults_of_the_lines(ids: Callable[[], str], tmp_path: Path) -> None:
    """A line goes before the options, and null takes one away."""
    file = lines(tmp_path / "batch.jsonl", '{"prompt": "a", "quality": "high"}', '{"prompt": "b", "size": null}')

    found = [told(one) for one in batch(file, {"quality": "low", "size": "1024x1024", "prompt": None}, ids)]

    assert found == [
        {"prompt": "a", "quality": "high", "size": "1024x1024", "job_id": "cli-1"},
        {"prompt": "b", "quality": "low", "job_id": "cli-2"},
    ]


def test_a_batch_that_cannot_be_read_is_wrong_use(tmp_path: Path) -> None:
    """The reason is the system's own."""
    with pytest.raises(WrongUseError, match=r"The batch .*none cannot be read: No such file or directory"):
        list(batch(tmp_path / "none", {}))


def test_the_price_is_told_as_far_as_it_is_known() -> None:
    """Without size and quality nobody knows, and a sum of what is known says what it leaves out."""
    known = ImageJob(prompt="p", size="1024x1024", quality="low", n=2)
    unknown = ImageJob(prompt="p")

    assert price([known]) == "Estimated price: at least 0.01632 USD."
    assert price([unknown]) == "Estimated price: unknown."
    assert price([known, unknown, known]) == (
        "Estimated price: at least 0.03264 USD, and what 1 of 3 jobs cost is unknown."
    )
