"""How long to wait is read from whatever a service says, and never believed beyond a day."""

import email.utils
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clients.retry_after import LONGEST, retry_after

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORDS = "Requests to the OCR operation have exceeded the rate limit. Please retry after 38 seconds."


@pytest.mark.parametrize(
    ("headers", "words", "seconds"),
    [
        ({"retry-after-ms": "1500"}, "", 1.5),
        ({"retry-after": "7"}, "", 7.0),
        ({"retry-after": "0.25"}, "", 0.25),
        ({"retry-after": "0"}, WORDS, 0.0),
        ({"retry-after": " 7 "}, "", 7.0),
        ({"retry-after": "Fri, 20 Nov 2026 12:01:30 GMT"}, "", 90.0),
        ({"retry-after": "Fri, 20 Nov 2026 12:01:30"}, "", 90.0),
        ({"retry-after": "Fri, 20 Nov 2026 13:01:30 +0100"}, "", 90.0),
        ({"retry-after": "Fri, 20 Nov 2026 11:00:00 GMT"}, "", 0.0),
        ({}, WORDS, 38.0),
        ({}, "Try again in 1.5s.", 1.5),
        ({}, "please RETRY AFTER 20 milliseconds", 0.02),
        ({}, "retry after 250ms", 0.25),
        ({}, "Try again in 2 minutes", 120.0),
        ({}, "Try again later.", None),
        ({}, "retry after 3 messages", None),
        ({}, "", None),
    ],
)
def test_every_way_of_saying_it_is_understood(headers: dict[str, str], words: str, seconds: float | None) -> None:
    """Milliseconds, seconds, dates and words each give seconds; silence gives None."""
    assert retry_after(headers, words, NOW) == pytest.approx(seconds)


def test_the_finer_header_goes_before_the_coarser_and_both_before_words() -> None:
    """Azure sends the pause up to three times, rounded differently."""
    both = {"retry-after-ms": "1200", "retry-after": "2"}

    assert retry_after(both, WORDS, NOW) == pytest.approx(1.2)
    assert retry_after({"retry-after": "2"}, WORDS, NOW) == 2


@pytest.mark.parametrize("garbage", ["", "soon", "-5", "nan", "inf", "-inf", "1e999", "12 apples", "\x00", "0x10"])
@pytest.mark.parametrize("name", ["retry-after-ms", "retry-after"])
def test_a_header_that_says_nothing_is_passed_over(name: str, garbage: str) -> None:
    """What cannot be a pause does not hide the pause that is told elsewhere."""
    assert retry_after({name: garbage}, WORDS, NOW) == 38
    assert retry_after({name: garbage}, "", NOW) is None


@pytest.mark.parametrize("headers", [{"retry-after": "1e12"}, {"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}])
def test_a_huge_pause_is_cut_to_a_day(headers: dict[str, str]) -> None:
    """A queue cannot hide a message for years, and no service means it."""
    assert retry_after(headers, "", NOW) == LONGEST == 24 * 3600


@given(st.one_of(st.text(), st.from_regex(r"[A-Z][a-z]{2}, \d{1,2} Nov \d{1,5} \d\d:\d\d:\d\d [+-]\d{4}")), st.text())
def test_whatever_is_said_the_pause_is_none_or_within_a_day(said: str, words: str) -> None:
    """No header and no sentence can break the caller."""
    for name in ("retry-after-ms", "retry-after"):
        seconds = retry_after({name: said}, words, NOW)
        assert seconds is None or 0 <= seconds <= LONGEST


@given(st.integers(0, 86_400))
def test_a_date_means_what_the_same_seconds_mean(seconds: int) -> None:
    """Both forms of Retry-After agree."""
    date = email.utils.format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)

    assert retry_after({"retry-after": date}, "", NOW) == retry_after({"retry-after": str(seconds)}, "", NOW)
