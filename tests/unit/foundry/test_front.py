"""What stands before every endpoint: keys and tokens, limits, faults, and the settings they come from."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from local.foundry import auth
from local.foundry.errors import ServiceError
from local.foundry.faults import Fault, FaultBook
from local.foundry.limits import Limits, LimitSettings
from local.foundry.settings import Settings, from_environment
from local.foundry.stats import Stats

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ROUTE = "/v1/ocr"


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        """Start at noon."""
        self.now = NOW

    def __call__(self) -> datetime:
        """The time."""
        return self.now


def token(**claims: Any) -> dict[str, str]:
    """Headers with an unsigned token that carries these claims."""
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return {"authorization": f"Bearer e30.{body}.sig"}


@pytest.mark.parametrize(
    ("headers", "keys_only"),
    [
        ({"api-key": "local-key"}, False),
        ({"authorization": "Bearer local-key"}, False),
        ({"authorization": "Bearer local-key"}, True),
        (token(aud="https://cognitiveservices.azure.com/"), False),
        (token(aud=["https://ai.azure.com"], exp=NOW.timestamp() + 60), False),
    ],
)
def test_known_callers_are_let_in(headers: dict[str, str], keys_only: bool) -> None:
    """A key in a header the route reads, or a token for an accepted audience, opens the door."""
    auth.check(headers, Settings(), keys_only, NOW)


@pytest.mark.parametrize(
    ("headers", "keys_only", "words"),
    [
        ({}, False, "invalid subscription key"),
        ({"api-key": "other"}, False, "invalid subscription key"),
        ({"api-key": ""}, False, "invalid subscription key"),
        ({"authorization": "local-key"}, False, "invalid subscription key"),
        ({"api-key": "local-key"}, True, "invalid subscription key"),
        (token(aud="https://ai.azure.com"), True, "invalid subscription key"),
        (token(aud="https://graph.microsoft.com"), False, "audience is incorrect"),
        (token(aud="https://ai.azure.com", exp=NOW.timestamp() - 1), False, "have expired"),
    ],
)
def test_others_are_refused_with_the_reason(headers: dict[str, str], keys_only: bool, words: str) -> None:
    """A wrong key, header or token is a 401 in the words of the service."""
    with pytest.raises(ServiceError) as refusal:
        auth.check(headers, Settings(), keys_only, NOW)
    assert refusal.value.status == 401
    assert words in refusal.value.body["error"]["message"]


def test_the_rate_limit_says_when_to_come_back_and_then_admits() -> None:
    """Calls beyond the rate get both headers; a minute after the first there is room again."""
    # given
    clock = Clock()
    limits = Limits(clock)
    limits.configure(LimitSettings(requests_per_minute=1))
    with limits.admit():
        pass
    clock.now += timedelta(seconds=20)
    # when
    with pytest.raises(ServiceError) as refusal, limits.admit():
        pass
    # then
    assert refusal.value.headers == {"Retry-After": "40", "retry-after-ms": "40000"}
    clock.now += timedelta(seconds=40)
    with limits.admit():
        pass


def test_the_concurrency_limit_counts_what_runs() -> None:
    """A call is refused while another runs, and admitted when that has ended."""
    # given
    limits = Limits(Clock())
    limits.configure(LimitSettings(concurrent=1))
    # when
    with limits.admit(), pytest.raises(ServiceError) as refusal, limits.admit():
        pass
    # then
    assert refusal.value.status == 429
    with limits.admit():
        pass


def test_a_fault_strikes_as_often_as_it_was_told() -> None:
    """`times` counts down, then the fault is gone; null stays until cleared."""
    # given
    book = FaultBook()
    book.add(Fault(kind="null", times=2))
    # when
    struck = [book.take(ROUTE, "m") is not None for _ in range(3)]
    # then
    assert struck == [True, True, False]
    assert book.waiting() == []
    book.add(Fault(kind="null", times=None))
    assert all(book.take(ROUTE, "m") for _ in range(5))


def test_a_fault_strikes_only_what_it_names() -> None:
    """Deployment and route narrow a fault down; other calls do not use it up."""
    # given
    book = FaultBook()
    book.add(Fault(kind="null", deployment="a", route=ROUTE))
    # when / then
    assert book.take(ROUTE, "b") is None
    assert book.take("/other", "a") is None
    assert book.take(ROUTE, "a") is not None


def test_chance_is_repeatable() -> None:
    """The same seed gives the same calls bad luck; about as many as the probability says."""

    # given
    def strikes(seed: int) -> list[bool]:
        book = FaultBook()
        book.add(Fault(kind="null", times=None, probability=0.3, seed=seed))
        return [book.take(ROUTE, "m") is not None for _ in range(200)]

    # when / then
    assert strikes(1) == strikes(1) != strikes(2)
    assert 40 <= sum(strikes(1)) <= 80


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"after_seconds": 7}, {"Retry-After": "7"}),
        ({"after_ms": 250}, {"retry-after-ms": "250"}),
        ({"after_seconds": 7, "retry_after_date": True}, {"Retry-After": "Fri, 20 Nov 2026 12:00:07 GMT"}),
        ({"after_seconds": 7, "message_only": True}, {}),
    ],
)
def test_delays_are_told_in_the_way_asked_for(fields: dict[str, Any], headers: dict[str, str]) -> None:
    """A 429 tells its delay in seconds, milliseconds, as a date, or in its text alone."""
    # when
    error = Fault(kind="status", status=429, **fields).error(NOW)
    # then
    assert error.headers == headers
    assert ("Please retry after 7 seconds" in error.body["error"]["message"]) == ("after_seconds" in fields)


def test_a_fault_without_its_delay_is_refused() -> None:
    """A fault that is to tell a delay it was not given is a mistake of the test that asks for it."""
    with pytest.raises(ValidationError, match="after_seconds"):
        Fault(kind="status", message_only=True)


def test_totals_go_on_when_old_calls_drop_off() -> None:
    """The list of calls is bounded, the totals are not; unbilled calls count no pages."""
    # given
    stats = Stats(Clock())
    # when
    for number in range(10_002):
        with stats.open(ROUTE) as call:
            call.model, call.status, call.pages, call.billed = "m", 200, 2, number > 0
            stats.record(call)
    # then
    counted = stats.as_json()
    assert len(counted["calls"]) == 10_000
    assert counted["totals"]["calls"] == counted["totals"]["by_model"]["m"] == 10_002
    assert (counted["totals"]["billed_calls"], counted["totals"]["pages_billed"]) == (10_001, 20_002)
    assert (counted["in_flight"], counted["max_in_flight"]) == (0, 1)


def test_deployments_and_keys_come_from_the_environment() -> None:
    """Extra deployments join the four models, and given keys replace the default one."""
    # when
    settings = from_environment(
        {"FOUNDRY_EMULATOR_KEYS": "a, b", "FOUNDRY_EMULATOR_DEPLOYMENTS": "docs = mistral-ocr-4-0"}
    )
    # then
    assert settings.keys == {"a", "b"}
    assert settings.deployments["docs"] == settings.deployments["mistral-ocr-4-0"] == "mistral-ocr-4-0"


@pytest.mark.parametrize("pair", ["docs", "docs=gpt", "=mistral-ocr-4-0"])
def test_a_deployment_that_cannot_be_is_named(pair: str) -> None:
    """A bad pair is refused with a sentence that quotes it and lists the models."""
    with pytest.raises(ValueError, match=pair) as refusal:
        from_environment({"FOUNDRY_EMULATOR_DEPLOYMENTS": pair})
    assert "mistral-ocr-4-0" in str(refusal.value)
