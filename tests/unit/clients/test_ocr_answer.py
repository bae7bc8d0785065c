"""An OCR answer is read in pieces; whatever is no complete answer is Unavailable, and never anything else."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clients.ocr_answer import OcrAnswer, unpacked
from shared.errors import TooLarge, Unavailable
from shared.messages import Usage

PAGES = [{"index": number, "markdown": f"page {number}", "images": []} for number in range(3)]
FULL = {
    "model": "mistral-document-ai-2512",
    "pages": PAGES,
    "document_annotation": '{"total": 12.5}',
    "usage_info": {"pages_processed": 3, "pages_processed_annotation": 1, "doc_size_bytes": 592042},
    "content_filter_results": {"hate": {"filtered": False}},
}


def read(folder: Path, content: Any) -> OcrAnswer:
    """The answer that these bytes, or this value as JSON, are."""
    path = folder / "answer.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return OcrAnswer.read(path)


def test_a_full_answer_is_taken_apart(tmp_path: Path) -> None:
    """Indexes, counts, annotation and pages come out as the service sent them."""
    answer = read(tmp_path, FULL)

    assert answer.indexes == (0, 1, 2)
    assert answer.usage == Usage(pages=3, annotation_pages=1, document_bytes=592042)
    assert answer.annotation == {"total": 12.5}
    assert list(answer.pages()) == PAGES


def test_pages_come_one_at_a_time(tmp_path: Path) -> None:
    """The first page is there before the rest of the file is read, so memory holds one."""
    answer = read(tmp_path, {"pages": [{"index": n, "markdown": "x" * 300_000} for n in range(3)]})
    cut = answer.path.read_bytes()[:400_000]
    answer.path.write_bytes(cut)

    assert next(answer.pages())["index"] == 0


def test_pages_can_be_read_again(tmp_path: Path) -> None:
    """Each reading starts at the first page."""
    answer = read(tmp_path, FULL)

    assert list(answer.pages()) == list(answer.pages())


def test_indexes_come_in_the_order_sent(tmp_path: Path) -> None:
    """Whoever assembles must see that the order is not the document's."""
    assert read(tmp_path, {"pages": [{"index": 2}, {"index": 0}, {"index": 1}]}).indexes == (2, 0, 1)


def test_only_a_page_s_own_index_counts(tmp_path: Path) -> None:
    """A page without an index shows as missing, though something inside it is called index."""
    page = {"index": 0, "tables": [{"index": 7}], "dimensions": {"index": 9}}

    assert read(tmp_path, {"pages": [page, {"markdown": "no index"}]}).indexes == (0,)


def test_numbers_come_as_numbers_that_json_can_write(tmp_path: Path) -> None:
    """Fractions are floats, not decimals, for they are written into document.json."""
    (page,) = read(tmp_path, {"pages": [{"index": 0, "confidence": 0.25}]}).pages()

    assert json.loads(json.dumps(page)) == {"index": 0, "confidence": 0.25}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b"{}",
        b'"text"',
        b"7",
        b"<html>502</html>",
        b"\xff\xfe{}",
        {"error": {"code": "500", "message": "failed"}},
        {"object": "error", "message": "failed"},
        {"pages": None},
        {"pages": {}},
        {"pages": "none"},
        json.dumps(FULL).encode()[:-1],
        json.dumps(FULL).encode()[:100],
        json.dumps(FULL).encode() + b"}",
        b'{"pages": [{"index": 0, "markdown": "\xff"}]}',
    ],
    ids=lambda content: repr(content)[:40],
)
def test_what_is_no_answer_is_unavailable(tmp_path: Path, content: Any) -> None:
    """The service sends such with HTTP 200; the job waits and asks again."""
    with pytest.raises(Unavailable):
        read(tmp_path, content)


@pytest.mark.parametrize("page", [None, 1, "page", []])
def test_a_page_that_is_no_object_is_unavailable(tmp_path: Path, page: Any) -> None:
    """An answer with a broken page is no answer: it must not be kept as paid and fall over later."""
    with pytest.raises(Unavailable):
        read(tmp_path, {"pages": [{"index": 0}, page]})


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 5000], ids=["inf", "-inf", "5000 digits"])
@pytest.mark.parametrize(
    "content", ['{"pages": [{"index": %s}]}', '{"pages": [], "usage_info": {"pages_processed": %s}}']
)
def test_a_number_beyond_all_bounds_is_unavailable_or_unknown(tmp_path: Path, content: str, number: str) -> None:
    """A count that no machine can hold is no count."""
    try:
        answer = read(tmp_path, (content % number).encode())
    except Unavailable:
        return
    assert answer.usage.pages is None


