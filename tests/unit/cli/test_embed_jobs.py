"""What is to be embedded becomes as few messages as carry it, or a sentence before anything is spent."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from cli.embed_jobs import AskedVectors, jobs, model_of
from cli.errors import WrongUseError
from shared.storage import LARGEST_MESSAGE
from tests.fakes import small_png


@pytest.fixture(autouse=True)
def usual_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine has set."""
    for name in ("MODEL", "ROUTE", "ENDPOINT"):
        monkeypatch.delenv(f"DARKROOM_EMBEDDING_{name}", raising=False)


def asked(*arguments: str | Path, **options: Any) -> list[AskedVectors]:
    """The jobs of these arguments, with ids that are known beforehand."""
    numbers = itertools.count(1)
    return jobs([*map(str, arguments)], options, stdin=bytes, new_id=lambda: f"cli-{next(numbers)}")


def texts(found: list[AskedVectors]) -> list[list[str | None]]:
    """The texts of each job."""
    return [[one.text for one in job.job.inputs] for job in found]


def test_all_inputs_are_one_job(tmp_path: Path) -> None:
    """The message has the options that were given, and the job what is to be uploaded, each file once."""
    (tmp_path / "a.png").write_bytes(small_png())

    [job] = asked(tmp_path / "a.png", "A cat", tmp_path / "a.png", "documents/a.pdf", dimensions=256, input_type=None)

    [(upload, path)] = job.uploads.items()
    assert json.loads(job.message) == {
        "job_id": "cli-1",
        "inputs": [{"image": str(upload)}, {"text": "A cat"}, {"image": str(upload)}, {"document": "documents/a.pdf"}],
        "dimensions": 256,
    }
    assert path == tmp_path / "a.png"
    assert [str(ref) for ref in job.inputs] == [str(upload), "documents/a.pdf"]


def test_what_a_message_cannot_carry_goes_on_in_the_next() -> None:
    """In order, each message as full as it can be, and none above what a queue takes."""
    many = [f"{number:04}{'ü' * 2000}" for number in range(40)]

    found = asked(*many)

    sizes = [len(job.message.encode()) for job in found]
    assert list(itertools.chain(*texts(found))) == many
    assert [job.job_id for job in found] == ["cli-1", "cli-2", "cli-3", "cli-4"]
    assert max(sizes) <= LARGEST_MESSAGE
    assert min(sizes[:-1]) > LARGEST_MESSAGE - 4100


def test_the_apps_limit_of_inputs_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job above it would fail."""
    monkeypatch.setenv("DARKROOM_MAX_EMBEDDING_INPUTS", "2")

    assert texts(asked("a", "b", "c", "d", "e")) == [["a", "b"], ["c", "d"], ["e"]]


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (["nope.png"], {}, "There is no file nope.png."),
        (["a"], {"dimensions": 0}, "The option dimensions cannot be used: input should be greater than or equal to 1."),
        (
            ["a"],
            {"dimensions": 100},
            "The model embed-v-4-0 has no vectors of 100 dimensions; it has 256, 512, 1024, 1536.",
        ),
        (["images/a.png"], {"model": "text-embedding-3-small"}, "The model text-embedding-3-small takes text only."),
        (
            ["a"],
            {"model": "text-embedding-3-small", "input_type": "query"},
            "The option input_type is not taken by text-embedding-3-small on the route v1.",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence(arguments: list[str], options: dict[str, Any], sentence: str) -> None:
    """Before anything is uploaded or posted."""
    with pytest.raises(WrongUseError) as caught:
        asked(*arguments, **options)

    assert str(caught.value) == sentence


def test_a_model_that_is_not_known_here_may_be_known_there() -> None:
    """The app may have declared it; it is not for the command to refuse it."""
    [job] = asked("a", model="our-own", dimensions=77)

    assert (job.job.model, model_of("our-own")) == ("our-own", None)


def test_the_endpoint_of_this_environment_tells_the_route(monkeypatch: pytest.MonkeyPatch) -> None:
    """On OpenAI's route pictures would be embedded as their letters."""
    monkeypatch.setenv("DARKROOM_EMBEDDING_ENDPOINT", "https://x.openai.azure.com")

    with pytest.raises(WrongUseError, match=r"^The model embed-v-4-0 takes text only on the route v1\.$"):
        asked("images/a.png")
