"""What embedding takes and costs is told before it is paid."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cli.embed_estimate import lines
from cli.embed_jobs import jobs
from shared.chunks import chunks, tokens
from shared.embedding_catalog import EMBEDDING_MODELS


def told(*arguments: str | Path, **options: Any) -> tuple[list[str], bool]:
    """The estimate of these arguments."""
    return lines(jobs([*map(str, arguments)], options, stdin=bytes))


def saved(path: Path, size: tuple[int, int]) -> Path:
    """A picture of this size."""
    Image.new("RGB", size, "red").save(path)
    return path


def test_texts_are_counted_in_chunks_tokens_and_calls(tmp_path: Path) -> None:
    """As the app will cut and send them: 97 chunks of a model that takes 96 a call are two calls."""
    long = "A lighthouse stands at the end of the pier. " * 2500
    (tmp_path / "long.txt").write_text(f"\ufeff{long}")
    pieces = chunks(long, EMBEDDING_MODELS["Cohere-embed-v3-english"].text_tokens)
    size = sum(tokens(piece.text) for piece in pieces) + tokens("ü")

    sentences, can = told(tmp_path / "long.txt", "ü", model="Cohere-embed-v3-english")

    assert len(pieces) > 96
    assert can
    assert sentences == [
        f"2 inputs: 2 texts in {len(pieces) + 1} chunks, about {size:,} tokens.",
        f"About 2 calls of Cohere-embed-v3-english. Estimated price: about {size * 0.1 / 1e6:.6f} USD.",
    ]


def test_a_text_that_is_cut_is_one_chunk() -> None:
    """As --truncate has it."""
    sentences, _ = told("word " * 400, model="Cohere-embed-v3-english", truncate=True)

    assert sentences[0].startswith("1 input: 1 text in 1 chunk, about ")


def test_pictures_are_made_fit_and_told(tmp_path: Path) -> None:
    """A large one is scaled, one that fits stays as it is; each is a call and has its price."""
    large, small = saved(tmp_path / "large.png", (2000, 2000)), saved(tmp_path / "small.png", (64, 64))

    sentences, can = told(large, small, model="Cohere-embed-v3-english")

    assert can
    assert sentences == [
        f"The picture {large} is scaled from 2000 x 2000 to 1414 x 1414 before it is sent.",
        "2 inputs: 2 pictures.",
        "About 2 calls of Cohere-embed-v3-english. Estimated price: about 0.000200 USD.",
    ]


def test_what_cannot_be_known_is_not_guessed(tmp_path: Path) -> None:
    """Nobody tells how many tokens a picture has, and what is in storage is not looked into."""
    picture = saved(tmp_path / "small.png", (64, 64))

    both, _ = told("a", picture)
    stored, _ = told("a", "images/catalogue/")
    alone, _ = told("documents/a.pdf")

    assert both[-1].endswith("about 0.000000 USD for the texts; what the rest costs is unknown.")
    assert stored[0] == f"2 inputs: 1 text in 1 chunk, about {tokens('a')} tokens; 1 in storage, not looked into."
    assert stored[-1].endswith("what the rest costs is unknown.")
    assert alone[-1] == ("About 0 calls of embed-v-4-0, and those for what is in storage. Estimated price: unknown.")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("blank.txt", b" \n", "it is empty."),
        ("late.txt", b"a" * 70_000 + b"\xff", "it is not UTF-8 text (at byte 70000)."),
        ("cut.png", b"\x89PNG\r\n\x1a\n", "it is damaged."),
    ],
)
def test_what_cannot_be_embedded_is_told(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    """And the whole cannot be done as it was asked."""
    (tmp_path / name).write_bytes(content)

    sentences, can = told(tmp_path / name, "a")

    kind = "picture" if name.endswith(".png") else "text"
    assert not can
    assert sentences[0] == f"The {kind} {tmp_path / name} cannot be used: {sentence}"
    assert sentences[1].startswith("2 inputs: 1 text in ")


def test_a_model_that_is_not_known_here_has_no_estimate() -> None:
    """Its limits and prices are the app's secret."""
    assert told("a", model="our-own") == (
        ["The model our-own is not known here: what it takes and costs cannot be told."],
        True,
    )
