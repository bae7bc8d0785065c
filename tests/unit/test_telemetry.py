"""Telemetry quotes nobody, costs nothing where nobody listens, and goes nowhere else."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shared import ocr_jobs
from shared.names import OCR_JOBS, BlobRef
from shared.services import Services
from shared.settings import Settings
from shared.telemetry import Telemetry
from tests.fakes import Bench
from tests.servers import answer, serving
from tests.telling import Told
from tests.unit.test_canaries import ANSWERS, CANARIES, JOBS, at

ROOT = Path(__file__).parents[2]
HOSTS_SPAN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("said", ANSWERS)
def test_whatever_a_service_answers_no_span_or_metric_has_its_words(job: Callable[[Bench], None], said: str) -> None:
    """They go where operators look, who may not read documents; exceptions are told by type and code."""
    with serving(answer()) as server:
        server.scripts[:] = ANSWERS[said](server.url)
        bench = at(server.url)
        told = Told.by(bench)
        job(bench)

    written = told.everything()
    assert "model call" in written
    assert "darkroom.model.latency" in written
    assert [canary for canary in CANARIES if canary in written] == []


@pytest.mark.parametrize("kind", ["ocr", "images", "embeddings"])
def test_a_fault_of_our_own_is_told_by_its_type(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """The text of a foreign exception may hold anything."""

    def fails(*_: object) -> None:
        raise ValueError(" ".join(CANARIES))

    bench = Bench.make()
    told = Told.by(bench)
    monkeypatch.setattr(
        type(getattr(bench, kind)), {"ocr": "read", "images": "make", "embeddings": "embed"}[kind], fails
    )
    JOBS[{"ocr": 0, "images": 1, "embeddings": 3}[kind]](bench)

    written = told.everything()
    assert '"code": "unexpected"' in written
    assert [canary for canary in CANARIES if canary in written] == []


def test_no_message_is_changed_where_nobody_listens() -> None:
    """Then a trace leads nowhere."""
    bench = Bench.make()
    ocr_jobs.document_dropped(bench.services, BlobRef("documents", "a.pdf"), HOSTS_SPAN)
    assert [posted.text for posted in bench.storage.queues[OCR_JOBS]] == ['{"document":"documents/a.pdf"}']


def in_fresh_process(code: str, **environment: str) -> str:
    """What a program prints, run from the repository's root with this environment alone."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout + done.stderr


NEEDED = {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "DARKROOM_OCR_ENDPOINT": "http://127.0.0.1:1"}
LOADED = "print([name for name in ('opentelemetry', 'azure.monitor') if name in sys.modules])"


def test_nothing_is_loaded_for_telemetry_where_nobody_listens() -> None:
    """It is time of every cold start, and memory."""
    code = "import sys, function_app; from shared import jobs, services; services.services();" + LOADED
    assert in_fresh_process(code, **NEEDED).strip() == "[]"


def test_a_connection_string_that_cannot_be_used_costs_no_job() -> None:
    """It is told in a line, without what it says, and work goes on."""
    code = "from shared.services import services; print(type(services().telemetry).__name__)"

    printed = in_fresh_process(code, **NEEDED, APPLICATIONINSIGHTS_CONNECTION_STRING=CANARIES[0])

    line = "no traces and metrics: APPLICATIONINSIGHTS_CONNECTION_STRING, ValueError"
    assert sorted(printed.splitlines()) == ["Telemetry", line]


def test_whoever_looks_at_an_app_from_outside_tells_nothing_in_its_name() -> None:
    """`darkroom doctor` reads an app's settings, and its calls are not the app's."""
    settings = Settings(storage="UseDevelopmentStorage=true", ocr_endpoint="http://fake", insights="InstrumentationKey")
    assert type(Services.make(settings).telemetry) is Telemetry


def test_spans_and_metrics_arrive_and_nothing_else_is_sent_or_asked() -> None:
    """The exporter's own reports and switches, which go to other servers, are off, and nothing is left on the disk."""
    with serving(answer(200, b'{"itemsReceived": 1, "itemsAccepted": 1, "errors": []}')) as server:
        where = server.url.removesuffix("/ocr")
        connection = f"InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint={where}"
        code = """
from shared.services import services
telemetry = services().telemetry
with telemetry.span("job", kind="ocr"):
    telemetry.level("darkroom.queue.depth", 5, queue="ocr-jobs")
    telemetry.count("darkroom.jobs", kind="ocr", outcome="succeeded", code="")
"""
        insights = {"APPLICATIONINSIGHTS_CONNECTION_STRING": connection, "WEBSITE_SITE_NAME": "app-1"}
        elsewhere = {"HTTPS_PROXY": where, "https_proxy": where}
        in_fresh_process(code, **NEEDED, **insights, **elsewhere)

    assert {request.line for request in server.requests} == {"POST /v2.1/track HTTP/1.1"}
    sent = [item for request in server.requests for item in json.loads(request.body)]
    assert {item["tags"]["ai.cloud.role"] for item in sent} == {"app-1"}
    told = [item["data"]["baseData"] for item in sent]
    assert [(one["name"], one["properties"]) for one in told if "metrics" not in one] == [("job", {"kind": "ocr"})]
    metrics = [(one["metrics"][0], one["properties"]) for one in told if "metrics" in one]
    assert {metric["name"]: (metric["value"], properties) for metric, properties in metrics} == {
        "darkroom.jobs": (1, {"kind": "ocr", "outcome": "succeeded", "code": ""}),
        "darkroom.queue.depth": (5, {"queue": "ocr-jobs"}),
    }
