"""The doors, as the Functions runtime sees them."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest

from shared import jobs
from shared.bindings import BlobName, BlobNameConverter

ROOT = Path(__file__).parents[2]
HOST = json.loads((ROOT / "host.json").read_text())
SAMPLE = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
DOORS = {
    "ocr_document": "blobTrigger",
    "ocr_job": "queueTrigger",
    "ocr_poison": "queueTrigger",
    "image_job": "queueTrigger",
    "image_poison": "queueTrigger",
    "embedding_job": "queueTrigger",
    "embedding_poison": "queueTrigger",
    "document_poison": "queueTrigger",
    "sweep_documents": "timerTrigger",
    "watch_queues": "timerTrigger",
}


def in_fresh_process(code: str, **environment: str) -> str:
    """What a program prints, run from the repository's root with this environment alone."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout + done.stderr


def test_there_is_one_app_with_these_functions() -> None:
    """The runtime takes exactly one FunctionApp, and the names are part of the deployment."""
    sys.modules.pop("function_app", None)  # an app can be indexed once only
    import function_app

    apps = [value for value in vars(function_app).values() if isinstance(value, func.FunctionApp)]
    assert len(apps) == 1
    found = {f.get_function_name(): getattr(f.get_trigger(), "type", None) for f in apps[0].get_functions()}
    assert found == DOORS


def test_poison_messages_are_handed_over_as_the_bytes_that_they_are() -> None:
    """The host would fail text that is not UTF-8 before our code sees it, and skip it for good after five times."""
    sys.modules.pop("function_app", None)  # an app can be indexed once only
    import function_app

    poison = [
        (trigger.get_dict_repr()["dataType"], door.get_user_function().__annotations__["message"])
        for door in function_app.app.get_functions()
        if (trigger := door.get_trigger()) and str(getattr(trigger, "queue_name", "")).endswith("-poison")
    ]
    assert len(poison) >= 4
    assert set(poison) == {(func.DataType.BINARY, bytes)}


def test_importing_the_app_loads_none_of_the_heavy_libraries() -> None:
    """Every import is cold start."""
    heavy = ["azure.storage", "azure.identity", "requests", "pydantic", "pikepdf", "PIL", "ijson", "opentelemetry"]
    printed = in_fresh_process(f"import sys, function_app; print([m for m in {heavy!r} if m in sys.modules])", **SAMPLE)
    assert printed.strip() == "[]"


def test_a_wrong_setting_is_told_at_start_by_name_and_the_app_still_loads() -> None:
    """Zero functions would lose events; a sentence in the log does not."""
    printed = in_fresh_process("import function_app", AzureWebJobsStorage="UseDevelopmentStorage=true")
    assert "DARKROOM_OCR_ENDPOINT is missing" in printed


def test_host_json_and_the_code_agree_on_the_last_attempt() -> None:
    """At the last attempt the job is recorded as failed; one off would lose or double it."""
    assert HOST["extensions"]["queues"]["maxDequeueCount"] == jobs.MAX_ATTEMPTS


def test_there_are_threads_for_every_invocation_that_the_host_may_start() -> None:
    """Invocations that wait for a thread have their timeout running."""
    queues, blobs = HOST["extensions"]["queues"], HOST["extensions"]["blobs"]
    per_queue = queues["batchSize"] + queues["newBatchThreshold"]
    triggers = list(DOORS.values())
    at_once = (
        per_queue * triggers.count("queueTrigger") + blobs["maxDegreeOfParallelism"] + triggers.count("timerTrigger")
    )
    assert int(SAMPLE["PYTHON_THREADPOOL_THREAD_COUNT"]) >= at_once


@pytest.mark.parametrize("kind", ["OCR", "IMAGE"])
def test_a_call_to_a_model_ends_before_the_host_would_end_it(kind: str) -> None:
    """A host timeout kills every other invocation of the worker."""
    hours, minutes, seconds = map(int, HOST["functionTimeout"].split(":"))
    assert int(SAMPLE[f"DARKROOM_{kind}_DEADLINE_SECONDS"]) < (hours * 60 + minutes) * 60 + seconds


