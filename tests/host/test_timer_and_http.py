"""Timers keep the clock and http functions answer."""

from __future__ import annotations

import pytest
import requests

from tests.host.conftest import Bench, Running, until

NEVER = {"SCHEDULE": "0 0 0 1 1 *"}


@pytest.fixture(scope="module")
def host(shared_bench: Bench) -> Running:
    """Run the app with a timer whose time does not come."""
    return shared_bench.run("clock", settings=NEVER)


def test_a_timer_fires_at_the_start_and_never_overlaps_itself(bench: Bench) -> None:
    """run_on_startup fires at once; a run longer than the pause between two occurrences is waited for."""
    bench.run("clock", settings={"SCHEDULE": "* * * * * *"})

    until(lambda: len(bench.notes("tock")) == 2)
    assert [note["event"] for note in bench.notes()][:4] == ["tick", "tock", "tick", "tock"]
    assert bench.notes("tick")[0]["past_due"] is False


def test_a_timer_with_a_time_span_fires_after_it(bench: Bench) -> None:
    """`hh:mm:ss` is a pause between runs."""
    bench.run("clock", settings={"SCHEDULE": "00:00:01"})

    until(lambda: len(bench.notes("tick")) == 2)
    first, second = (note["time"] for note in bench.notes("tick"))
    assert second - first >= 2.2


def test_a_timer_fires_by_hand(shared_bench: Bench, host: Running) -> None:
    """The admin endpoint fires a timer whose time has not come."""
    assert host.by_hand("new_year", "") == 202

    until(lambda: shared_bench.notes("new year"))


def test_an_http_function_gets_route_query_and_body(host: Running) -> None:
    """Route parameters, a catch-all, query and body arrive; status, headers and body come back."""
    answer = requests.post(f"{host.url}/api/things/pen/a/b?colour=red", data="ink", timeout=5)

    assert answer.status_code == 201
    assert (answer.headers["x-kind"], answer.headers["content-type"]) == ("thing", "application/json")
    assert answer.json() == {"route": {"kind": "pen", "rest": "a/b"}, "query": {"colour": "red"}, "body": "ink"}


def test_http_errors_and_methods_are_plain(host: Running) -> None:
    """A failing function is a 500, a wrong method a 405, an unknown path a 404, and nothing runs it by hand."""
    assert requests.get(f"{host.url}/api/broken", timeout=5).status_code == 500
    assert requests.post(f"{host.url}/api/broken", timeout=5).status_code == 405
    assert requests.get(f"{host.url}/api/nothing", timeout=5).status_code == 404
    assert host.by_hand("broken", "") == 404


def test_an_app_without_blob_functions_has_no_webhook(host: Running) -> None:
    """The webhook comes with the first blob trigger, as on the real host."""
    assert requests.post(f"{host.url}/runtime/webhooks/blobs", timeout=5).status_code == 404


def test_the_status_names_the_functions_and_the_worker(host: Running) -> None:
    """GET /admin/host/status says that the host runs, and what."""
    status = host.status()

    assert status["state"] == "Running"
    assert status["functions"] == ["tick", "new_year", "thing", "broken"]
    assert status["workerPid"] != host.process.pid


def test_the_route_prefix_may_be_empty(bench: Bench) -> None:
    """`extensions.http.routePrefix` moves the routes."""
    host = bench.run("clock", settings=NEVER, extensions={"http": {"routePrefix": ""}})

    assert requests.get(f"{host.url}/broken", timeout=5).status_code == 500
