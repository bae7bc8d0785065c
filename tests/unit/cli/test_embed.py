"""Embedding jobs are posted once and followed to their end, whatever it is; the app behind is the real one."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli.embed import Embeddings
from cli.embed_jobs import AskedVectors, jobs
from cli.errors import InterruptedByUserError
from cli.outcome import EmbeddingOutcome
from shared.errors import Throttled
from tests.fakes import small_png
from tests.unit.cli.embedding_app import EmbeddingApp, files


@pytest.fixture
def app() -> EmbeddingApp:
    """A Darkroom that computes vectors."""
    return EmbeddingApp()


def asked(*arguments: str | Path, job_id: str = "job", **options: Any) -> AskedVectors:
    """A job with a known id."""
    [job] = jobs([*map(str, arguments)], options, stdin=bytes, new_id=lambda: job_id)
    return job


def run(
    app: EmbeddingApp, *posted: AskedVectors, **options: Any
) -> tuple[list[EmbeddingOutcome], list[EmbeddingOutcome]]:
    """Have vectors computed; the outcomes, and all that was shown."""
    shown: list[EmbeddingOutcome] = []
    given: dict[str, Any] = {"out": None, "show": shown.append, "clock": app.clock(), **options}
    return Embeddings(app.storage, **given).run(posted), shown


def picture(folder: Path, name: str = "cat.png") -> Path:
    """A picture on disk that models take."""
    (folder / name).write_bytes(small_png(size=(64, 64)))
    return folder / name


def test_a_job_ends_with_what_its_record_tells(app: EmbeddingApp, tmp_path: Path) -> None:
    """Number, length, usage and price of the vectors; the job was posted once."""
    job = asked(picture(tmp_path), "a cat")

    [outcome], _ = run(app, job)

    assert app.posted == [json.loads(job.message)]
    assert (outcome.status, outcome.record) == ("succeeded", "results/embeddings/job/job.json")
    assert outcome.files == tuple(f"results/embeddings/job/vectors.{kind}" for kind in ("jsonl", "npy"))
    assert (outcome.model, outcome.vectors, outcome.dimensions) == ("embed-v-4-0", 2, 1536)
    assert outcome.usage == {"text_tokens": 10, "image_tokens": 10, "images": 1}
    assert outcome.told == f"2 vectors of 1536 dimensions, {outcome.seconds:.1f} s, 0.000006 USD"


def test_the_vectors_are_copied_into_the_folder(app: EmbeddingApp, tmp_path: Path) -> None:
    """Of one job into it, of several into one for each."""
    one, two = asked("a", job_id="one"), asked("b", job_id="two")

    [alone], _ = run(app, one, out=tmp_path / "alone")
    together, _ = run(app, one, two, out=tmp_path / "both")

    names = ["job.json", "vectors.jsonl", "vectors.npy"]
    assert files(tmp_path / "alone") == names
    assert files(tmp_path / "both") == [f"{job}/{name}" for job in ("one", "two") for name in names]
    assert alone.files == tuple(str(tmp_path / "alone" / name) for name in names[1:])
    assert [outcome.files[1] for outcome in together] == [
        str(tmp_path / f"both/{job}/vectors.npy") for job in ("one", "two")
    ]
    assert np.load(tmp_path / "alone" / "vectors.npy").shape == (1, 1536)


def test_files_and_long_texts_are_uploaded_before_the_job_is_posted_and_only_once(
    app: EmbeddingApp, tmp_path: Path
) -> None:
    """What lies in storage already is not written again, for a job may be reading it."""
    first, again = (asked(picture(tmp_path), "x" * 9000, job_id=name) for name in ("one", "two"))

    [outcome], _ = run(app, first)
    before = {ref: app.storage.find(ref) for ref in first.uploads}
    run(app, again)

    assert outcome.succeeded
    assert [app.storage.read(ref) for ref in first.inputs] == [(tmp_path / "cat.png").read_bytes(), b"x" * 9000]
    assert {ref: app.storage.find(ref) for ref in again.uploads} == before
    assert len(app.embeddings.calls) == 2  # the second job was paid by the first


def test_a_blob_that_is_not_there_is_not_posted(app: EmbeddingApp) -> None:
    """A misspelt input costs nothing."""
    [outcome], _ = run(app, asked("images/nope.png", "a"))

    assert (outcome.status, outcome.told) == ("failed", "There is no file or blob images/nope.png.")
    assert app.posted == []


def test_vectors_that_are_there_are_kept_when_others_are_missing(app: EmbeddingApp, tmp_path: Path) -> None:
    """The job failed, and says for which input; what was paid is on disk."""
    [outcome], _ = run(app, asked("a", "something bad", "c"), out=tmp_path)

    assert outcome.status == "failed"
    assert [(one.input, one.message) for one in outcome.failed_inputs] == [
        (2, "The deployment refused the request (HTTP 422).")
    ]
    assert files(tmp_path) == ["job.json", "vectors.jsonl", "vectors.npy"]
    assert [json.loads(line)["text"] for line in (tmp_path / "vectors.jsonl").read_text().splitlines()] == ["a", "c"]


def test_a_job_without_vectors_leaves_nothing(app: EmbeddingApp, tmp_path: Path) -> None:
    """Its reason is told, and no file pretends to be a result."""
    [outcome], _ = run(app, asked("bad"), out=tmp_path)

    assert (outcome.status, outcome.files) == ("failed", ())
    assert outcome.told == "The deployment refused the request (HTTP 422)."
    assert files(tmp_path) == []


def test_a_waiting_job_is_shown_with_its_reason_and_followed_on(app: EmbeddingApp) -> None:
    """A throttled job is no end."""
    app.embeddings.faults.append(Throttled("The model asks for a pause.", after=5))

    [outcome], shown = run(app, asked("a"))

    assert ("waiting", "The model asks for a pause.") in [(one.status, one.told) for one in shown]
    assert outcome.succeeded


def test_time_over_leaves_the_job_going(app: EmbeddingApp) -> None:
    """It is told as unfinished, and asking again costs nothing twice."""
    app.embeddings.faults += [Throttled("The model asks for a pause.", after=500)]

    [outcome], _ = run(app, asked("a"), timeout=60)

    assert outcome.problem is not None
    assert (outcome.status, outcome.problem.retryable) == ("unfinished", True)
    assert outcome.told == (
        "Not computed after 60 s; the job goes on. It waits: The model asks for a pause. "
        "Give the same command again: what is paid already is not paid twice."
    )


def test_ctrl_c_tells_which_jobs_go_on(app: EmbeddingApp) -> None:
    """Who interrupts learns where the vectors will be told of."""
    app.works = False

    def interrupted(outcome: EmbeddingOutcome) -> None:
        if outcome.status == "queued":
            raise KeyboardInterrupt

    with pytest.raises(InterruptedByUserError) as caught:
        run(app, asked("a"), show=interrupted)

    assert str(caught.value) == "Interrupted; 1 job goes on: look at results/embeddings/job/job.json."