@pytest.mark.parametrize("kind", ["image", "embedding"])
def test_a_message_arrives_with_what_makes_it_this_delivery(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Its text, its count, its own id, of which a job's id is made, and the trace that the host began."""
    sys.modules.pop("function_app", None)  # an app can be indexed once only
    import function_app
    from shared import embedding_jobs, image_jobs, services

    taken: list[object] = []
    jobs_of = {"image": image_jobs, "embedding": embedding_jobs}[kind]
    monkeypatch.setattr(services, "services", lambda: "services")
    monkeypatch.setattr(jobs_of, f"{kind}_message", lambda *given, **named: taken.extend([*given, named]))
    message = SimpleNamespace(get_body=lambda: b"{}", dequeue_count=3, id="m-1")

    door = next(f for f in function_app.app.get_functions() if f.get_function_name() == f"{kind}_job")
    door.get_user_function()(message, SimpleNamespace(trace_context=SimpleNamespace(trace_parent="00-a-b-01")))

    assert taken == ["services", b"{}", 3, {"message_id": "m-1", "trace": "00-a-b-01"}]


def test_a_blobs_name_is_decoded_from_the_hosts_binding_data() -> None:
    """The name arrives, with its odd characters, and no bytes with it."""
    content = {"Connection": "AzureWebJobsStorage", "ContainerName": "documents", "BlobName": "a b/ü#1%.pdf"}
    datum = SimpleNamespace(type="model_binding_data", value=SimpleNamespace(content=json.dumps(content).encode()))
    decoded = BlobNameConverter.decode(datum, trigger_metadata={}, pytype=BlobName)
    assert decoded.ref == ("documents", "a b/ü#1%.pdf")


def test_bytes_instead_of_a_name_are_refused_with_a_sentence() -> None:
    """A host without deferred bindings is told, not misread."""
    with pytest.raises(ValueError, match="deferred bindings"):
        BlobNameConverter.decode(SimpleNamespace(type="bytes", value=b"x"), trigger_metadata={}, pytype=BlobName)


@pytest.mark.skipif(sys.version_info < (3, 13), reason="the runtime's library exists for Python 3.13 and later only")
def test_the_real_runtime_loads_the_app_and_defers_the_blob_binding(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Azure runs on Python 3.13 finds the same functions, and asks the host for the blob's name only."""
    from azure_functions_runtime import handle_event  # type: ignore[import-not-found, unused-ignore]  # 3.13 only

    sys.modules.pop("function_app", None)  # an app can be indexed once only
    for name, value in SAMPLE.items():
        monkeypatch.setenv(name, value)
    init = SimpleNamespace(capabilities={}, function_app_directory=str(ROOT))
    request = SimpleNamespace(
        request=SimpleNamespace(worker_init_request=init), properties={"host": "local", "protos": Protos()}
    )

    async def index() -> Any:
        started = await handle_event.worker_init_request(request)
        assert started.result.status == "Success", started.result
        return await handle_event.functions_metadata_request(None)

    found = asyncio.run(index()).function_metadata_results
    bindings = {f.name: [json.loads(raw) for raw in f.raw_bindings] for f in found}
    assert set(bindings) == set(DOORS)
    assert bindings["ocr_document"][0]["properties"]["SupportsDeferredBinding"] is True


class Protos:
    """Stand-ins for the protobuf classes that the runtime is handed: bags of what they are given."""

    class BindingInfo(SimpleNamespace):
        """A binding's direction, as numbers."""

        undefined, out, inout = 0, 1, 2

    class StatusResult(SimpleNamespace):
        """How a request went."""

        Success, Failure = "Success", "Failure"

    def __getattr__(self, name: str) -> type[SimpleNamespace]:
        return SimpleNamespace
