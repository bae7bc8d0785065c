"""`darkroom embed` as it is typed: what it says, where, and how it exits."""

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli import account, embed_report
from cli.embed import Embeddings
from cli.main import main
from shared.chunks import tokens
from tests.fakes import small_png
from tests.unit.cli.embedding_app import EmbeddingApp, files


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> EmbeddingApp:
    """A Darkroom that computes vectors, in the place of the local stack's."""
    app = EmbeddingApp()
    monkeypatch.setattr(account, "of_stack", lambda state: app.storage)
    monkeypatch.setattr(
        embed_report, "Embeddings", lambda *given, **named: Embeddings(*given, **named, clock=app.clock())
    )
    return app


@pytest.fixture
def cat(tmp_path: Path) -> Path:
    """A picture on disk."""
    (tmp_path / "cat.png").write_bytes(small_png(size=(64, 64)))
    return tmp_path / "cat.png"


def status_of(*arguments: str | Path) -> int | str | None:
    """The exit status of a command line."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    return caught.value.code


def test_the_places_of_the_vectors_are_told(
    app: EmbeddingApp, cat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output has them and nothing else."""
    out = tmp_path / "vectors"

    assert status_of("embed", cat, "a cat", "--out", out) == 0
    told = capsys.readouterr()

    assert told.out == f"{out}/vectors.jsonl\n{out}/vectors.npy\n"
    job_id = app.posted[0]["job_id"]
    assert told.err.splitlines()[0].startswith(f"succeeded  {job_id}: 2 vectors of 1536 dimensions, ")
    assert told.err.splitlines()[-1] == "1 succeeded."
    assert files(out) == ["job.json", "vectors.jsonl", "vectors.npy"]


def test_json_is_an_object_with_all_that_is_known(app: EmbeddingApp, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get every field; a job with a failure is status 1."""
    assert status_of("embed", "a", "bad", "--json") == 1
    told = json.loads(capsys.readouterr().out)

    assert list(told) == [
        "job_id", "status", "model", "vectors", "dimensions", "files", "usage", "estimated_usd", "seconds", "record",
        "failed_inputs", "notes", "problem",
    ]  # fmt: skip
    assert (told["status"], told["vectors"], told["problem"]["code"]) == ("failed", 1, "partial")
    assert [failed["input"] for failed in told["failed_inputs"]] == [2]


def test_every_option_reaches_the_message(app: EmbeddingApp) -> None:
    """What is typed is what is posted."""
    options = "--model embed-v-4-0 --input-type document --dimensions 256 --truncate"

    assert status_of("embed", "a cat", "images/none/", *options.split()) == 1  # there are no pictures
    assert status_of("embed", "a cat") == 0

    assert app.messages() == [
        {
            "inputs": [{"text": "a cat"}, {"images": "images/none/"}],
            "model": "embed-v-4-0",
            "input_type": "document",
            "dimensions": 256,
            "truncate": True,
        },
        {"inputs": [{"text": "a cat"}]},
    ]


def test_a_text_comes_from_standard_input(app: EmbeddingApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that other commands can be put before this one."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"a cat")))

    assert status_of("embed", "-") == 0
    assert app.messages() == [{"inputs": [{"text": "a cat"}]}]


def test_a_dry_run_shows_request_and_price_and_needs_nothing(
    cat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No stack is looked for, and nothing is uploaded or posted."""
    arguments = ("embed", cat, "a cat", "--model", "Cohere-embed-v3-english", "--dry-run")

    assert status_of(*arguments, "--state", tmp_path / "none") == 0
    told = capsys.readouterr()

    message = json.loads(told.out)
    assert message.pop("job_id").startswith("cli-")
    assert [list(one) for one in message["inputs"]] == [["image"], ["text"]]
    assert told.err.splitlines() == [
        f"2 inputs: 1 text in 1 chunk, about {tokens('a cat')} tokens; 1 picture.",
        "About 2 calls of Cohere-embed-v3-english. Estimated price: about 0.000100 USD.",
    ]


def test_a_dry_run_of_what_cannot_be_embedded_is_status_1(tmp_path: Path) -> None:
    """A script can rely on it."""
    (tmp_path / "tiny.png").write_bytes(small_png())

    assert status_of("embed", tmp_path / "tiny.png", "--dry-run") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["embed"],
        ["embed", "nope.png"],
        ["embed", " "],
        ["embed", "a", "--dimensions", "100"],
        ["embed", "a", "--dimensions", "x"],
        ["embed", "a", "--input-type", "image"],
        ["embed", "{cat}", "--model", "text-embedding-3-large"],
        ["embed", "a", "--out", "{cat}"],
    ],
)
def test_wrong_use_is_status_2_and_posts_nothing(app: EmbeddingApp, cat: Path, arguments: list[str]) -> None:
    """What cannot be meant is told before anything happens."""
    assert status_of(*(argument.format(cat=cat) for argument in arguments)) == 2
    assert (app.storage.blobs, app.storage.queues) == ({}, {})
