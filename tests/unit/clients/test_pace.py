"""The pace of a deployment: free until it refuses, then a probe, then the places that it leaves."""

from itertools import pairwise

import pytest

from bench.drain_world import Quota, World
from shared.clients.pace import Pace
from shared.errors import Invalid, Throttled, Unavailable
from tests.unit.clients.calling import Seconds


@pytest.fixture
def pace(clock: Seconds) -> Pace:
    """A pace without chance, for a deployment that has answered once."""
    made = Pace(clock, lambda low, _: low)
    made.ended(made.turn("ocr"), None)
    clock.forward(61)
    return made


def refuse(pace: Pace, after: float | None = 30.0) -> None:
    """Make a call that is refused."""
    pace.ended(pace.turn("ocr"), Throttled("", after=after))


def test_a_deployment_that_never_refused_is_not_limited(pace: Pace) -> None:
    """A hundred calls at once find their turn now."""
    assert {pace.turn("ocr").wait for _ in range(100)} == {0}


def test_the_first_calls_of_a_process_go_a_quarter_of_a_second_apart(clock: Seconds) -> None:
    """A quick refusal spares the rest; nobody waits for more than two seconds."""
    fresh = Pace(clock, lambda low, _: low)

    waits = [fresh.turn("ocr").wait for _ in range(20)]

    assert waits[:4] == [0, 0.25, 0.5, 0.75]
    assert max(waits) == 2


def test_one_probe_goes_first_when_a_pause_is_over(pace: Pace, clock: Seconds) -> None:
    """Nobody calls during the pause; after it one call goes well ahead of the next."""
    busy = pace.turn("ocr")
    pace.ended(busy, None)
    refuse(pace, 30)
    clock.forward(29)
    with pytest.raises(Throttled):
        pace.turn("ocr")

    clock.forward(1)

    assert pace.turn("ocr").wait == 0
    with pytest.raises(Throttled):
        pace.turn("ocr")


def test_jobs_that_are_sent_away_are_told_to_come_one_after_the_other(pace: Pace) -> None:
    """Ten thousand jobs do not all come back at the moment when the pause is over."""
    refuse(pace, 30)

    told = []
    for _ in range(5):
        with pytest.raises(Throttled) as raised:
            pace.turn("ocr")
        told.append(raised.value.after)

    assert told == [30, 50, 70, 90, 110]


def test_a_call_that_waited_for_its_turn_is_held_back_when_another_is_refused(clock: Seconds) -> None:
    """A wait in place does not outlive a refusal, and leaves no place behind."""
    fresh = Pace(clock, lambda low, _: low)
    first, second = fresh.turn("ocr"), fresh.turn("ocr")
    fresh.ended(first, Throttled("", after=30))
    clock.forward(second.wait)

    with pytest.raises(Throttled):
        fresh.confirm(second)


def test_a_pause_is_never_cut_short(pace: Pace, clock: Seconds) -> None:
    """A call that was under way when another was refused, and asks for less, changes nothing."""
    first, second = pace.turn("ocr"), pace.turn("ocr")
    pace.ended(first, Throttled("", after=60))
    pace.ended(second, Throttled("", after=5))
    clock.forward(59)

    with pytest.raises(Throttled):
        pace.turn("ocr")


def test_a_process_that_was_never_let_in_waits_a_few_times_as_long_as_it_was_refused(clock: Seconds) -> None:
    """A worker that starts while the quota is used up goes on soon after it is free again, not hours later."""
    fresh, began, tried = Pace(clock, lambda _, high: high), clock.now, []

    while clock.now - began < 7200:
        try:
            turn = fresh.turn("ocr")
        except Throttled:
            clock.forward(1)
            continue
        clock.forward(turn.wait)
        tried.append(clock.now - began)
        fresh.ended(turn, Throttled("", after=10))

    assert all(later < 8 * max(earlier, 60) + 60 for earlier, later in pairwise(tried))


def test_other_deployments_know_nothing_of_it(pace: Pace) -> None:
    """A refusal is one deployment's."""
    refuse(pace)

    assert pace.turn("other").wait == 0


def test_limits_that_nobody_waited_for_fade_in_an_hour(pace: Pace, clock: Seconds) -> None:
    """After a quiet hour calls go as if nothing had been refused."""
    refuse(pace)
    clock.forward(3601)

    assert {pace.turn("ocr").wait for _ in range(20)} == {0}


def test_one_call_without_an_answer_holds_nobody_back(pace: Pace) -> None:
    """A single 503 is no outage, nor are two with an answer between."""
    for error in (Unavailable(""), Unavailable(""), Invalid(""), Unavailable(""), Unavailable("")):
        pace.ended(pace.turn("ocr"), error)

    assert pace.turn("ocr").wait == 0


def test_an_outage_lets_single_calls_through_with_growing_pauses(pace: Pace, clock: Seconds) -> None:
    """A model that is down for an hour gets a few calls, not one for each job, and is found again when it is back."""
    calls = 0
    for _ in range(3600):
        try:
            turn = pace.turn("ocr")
        except Throttled as wait:
            assert wait.after is not None
            assert wait.after <= 300
        else:
            pace.ended(turn, Unavailable(""))
            calls += 1
        clock.forward(1)
    clock.forward(300)
    pace.ended(pace.turn("ocr"), None)

    assert 3 < calls < 25
    assert {pace.turn("ocr").wait for _ in range(20)} == {0}


def test_a_fault_of_our_own_tells_nothing(pace: Pace) -> None:
    """A full disk is neither a refusal nor an answer."""
    pace.ended(pace.turn("ocr"), OSError())

    assert pace.turn("ocr").wait == 0


@pytest.mark.parametrize("instances", [1, 10])
def test_a_queue_drains_close_to_the_quota(instances: int) -> None:
    """Two thousand jobs at 60 a minute: none is lost, and refused calls and rounds through the queue are few."""
    world = World(2000, instances, Quota(60, 60.0, "left")).run()

    assert world.done == 2000
    assert world.now / world.ideal <= 1.15
    assert world.refused / world.calls <= 0.05
    assert world.deferred / world.jobs < 10


def test_without_a_pace_nearly_every_call_is_refused() -> None:
    """The simulation tells the difference: the same drain without a pace is refused nine times out of ten."""
    world = World(1000, 10, Quota(60, 60.0, "left"), paced=False).run()

    assert world.refused / world.calls > 0.5
