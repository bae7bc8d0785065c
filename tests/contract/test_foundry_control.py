"""The emulator's control API, and the faults, limits and engine that it sets, over real connections."""

import base64
import io
import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from local.foundry.process import running

ROUTE = "/providers/mistral/azure/ocr"


@pytest.fixture(scope="module")
def process_url() -> Iterator[str]:
    """One emulator for the tests of this module."""
    with running() as emulator:
        yield emulator.url


@pytest.fixture
def url(process_url: str) -> str:
    """The emulator as after a start, answering at once."""
    requests.post(f"{process_url}/emulator/reset", timeout=10)
    control(process_url, "PUT", "engine", engine="instant", seconds_per_page=0)
    return process_url


def control(url: str, method: str, what: str, **body: Any) -> requests.Response:
    """Call the control API."""
    return requests.request(method, f"{url}/emulator/{what}", json=body, timeout=10)


def stats(url: str) -> dict[str, Any]:
    """The emulator's counts."""
    return dict(control(url, "GET", "stats").json())


def post(url: str, pages: int = 1, model: str = "mistral-ocr-4-0", **fields: Any) -> requests.Response:
    """OCR a PDF of this many pages."""
    target = io.BytesIO()
    canvas = Canvas(target, invariant=True)
    for page in range(pages):
        canvas.drawString(72, 760, f"identity {page}")
        canvas.showPage()
    canvas.save()
    source = f"data:application/pdf;base64,{base64.b64encode(target.getvalue()).decode()}"
    body = {"model": model, "document": {"type": "document_url", "document_url": source}, **fields}
    return requests.post(url + ROUTE, json=body, headers={"api-key": "local-key"}, timeout=20)


def test_health_names_deployments_and_engine(url: str) -> None:
    """A client can see whether the emulator serves, and what."""
    health = control(url, "GET", "health").json()
    assert (health["status"], health["engine"]) == ("ok", "instant")
    assert "mistral-document-ai-2512" in health["deployments"]


def test_calls_are_counted_with_what_they_cost(url: str) -> None:
    """Answers are billed by the page, refusals are listed and cost nothing."""
    # when
    post(url, pages=3)
    post(url, model="nothing")
    # then
    counted = stats(url)
    assert counted["totals"] == {
        "calls": 2,
        "billed_calls": 1,
        "billed_requests": 1,
        "pages_billed": 3,
        "annotation_pages_billed": 0,
        "by_status": {"200": 1, "404": 1},
        "by_model": {"mistral-ocr-4-0": 1},
    }
    first = counted["calls"][0]
    assert (first["route"], first["status"], first["pages"], len(first["document_sha256"])) == (ROUTE, 200, 3, 64)


def test_the_same_request_again_is_told_from_another(url: str) -> None:
    """So that whoever counts sees what was paid twice; each call tells when it ended."""
    # when
    for pages in (1, 1, 2):
        post(url, pages=pages)
    # then
    counted = stats(url)
    first, again, other = (call["request_sha256"] for call in counted["calls"])
    assert first == again != other
    assert (counted["totals"]["billed_calls"], counted["totals"]["billed_requests"]) == (3, 2)
    assert all(call["at"] <= call["ended"] for call in counted["calls"])


@pytest.mark.parametrize(
    ("status", "code"), [(401, "401"), (403, "Forbidden"), (408, "408"), (429, "429"), (500, "500"), (503, "503")]
)
def test_a_status_fault_answers_in_the_gateways_shape(url: str, status: int, code: str) -> None:
    """Each status comes with its usual body, once, and is not billed."""
    # given
    control(url, "POST", "faults", kind="status", status=status)
    # when
    struck, after = post(url), post(url)
    # then
    assert (struck.status_code, struck.json()["error"]["code"]) == (status, code)
    assert after.status_code == 200
    assert stats(url)["totals"]["billed_calls"] == 1


def test_a_blocked_resource_says_so(url: str) -> None:
    """403 carries the text of a resource that is temporarily blocked."""
    control(url, "POST", "faults", kind="status", status=403)
    assert "temporarily blocked" in post(url).json()["error"]["message"]


def test_a_throttling_fault_tells_its_delay(url: str) -> None:
    """The delay arrives as seconds, as milliseconds, as a date, or in the text alone."""
    # given
    control(url, "POST", "faults", kind="status", status=429, after_seconds=3, after_ms=2500)
    control(url, "POST", "faults", kind="status", status=429, after_seconds=3, retry_after_date=True)
    control(url, "POST", "faults", kind="status", status=429, after_seconds=3, message_only=True)
    # when
    both, dated, told = post(url), post(url), post(url)
    # then
    assert (both.headers["Retry-After"], both.headers["retry-after-ms"]) == ("3", "2500")
    assert parsedate_to_datetime(dated.headers["Retry-After"]).tzinfo is not None
    assert "Retry-After" not in told.headers
    assert "retry after 3 seconds" in told.json()["error"]["message"]


def test_a_null_answer_is_a_success_without_content(url: str) -> None:
    """The `null` body comes with status 200."""
    control(url, "POST", "faults", kind="null")
    answer = post(url)
    assert (answer.status_code, answer.content) == (200, b"null")


def test_a_cut_answer_ends_early_and_is_billed(url: str) -> None:
    """The connection closes in the middle of the body; the service did the work nevertheless."""
    control(url, "POST", "faults", kind="cut", bytes=20)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        post(url, pages=2)
    assert stats(url)["totals"]["pages_billed"] == 2


