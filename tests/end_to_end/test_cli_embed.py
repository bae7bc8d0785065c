"""The command as people use it for vectors: compute them, and find what is near."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shared.names import EMBEDDING_JOBS, RESULTS
from tests import corpus
from tests.end_to_end.conftest import Whole
from tests.end_to_end.test_cli_drop import darkroom
from tests.end_to_end.test_embeddings import finished


@pytest.fixture
def state(whole: Whole, well_behaved_models: None) -> Path:
    """The state folder of the stack that runs."""
    return whole.logs.parent


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of pictures, each of one colour."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for colour in ("red", "green", "blue"):
        Image.new("RGB", (320, 240), colour).save(folder / f"{colour[0]} 1.png")
    return folder


def test_a_folder_is_embedded_and_the_nearest_found(state: Path, pictures: Path, tmp_path: Path) -> None:
    """By words and by a picture; vectors of two jobs are searched together."""
    first, second = tmp_path / "vectors" / "one", tmp_path / "vectors" / "two"

    done = darkroom("embed", pictures, "--out", first, "--state", state)
    more = darkroom("embed", "a green meadow", "--out", second, "--state", state)
    words = darkroom("similar", "a green hill", first, "--top", "2", "--json", "--state", state)
    by_picture = darkroom("similar", pictures / "b 1.png", tmp_path / "vectors", "--state", state)

    assert (done.returncode, done.stdout) == (0, f"{first}/vectors.jsonl\n{first}/vectors.npy\n"), done.stderr
    assert more.returncode == 0, more.stderr
    assert np.load(first / "vectors.npy").shape == (3, 1536)
    assert json.loads((first / "job.json").read_text())["status"] == "succeeded"
    matches = [json.loads(line) for line in words.stdout.splitlines()]
    assert [match["rank"] for match in matches] == [1, 2], words.stderr
    assert matches[0]["input"]["image"].endswith("/g-1.png")
    assert matches[0]["similarity"] > matches[1]["similarity"]
    lines = by_picture.stdout.splitlines()
    assert len(lines) == 4, by_picture.stderr
    assert "/b-1.png  (" in lines[0]
    assert any(line.endswith(f"  a green meadow  ({second}/vectors.npy)") for line in lines)


def test_a_document_is_dropped_embedded_and_searched_where_it_lies(whole: Whole, state: Path, tmp_path: Path) -> None:
    """Its vectors need not be copied; the answer names the page. Asked for by its name, it is not paid again."""
    (tmp_path / "keeper.pdf").write_bytes(corpus.text_pdf(pages=3))

    dropped = darkroom("drop", tmp_path / "keeper.pdf", "--embed", "--json", "--state", state)
    record = finished(whole, json.loads(dropped.stdout)["embedding_job"])
    paid = whole.emulator("GET", "stats")["totals"]["billed_calls"]
    named = darkroom("embed", "documents/keeper.pdf", "--json", "--state", state)
    unpaid = whole.emulator("GET", "stats")["totals"]["billed_calls"]
    place = f"results/embeddings/{record.job_id}"
    found = darkroom("similar", "page 2", place, "--json", "--state", state)

    matches = [json.loads(line) for line in found.stdout.splitlines()]
    assert sorted(match["input"]["page"] for match in matches if "figure" not in match["input"]) == [1, 2, 3]
    assert {match["input"]["document"] for match in matches} == {"documents/keeper.pdf"}
    assert {match["file"] for match in matches} == {place}
    assert (named.returncode, json.loads(named.stdout)["vectors"], unpaid) == (0, record.vectors, paid), named.stderr


def test_what_fails_is_told_and_the_rest_is_there(state: Path, pictures: Path, tmp_path: Path) -> None:
    """Status 1, the vectors of the good inputs, and the reason for the other."""
    (pictures / "cut.png").write_bytes((pictures / "r 1.png").read_bytes()[:60])

    done = darkroom("embed", pictures / "cut.png", "a text", "--json", "--out", tmp_path / "v", "--state", state)

    told = json.loads(done.stdout)
    assert (done.returncode, told["status"], told["vectors"]) == (1, "failed", 1)
    assert [failed["code"] for failed in told["failed_inputs"]] == ["damaged"]
    assert np.load(tmp_path / "v" / "vectors.npy").shape == (1, 1536)


def test_a_dry_run_leaves_no_trace(whole: Whole, state: Path, pictures: Path) -> None:
    """No blob, no message, no call."""
    blobs = [blob.ref for container in ("images", RESULTS) for blob in whole.storage.list(container)]

    done = darkroom("embed", pictures, "a text", "--dry-run", "--state", state)

    assert done.returncode == 0
    assert len(json.loads(done.stdout)["inputs"]) == 4
    assert done.stderr.startswith("4 inputs: 1 text in 1 chunk, about ")
    assert "; 3 pictures.\nAbout 4 calls of embed-v-4-0. " in done.stderr
    assert [blob.ref for container in ("images", RESULTS) for blob in whole.storage.list(container)] == blobs
    assert whole.storage.depth(EMBEDDING_JOBS) == 0
