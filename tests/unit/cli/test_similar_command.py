"""`darkroom similar` as it is typed: what it asks of the app, and what it lists."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli import account, similar
from cli.embed import Embeddings
from cli.main import main
from shared.errors import Throttled
from shared.names import RESULTS, BlobRef
from tests.fakes import small_png
from tests.unit.cli.embedding_app import EmbeddingApp

SIZE = 256
TOLD: list[dict[str, Any]] = [
    {"input": {"number": 1, "image": "images/uploads/1/cat.png"}},
    {"input": {"number": 2, "document": "documents/q3.pdf", "page": 3}, "text": "Revenue grew"},
]


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> EmbeddingApp:
    """A Darkroom that computes vectors, in the place of the local stack's."""
    app = EmbeddingApp()
    use(app, monkeypatch)
    return app


def use(app: EmbeddingApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put an app into the place of the local stack's."""
    monkeypatch.setattr(account, "of_stack", lambda state: app.storage)
    monkeypatch.setattr(
        similar, "Embeddings", lambda *given, **named: Embeddings(*given, **{**named, "clock": app.clock()})
    )


def vector(*numbers: float, size: int = SIZE) -> list[float]:
    """A vector with these first numbers."""
    return [*numbers, *[0.0] * (size - len(numbers))]


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    """The folder of a result with two vectors."""
    return written(tmp_path / "vectors")


def written(folder: Path, *, model: str = "embed-v-4-0", size: int = SIZE) -> Path:
    """A result with two vectors, at right angles."""
    folder.mkdir()
    rows = [vector(0, 2, size=size), vector(3, 0, size=size)]
    lines = [
        json.dumps({"index": at, **told, "model": model, "dimensions": size, "vector": row})
        for at, (told, row) in enumerate(zip(TOLD, rows, strict=True))
    ]
    (folder / "vectors.jsonl").write_text("".join(f"{line}\n" for line in lines))
    np.save(folder / "vectors.npy", np.asarray(rows, np.float32))
    return folder


def status_of(*arguments: str | Path) -> int | str | None:
    """The exit status of a command line."""
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as ended:
        return ended.code
    raise AssertionError("A command exits.")


def test_the_nearest_are_listed_with_what_they_are(
    app: EmbeddingApp, vectors: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output has a line a match; the query was embedded as a query, by the model of the vectors."""
    app.embeddings.vectors.append([vector(0.8, 0.6)])

    assert status_of("similar", "Did revenue grow?", vectors) == 0
    told = capsys.readouterr()

    assert app.messages() == [
        {
            "inputs": [{"text": "Did revenue grow?"}],
            "model": "embed-v-4-0",
            "input_type": "query",
            "dimensions": SIZE,
            "truncate": True,
        }
    ]
    assert told.out.splitlines() == [
        f"  1   0.8000  documents/q3.pdf, page 3: Revenue grew  ({vectors}/vectors.npy)",
        f"  2   0.6000  images/uploads/1/cat.png  ({vectors}/vectors.npy)",
    ]
    assert told.err.startswith(f"succeeded  {app.posted[0]['job_id']}: 1 vector of 256 dimensions, ")


def test_json_is_an_object_for_each_match(app: EmbeddingApp, vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No more than were asked for."""
    app.embeddings.vectors.append([vector(0.8, 0.6)])

    assert status_of("similar", "grow", vectors / "vectors.jsonl", "--top", "1", "--json") == 0

    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"rank": 1, "similarity": 0.8, "file": f"{vectors}/vectors.jsonl", "row": 1, **TOLD[1]}
    ]


def test_a_picture_is_a_query_too(app: EmbeddingApp, vectors: Path, tmp_path: Path) -> None:
    """It is uploaded, and goes the way of pictures."""
    (tmp_path / "cat.png").write_bytes(small_png(size=(64, 64)))
    app.embeddings.vectors.append([vector(1)])

    assert status_of("similar", tmp_path / "cat.png", vectors) == 0

    [message] = app.messages()
    assert app.storage.read(BlobRef.parse(message["inputs"][0]["image"])) == small_png(size=(64, 64))
    assert app.embeddings.calls[0].image is not None