def test_a_reset_connection_gives_no_answer(url: str) -> None:
    """The connection is reset before any byte of an answer."""
    control(url, "POST", "faults", kind="reset")
    with pytest.raises(requests.exceptions.ConnectionError):
        post(url)
    assert stats(url)["totals"]["by_status"] == {"0": 1}


@pytest.mark.parametrize("kind", ["slow", "drip"])
def test_a_slow_answer_takes_its_time_and_is_whole(url: str, kind: str) -> None:
    """Slow waits before the answer, drip spreads it; both deliver everything and are billed."""
    # given
    control(url, "POST", "faults", kind=kind, seconds=0.3)
    # when
    started = time.monotonic()
    answer = post(url, pages=2)
    # then
    assert time.monotonic() - started >= 0.3
    assert len(answer.json()["pages"]) == 2
    assert stats(url)["totals"]["pages_billed"] == 2


def test_billing_of_a_fault_can_be_chosen(url: str) -> None:
    """An error after the work was done can be billed, and a cut answer free."""
    # given
    control(url, "POST", "faults", kind="status", status=503, billed=True)
    control(url, "POST", "faults", kind="slow", seconds=0, billed=False)
    # when
    statuses = [post(url, pages=2).status_code, post(url, pages=5).status_code]
    # then
    assert statuses == [503, 200]
    assert stats(url)["totals"]["pages_billed"] == 2


def test_faults_can_be_cleared(url: str) -> None:
    """DELETE drops faults that would otherwise stay for ever."""
    # given
    control(url, "POST", "faults", kind="status", status=500, times=None)
    assert [post(url).status_code for _ in range(2)] == [500, 500]
    # when
    control(url, "DELETE", "faults")
    # then
    assert post(url).status_code == 200


def test_limits_refuse_with_both_headers(url: str) -> None:
    """Beyond the rate the gateway answers 429 and says when to come back; lifting the limit ends that."""
    # given
    control(url, "PUT", "limits", requests_per_minute=1)
    # when
    statuses = [post(url).status_code for _ in range(2)]
    refused = post(url)
    # then
    assert statuses == [200, 429]
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert int(refused.headers["retry-after-ms"]) <= 60_000
    control(url, "PUT", "limits")
    assert post(url).status_code == 200


def test_calls_at_once_are_counted_and_limited(url: str) -> None:
    """The greatest number of calls at once is known, and beyond the limit one is refused."""
    # given
    control(url, "PUT", "engine", engine="instant", seconds_per_page=0.4)
    control(url, "PUT", "limits", concurrent=2)
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(post(url).status_code)) for _ in range(3)]
    # when
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # then
    assert sorted(statuses) == [200, 200, 429]
    assert stats(url)["max_in_flight"] >= 2


def test_the_instant_engine_says_which_page_it_saw(url: str) -> None:
    """Each page answers with its own text and a figure of the bytes asked for, in order."""
    # given
    control(url, "PUT", "engine", engine="instant", seconds_per_page=0, figure_bytes=5000)
    # when
    pages = post(url, pages=3, include_image_base64=True).json()["pages"]
    # then
    assert [page["markdown"].split("\n")[0] for page in pages] == ["identity 0", "identity 1", "identity 2"]
    figure = base64.b64decode(pages[0]["images"][0]["image_base64"].partition(",")[2])
    assert len(figure) == 5000
    Image.open(io.BytesIO(figure)).load()


@pytest.mark.parametrize(
    ("method", "what", "body"),
    [
        ("POST", "faults", {"kind": "flood"}),
        ("POST", "faults", {"kind": "status", "status": 429, "message_only": True}),
        ("PUT", "limits", {"per_second": 1}),
        ("PUT", "engine", {"engine": "magic"}),
    ],
)
def test_a_wrong_control_body_is_explained(url: str, method: str, what: str, body: dict[str, Any]) -> None:
    """A body that does not fit is refused with reasons and changes nothing."""
    answer = control(url, method, what, **body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["msg"]


def test_a_start_with_bad_settings_fails() -> None:
    """An emulator whose settings cannot be used ends with a sentence instead of listening."""
    with pytest.raises(RuntimeError, match="did not start"), running({"FOUNDRY_EMULATOR_DEPLOYMENTS": "x"}):
        pass


def test_a_caller_that_leaves_does_no_harm(url: str) -> None:
    """A request that breaks off is not counted, and the next one is served."""
    # given
    host, port = url.removeprefix("http://").split(":")
    head = f"POST {ROUTE} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\n{{"
    # when
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall(head.encode())
    # then
    assert post(url).status_code == 200
    assert stats(url)["totals"]["calls"] == 1


def test_it_ends_at_once_while_calls_are_under_way() -> None:
    """SIGTERM ends the process cleanly within two seconds, whatever is being answered."""
    with running() as emulator:
        # given
        control(emulator.url, "PUT", "engine", engine="instant", seconds_per_page=30)
        caller = threading.Thread(target=_ignore_failure, args=(emulator.url,))
        caller.start()
        while stats(emulator.url)["in_flight"] == 0:
            time.sleep(0.01)
        # when
        started = time.monotonic()
        emulator.process.send_signal(signal.SIGTERM)
        code = emulator.process.wait(10)
        # then
        assert code == 0
        assert time.monotonic() - started < 2
        caller.join()


def _ignore_failure(url: str) -> None:
    try:
        post(url).json()
    except (requests.exceptions.RequestException, json.JSONDecodeError):
        return
