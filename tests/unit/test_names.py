"""Names stay inside their container, result folders are apart, and a model's names become plain file names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Invalid
from shared.names import BlobRef, input_blob, ocr_folder, record_of, safe_file_name

LONGEST_NAME = 1024


@pytest.mark.parametrize(
    "name",
    [
        "a.pdf", "a/b/c.pdf", "Ordner ü/#7 100% 图表?&+.pdf", "a b", ".hidden", "..a", "a..b", "...", "a//b",
        "~", "a:b", "%2e%2e/x", "x" * 1000,
    ],
)  # fmt: skip
def test_a_name_is_read_and_written_as_it_is(name: str) -> None:
    """Whatever Azure allows as a blob's name stays that name."""
    ref = BlobRef.parse(f"documents/{name}")

    assert ref == BlobRef("documents", name)
    assert str(ref) == f"documents/{name}"


@pytest.mark.parametrize("name", ["..", ".", "../x", "a/../b", "a/..", "./a", "a/./b", "a\\b", "..\\x", "a/..\\b"])
def test_a_name_that_leaves_its_container_is_refused(name: str) -> None:
    """HTTP libraries resolve such segments: `documents/../ledger/x` would be read from the ledger."""
    with pytest.raises(Invalid) as raised:
        BlobRef.parse(f"documents/{name}")

    assert raised.value.code == "invalid_name"


def test_a_name_leaves_room_for_the_folders_of_its_results() -> None:
    """Storage refuses more than 254 segments with an error that would stop the sweep of all documents behind it."""
    assert BlobRef.parse("documents/" + "a/" * 249 + "a").container == "documents"
    with pytest.raises(Invalid, match="250 segments"):
        BlobRef.parse("documents/" + "a/" * 250 + "a")


@pytest.mark.parametrize("text", ["", "documents", "documents/", "/a.pdf", "/"])
def test_a_reference_has_a_container_and_a_name(text: str) -> None:
    """The sentence shows how one is written."""
    with pytest.raises(Invalid, match=r"container/name, such as documents/report\.pdf") as raised:
        BlobRef.parse(text)

    assert raised.value.code == "invalid_name"


@pytest.mark.parametrize("container", ["documents", "images"])
def test_jobs_read_from_the_input_containers(container: str) -> None:
    """These two are for what users bring."""
    assert input_blob(f"{container}/a.pdf") == BlobRef(container, "a.pdf")


@pytest.mark.parametrize("container", ["results", "ledger", "azure-webjobs-secrets", "Documents", "documents "])
def test_jobs_read_from_no_other_container(container: str) -> None:
    """A message cannot have results, paid responses or the host's secrets read."""
    with pytest.raises(Invalid) as raised:
        input_blob(f"{container}/a.pdf")

    assert raised.value.code == "container_not_allowed"


def test_results_lie_where_the_document_s_name_says() -> None:
    """Whoever dropped `reports/q3.pdf` finds its results without a look at the record."""
    folder = ocr_folder(BlobRef("documents", "reports/q3.pdf"))

    assert folder == "ocr/reports/q3.pdf"
    assert record_of(folder) == BlobRef("results", "ocr/reports/q3.pdf/job.json")


NAMES = st.text(st.sampled_from("ab/.~ü"), min_size=1, max_size=12)
REFS = st.builds(BlobRef, st.sampled_from(["documents", "images"]), NAMES | NAMES.map(lambda name: f"images/{name}"))


@given(REFS, REFS)
def test_two_documents_never_share_a_folder(one: BlobRef, other: BlobRef) -> None:
    """One document's results are not written over another's."""
    assert (ocr_folder(one) == ocr_folder(other)) == (one == other)


def test_the_same_name_in_both_containers_has_two_folders() -> None:
    """`images/x.png` and a document in a folder called `images` are two things."""
    assert ocr_folder(BlobRef("images", "x.png")) != ocr_folder(BlobRef("documents", "images/x.png"))


@pytest.mark.parametrize("filler", ["x", "ü", "图", "abc/", "."])
def test_the_folder_of_a_long_name_leaves_room_for_the_results(filler: str) -> None:
    """A name of 1,000 characters has results too, and a blob's name holds 1,024."""
    name = (filler * 1000)[:999] + "x"

    folder = ocr_folder(BlobRef("documents", name))

    assert len(f"{folder}/figures/page-999999-{'x' * 60}-999.jpeg") <= LONGEST_NAME
    assert not folder.endswith((".", "/"))
    assert BlobRef.parse(f"results/{folder}/job.json")


def test_long_names_that_begin_alike_are_told_apart() -> None:
    """Cutting alone would put two documents into one folder."""
    folders = {ocr_folder(BlobRef("documents", "x" * 1000 + ending)) for ending in ("", "1", "2", "12")}

    assert len(folders) == 4


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("img-0.jpeg", "img-0"),
        ("tbl-0", "tbl-0"),
        ("../../x.png", "x"),
        ("..", "fallback"),
        ("", "fallback"),
        (".png", "fallback"),
        ("a b/c\\d:e.png", "a-b-c-d-e"),
        ("图表.png", "fallback"),
        ("a.b.c", "a.b"),
        ("x" * 200, "x" * 60),
        ("-rf", "rf"),
        ("a\0b\nc", "a-b-c"),
    ],
)
def test_a_model_s_name_becomes_a_plain_file_name(given_name: str, name: str) -> None:
    """No path, no option, no control character and no ending comes through."""
    assert safe_file_name(given_name, "fallback") == name


@given(st.text())
def test_any_name_becomes_a_plain_file_name(text: str) -> None:
    """Whatever the service calls a figure, its file can lie beside the others on any system."""
    assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,59})", safe_file_name(text, "img-1"))
