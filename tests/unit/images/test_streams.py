"""Streamed jobs: unfinished pictures are kept as they arrive, and never instead of the finished one."""

from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError

from shared.errors import Unavailable
from shared.messages import Status
from shared.names import BlobRef, image_folder
from tests import corpus
from tests.fakes import small_png
from tests.unit.images.studio import PROMPT, Studio

STREAM = PROMPT | {"stream": True, "partial_images": 2}


@pytest.mark.parametrize(
    ("model", "options", "sent"),
    [
        ("gpt-image-1.5", {}, None),
        ("gpt-image-1.5", {"stream": True}, 1),
        ("gpt-image-1.5", {"stream": True, "partial_images": 0}, 0),
        ("gpt-image-1.5", {"stream": True, "partial_images": 3}, 3),
        ("gpt-image-2", {}, 1),
        ("gpt-image-2.5-flare", {}, 1),
        ("gpt-image-2", {"n": 2}, None),
        ("gpt-image-2", {"stream": False}, None),
        ("dall-e-3", {}, None),
    ],
    ids=str,
)
def test_what_streams_upstream(model: str, options: dict[str, Any], sent: int | None) -> None:
    """What was asked for, and calls that would be silent for so long that gateways cut them."""
    studio = Studio.make()
    studio.run(PROMPT | {"model": model} | options)

    fields = studio.model.calls[0].fields
    assert (fields.get("stream", False), fields.get("partial_images")) == (sent is not None, sent)


def test_unfinished_pictures_are_kept_beside_the_finished_one() -> None:
    """By call and index, with the ending of what they are."""
    studio = Studio.make()
    studio.model.partials += [small_png(1), corpus.jpeg()]

    record = studio.run(STREAM)

    assert record.outputs == ("1.png", "partial/1-0.png", "partial/1-1.jpeg")
    assert studio.picture(record, "partial/1-0.png") == small_png(1)
    assert studio.bench.results(image_folder(record.job_id)) == sorted([*record.outputs, "job.json"])


def test_nobody_who_did_not_ask_gets_unfinished_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call may stream for reasons of its own; nothing is written then, not even for a while."""
    studio = Studio.make()
    studio.model.partials.append(small_png(1))
    write, written = studio.bench.storage.write, []

    def noting(ref: BlobRef, *args: Any, **options: Any) -> str:
        written.append(ref.name)
        return write(ref, *args, **options)

    monkeypatch.setattr(studio.bench.storage, "write", noting)

    assert studio.run(PROMPT | {"model": "gpt-image-2"}).outputs == ("1.png",)
    assert not [name for name in written if "/partial/" in name]


def test_a_finished_picture_is_a_success_though_no_unfinished_one_came() -> None:
    """They are a courtesy."""
    assert Studio.make().run(STREAM).outputs == ("1.png",)


def test_an_unfinished_picture_that_cannot_be_written_does_not_cost_the_finished_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Storage that is away for a moment is no reason to pay twice."""
    studio = Studio.make()
    studio.model.partials.append(small_png(1))
    write = studio.bench.storage.write

    def failing(ref: BlobRef, *args: Any, **options: Any) -> str:
        if "/partial/" in ref.name:
            raise ServiceRequestError("reset")
        return write(ref, *args, **options)

    monkeypatch.setattr(studio.bench.storage, "write", failing)

    record = studio.run(STREAM)

    assert (record.status, record.outputs, len(studio.model.calls)) == (Status.SUCCEEDED, ("1.png",), 1)


def test_a_stream_that_breaks_off_leaves_no_unfinished_picture_of_a_failed_job_unnamed() -> None:
    """What lies in the folder and what the record names are the same."""
    studio = Studio.make(image_unsure_retries=0)
    make = studio.model.make

    def broken(*args: Any) -> Any:
        make(*args)
        raise Unavailable("The model's stream ended without a finished picture.")

    object.__setattr__(studio.model, "make", broken)
    studio.model.partials.append(small_png(1))

    record = studio.run(STREAM)

    assert record.status is Status.FAILED
    assert studio.bench.results(image_folder(record.job_id)) == sorted([*record.outputs, "job.json"])


def test_a_streamed_job_that_is_delivered_again_is_the_same_paid_call() -> None:
    """Streaming is how an answer comes, not what is asked for."""
    studio = Studio.make()
    studio.run(STREAM | {"job_id": "mine"})
    studio.bench.storage.delete(BlobRef("results", "images/mine/job.json"))

    studio.run(PROMPT | {"job_id": "mine", "stream": False})

    assert len(studio.model.calls) == 1
