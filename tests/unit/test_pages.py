"""Page selections are read as people write them, and written as short as they can be."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import pages
from shared.errors import Invalid

NUMBERS = st.sets(st.integers(1, 999_999), min_size=1, max_size=40).map(lambda numbers: tuple(sorted(numbers)))


@pytest.mark.parametrize(
    ("selection", "numbers"),
    [
        ("1", (1,)),
        ("1-3,7", (1, 2, 3, 7)),
        (" 2 , 5 ", (2, 5)),
        ("7,1-3", (1, 2, 3, 7)),
        ("1-3,2-4,3", (1, 2, 3, 4)),
        ("5-5", (5,)),
        ("999999", (999_999,)),
    ],
)
def test_a_selection_names_pages_in_order_and_once(selection: str, numbers: tuple[int, ...]) -> None:
    """Order, overlap and white space do not matter."""
    assert pages.parse(selection) == numbers


@pytest.mark.parametrize(
    "selection",
    ["", " ", ",", "1,", "0", "0-3", "3-1", "-3", "3-", "1-2-3", "a", "1.5", "1;2", "1000000", "all", "1\n2"],
)
def test_what_is_no_selection_is_refused_with_an_example(selection: str) -> None:
    """Whoever wrote it sees it again, with how to write it."""
    with pytest.raises(Invalid, match="write pages like 1-3,7, counted from 1") as raised:
        pages.parse(selection)

    assert raised.value.code == "invalid_pages"
    assert repr(selection) in raised.value.message


def test_a_long_selection_is_cut_in_the_sentence() -> None:
    """An error stays a sentence."""
    with pytest.raises(Invalid) as raised:
        pages.parse("x" * 10_000)

    assert len(raised.value.message) < 200


def test_a_selection_that_names_the_same_pages_again_and_again_takes_no_time() -> None:
    """A few kilobytes of metadata cannot hold a worker up for minutes."""
    began = time.process_time()

    with suppress(Invalid):
        assert pages.parse(",".join(["1-999999"] * 100)) == tuple(range(1, 1_000_000))
    assert time.process_time() - began < 0.5


def test_runs_are_written_as_ranges() -> None:
    """The canonical form is short, and the same for the same pages."""
    assert pages.text((1, 2, 3, 7, 9, 10)) == "1-3,7,9-10"
    assert pages.text(()) == ""


@given(NUMBERS)
def test_what_is_written_is_read_again(numbers: tuple[int, ...]) -> None:
    """Text and numbers are the same selection."""
    assert pages.parse(pages.text(numbers)) == numbers


@given(NUMBERS)
def test_the_text_is_canonical(numbers: tuple[int, ...]) -> None:
    """Writing what was read changes nothing, so that equal selections have equal fingerprints."""
    once = pages.text(numbers)

    assert pages.text(pages.parse(once)) == once
    assert pages.text(pages.parse(",".join(map(str, reversed(numbers))))) == once


@given(st.text())
def test_any_text_is_a_selection_or_invalid(text: str) -> None:
    """Nothing else comes of what somebody wrote into metadata."""
    try:
        numbers = pages.parse(text)
    except Invalid:
        return
    assert numbers[0] >= 1


def test_selecting_nothing_selects_all() -> None:
    """No selection and an empty one mean the whole document."""
    assert pages.select(None, 3) == pages.select("", 3) == (1, 2, 3)


def test_the_last_page_can_be_selected_and_the_next_cannot() -> None:
    """The bound is the document's."""
    assert pages.select("2-3", 3) == (2, 3)
    with pytest.raises(Invalid, match=r"Page 4 was asked for, but the document has 3 pages\."):
        pages.select("2,4", 3)
    with pytest.raises(Invalid, match=r"the document has 1 page\."):
        pages.select("2", 1)