@pytest.mark.parametrize(
    ("model", "size", "options"),
    [
        ("embed-v-4-0", 1536, {"input_type": "query"}),
        ("text-embedding-3-small", 256, {"dimensions": 256}),
        ("Cohere-embed-v3-english", 1024, {"input_type": "query"}),
    ],
)
def test_a_model_is_asked_only_what_it_takes(
    app: EmbeddingApp, tmp_path: Path, model: str, size: int, options: dict[str, Any]
) -> None:
    """Its own length is not asked for, and some models know no queries."""
    app.embeddings.vectors.append([vector(1, size=size)])

    assert status_of("similar", "grow", written(tmp_path / "v", model=model, size=size)) == 0

    [message] = app.messages()
    assert message == {"inputs": [{"text": "grow"}], "model": model, "truncate": True, **options}


def test_results_in_storage_are_named_by_their_folder(
    app: EmbeddingApp, vectors: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `embed` left there without --out, beside what is on disk."""
    app.embeddings.vectors.append([vector(1)])
    name = "results/embeddings/job-1"
    for output in ("vectors.jsonl", "vectors.npy"):
        app.storage.write(BlobRef.parse(f"{name}/{output}"), vectors / output, "")
    record: dict[str, Any] = {"job_id": "job-1", "kind": "embedding", "status": "succeeded", "fingerprint": "f"}
    record |= {"outputs": ["vectors.jsonl", "vectors.npy"], "created_at": "2026-11-20T12:00:00Z"}
    app.storage.write(BlobRef.parse(f"{name}/job.json"), json.dumps(record).encode(), "")

    assert status_of("similar", "grow", f"{name}/", vectors, "--top", "2") == 0

    assert [line.rpartition("(")[2] for line in capsys.readouterr().out.splitlines()] == [
        f"{name}/)",
        f"{vectors}/vectors.npy)",
    ]


def test_numbers_are_asked_for_as_they_were_sent(app: EmbeddingApp, vectors: Path) -> None:
    """Bytes are held against bytes; the record beside the vectors tells."""
    (vectors / "job.json").write_text('{"options": {"encoding_format": "int8"}}')
    app.embeddings.vectors.append([[100, 2, *[0] * (SIZE - 2)]])

    assert status_of("similar", "grow", vectors) == 0

    assert app.messages()[0]["encoding_format"] == "int8"


def test_a_result_that_is_named_twice_is_searched_once(
    app: EmbeddingApp, vectors: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its folder and by either file."""
    app.embeddings.vectors.append([vector(1)])

    assert status_of("similar", "grow", vectors, vectors / "vectors.npy", vectors / "vectors.jsonl") == 0

    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_model_that_is_not_served_here_is_told(
    app: EmbeddingApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Vectors may be older than the endpoint that this environment names."""
    monkeypatch.setenv("DARKROOM_EMBEDDING_ROUTE", "v1")

    assert status_of("similar", "grow", written(tmp_path / "v", model="Cohere-embed-v3-english", size=1024)) == 2

    assert capsys.readouterr().err == (
        "darkroom: The model Cohere-embed-v3-english is not served on the route v1; it is on models, serverless, "
        "cohere. Name another model, or change DARKROOM_EMBEDDING_ROUTE.\n"
    )


def test_no_text_can_move_the_cursor(app: EmbeddingApp, vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a document says is not trusted."""
    told = (vectors / "vectors.jsonl").read_text()
    (vectors / "vectors.jsonl").write_text(told.replace("Revenue grew", "Revenue \\u001b[2Jgrew"))
    app.embeddings.vectors.append([vector(1)])

    assert status_of("similar", "grow", vectors, "--top", "1") == 0

    assert "page 3: Revenue \ufffd[2Jgrew" in capsys.readouterr().out


def test_numbers_alone_are_searched_with_the_model_that_is_named(
    app: EmbeddingApp, vectors: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their matches are rows."""
    (vectors / "vectors.jsonl").unlink()
    app.embeddings.vectors.append([vector(1)])

    assert status_of("similar", "grow", vectors / "vectors.npy", "--model", "embed-v-4-0", "--top", "1") == 0

    assert capsys.readouterr().out == f"  1   1.0000  row 1  ({vectors}/vectors.npy)\n"


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"model": "Cohere-embed-v3-english", "size": 1024}, "1024 dimensions of Cohere-embed-v3-english"),
        ({"size": 512}, "512 dimensions of embed-v-4-0"),
    ],
)
def test_vectors_of_different_models_are_not_compared(
    app: EmbeddingApp, vectors: Path, capsys: pytest.CaptureFixture[str], other: dict[str, Any], sentence: str
) -> None:
    """Their numbers mean different things; nothing is paid for."""
    second = written(vectors.with_name("other"), **other)

    assert status_of("similar", "grow", vectors, second) == 2

    assert capsys.readouterr().err == (
        f"darkroom: {vectors}/vectors.npy has 256 dimensions of embed-v-4-0 and {second}/vectors.npy has {sentence}; "
        "such vectors cannot be compared.\n"
    )
    assert app.posted == []


@pytest.mark.parametrize("query", ["documents/q3.pdf", "images/catalogue/", "{folder}"])
def test_a_query_is_one_thing(
    app: EmbeddingApp, vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], query: str
) -> None:
    """Not a document, nor a prefix, nor a folder."""
    (tmp_path / "in").mkdir()
    for name in ("a.txt", "b.txt"):
        (tmp_path / "in" / name).write_text(name)

    assert status_of("similar", query.format(folder=tmp_path / "in"), vectors) == 2
    assert capsys.readouterr().err == "darkroom: A query is one picture or one text.\n"
    assert app.posted == []


def test_a_query_that_is_not_embedded_is_status_1(
    app: EmbeddingApp, vectors: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the reason, and nothing listed."""
    assert status_of("similar", "bad", vectors) == 1
    app.embeddings.faults.append(Throttled("The model asks for a pause.", after=500))
    assert status_of("similar", "slow", vectors, "--timeout", "5") == 1
    told = capsys.readouterr()

    assert told.out == ""
    sentences = [line for line in told.err.splitlines() if line.startswith("darkroom: ")]
    assert sentences[0] == "darkroom: The query was not embedded: The deployment refused the request (HTTP 422)."
    assert sentences[1].startswith("darkroom: The query was not embedded: Not computed after 5 s; the job goes on.")


def test_a_query_in_another_space_is_not_compared(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The app may have declared the model otherwise than it is known here."""
    monkeypatch.setenv("DARKROOM_MODELS", '{"ours": {"like": "Cohere-embed-v3-english"}}')
    app = EmbeddingApp(models={"ours": {"like": "embed-v-4-0"}})
    use(app, monkeypatch)

    assert status_of("similar", "grow", written(tmp_path / "v", model="ours", size=1024)) == 1
    assert capsys.readouterr().err.endswith(
        "darkroom: The query became 1536 dimensions of ours, and the vectors have 1024 dimensions of ours; "
        "they cannot be compared.\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["similar", "a"],
        ["similar", "a", "{folder}/none"],
        ["similar", "a", "results/embeddings/none"],
        ["similar", "a", "{folder}/vectors", "--top", "0"],
        ["similar", "nope.png", "{folder}/vectors"],
    ],
)
def test_wrong_use_is_status_2_and_posts_nothing(app: EmbeddingApp, vectors: Path, arguments: list[str]) -> None:
    """What cannot be meant is told before anything happens."""
    assert status_of(*(argument.format(folder=vectors.parent) for argument in arguments)) == 2
    assert (app.storage.blobs, app.storage.queues) == ({}, {})


def test_nothing_is_left_behind(app: EmbeddingApp, vectors: Path) -> None:
    """But the query's job, as any other."""
    app.embeddings.vectors.append([vector(1)])

    assert status_of("similar", "grow", vectors) == 0

    kept = {ref.name.partition("/")[0] for ref in app.storage.blobs if ref.container == RESULTS}
    assert kept == {"embeddings"}
    assert sorted(path.name for path in vectors.iterdir()) == ["vectors.jsonl", "vectors.npy"]