def test_an_empty_list_of_pages_is_an_answer_without_pages(tmp_path: Path) -> None:
    """Whether pages are missing is for whoever knows how many were sent."""
    assert read(tmp_path, {"pages": []}).indexes == ()


@pytest.mark.parametrize(
    "info", [None, [], "3", {}, {"pages_processed": None}, {"pages_processed": "3"}, {"pages_processed": True}]
)
def test_usage_that_is_not_told_is_unknown_and_not_zero(tmp_path: Path, info: Any) -> None:
    """Zero would say that nothing was paid."""
    assert read(tmp_path, {"pages": [], "usage_info": info}).usage == Usage()
    assert read(tmp_path, {"pages": []}).usage == Usage()


def test_usage_of_zero_is_zero(tmp_path: Path) -> None:
    """With annotations the service counts pages elsewhere and says 0 here."""
    info = {"pages_processed": 0, "pages_processed_annotation": 4}

    assert read(tmp_path, {"pages": [], "usage_info": info}).usage == Usage(pages=0, annotation_pages=4)


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ('{"total": 1}', {"total": 1}),
        ({"total": 1}, {"total": 1}),
        ("[1]", [1]),
        ("not JSON {", "not JSON {"),
        ("", ""),
        (None, None),
    ],
)
def test_an_annotation_is_a_value_however_it_is_sent(tmp_path: Path, sent: Any, value: Any) -> None:
    """JSON in a string is unpacked, a value stays one, and words stay words."""
    assert read(tmp_path, {"pages": [], "document_annotation": sent}).annotation == value
    assert unpacked(sent) == value


@pytest.mark.parametrize("text", ["NaN", "-Infinity", '{"total": NaN}', "[Infinity]"])
def test_an_annotation_that_json_does_not_know_stays_text(text: str) -> None:
    """NaN unpacked would make document.json a file that only Python reads."""
    assert unpacked(text) == text


def test_a_deep_annotation_stays_text() -> None:
    """A paid answer is not lost because its annotation is nested beyond reason."""
    deep = "[" * 200_000

    assert unpacked(deep) == deep


def test_an_annotation_is_a_value_down_to_a_hundred_levels() -> None:
    """What is deeper could be read and not be written again."""
    assert unpacked("[" * 100 + "]" * 100) != "[" * 100 + "]" * 100
    assert unpacked("[" * 102 + "]" * 102) == "[" * 102 + "]" * 102


@pytest.mark.parametrize("before", ['{"pages": [{"x": ', '{"document_annotation": '])
def test_an_answer_deeper_than_a_hundred_levels_is_too_large(tmp_path: Path, before: str) -> None:
    """Reading on would take memory and time by the square of its depth."""
    with pytest.raises(TooLarge, match="deeper than 100 levels"):
        read(tmp_path, before.encode() + b"[" * 200_000)


def test_an_answer_with_more_pages_than_any_document_is_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their indexes are in memory together."""
    monkeypatch.setattr("shared.clients.ocr_answer._MOST_PAGES", 3)
    assert read(tmp_path, {"pages": [{"index": at} for at in range(3)]}).indexes == (0, 1, 2)
    with pytest.raises(TooLarge, match="more than 3 pages"):
        read(tmp_path, {"pages": [{"index": at} for at in range(4)]})


def _read_or_unavailable(folder: Path, content: bytes) -> None:
    try:
        answer = read(folder, content)
    except Unavailable:
        return
    assert len(list(answer.pages())) >= len(answer.indexes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples of a property."""
    return tmp_path_factory.mktemp("answers")


@given(st.binary())
def test_arbitrary_bytes_are_an_answer_or_unavailable(folder: Path, content: bytes) -> None:
    """No bytes make the reader raise anything but Unavailable."""
    _read_or_unavailable(folder, content)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["index", "item", "pages"]), inner),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "pages": ANY | st.lists(st.fixed_dictionaries({"index": ANY}) | ANY),
            "usage_info": ANY | st.fixed_dictionaries({"pages_processed": ANY}),
            "document_annotation": ANY,
        },
    )
)
def test_any_values_in_the_known_places_are_an_answer_or_unavailable(folder: Path, content: dict[str, Any]) -> None:
    """Neither do values of the wrong kind."""
    _read_or_unavailable(folder, json.dumps(content).encode())


@given(st.integers(0, len(json.dumps(FULL)) - 1))
def test_an_answer_cut_anywhere_is_unavailable(folder: Path, length: int) -> None:
    """No cut looks like a shorter document."""
    with pytest.raises(Unavailable):
        read(folder, json.dumps(FULL).encode()[:length])
