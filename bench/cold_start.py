"""What loading the app costs a fresh worker, in time and memory, beside the route of the official SDKs.

A worker imports `function_app` before it can take its first event. It is compared with `azure.functions` alone,
without which there is no function app, and with the official SDKs at the point where they can make a call, for they
import most of themselves lazily.

`azure.functions` alone takes more than a quarter of the memory of the SDK route, so no function app can be at a
fifth of the whole: the reach for memory is on what is added to it, and the whole is told beside it. Darkroom
imports lazily too: what it has loaded once the first document is in work (with the identity that an account without
keys needs, and with the PDF library, which the SDK route would need as well and does not count) is told in rows of
its own.

Time runs from the first import and leaves out the interpreter's start; memory is the peak of the whole process. All
are medians of several fresh processes with compiled modules.
"""

import os
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that it also runs as a file

from bench.report import Row, fresh, in_turn, publish

_ROUNDS = 9
_MIB = 1024 * 1024
_AZURE = "import azure.functions"
_APP = "import function_app"
_FIRST_DOCUMENT = """
import function_app, shared.jobs, shared.pdf, azure.identity
from shared.services import services
services()
"""
_SDKS = """
import azure.functions, azure.identity, azure.storage.blob
from openai import AzureOpenAI
from mistralai.azure.client import MistralAzure
from cohere import ClientV2
AzureOpenAI(azure_endpoint="https://models.example", api_key="key", api_version="2025-04-01-preview").images
MistralAzure(api_key="key", server_url="https://models.example").ocr
ClientV2(api_key="key", base_url="https://models.example").embed
"""
_PROBE = """
from time import perf_counter
from bench.memory import peak
start = perf_counter()
{statements}
seconds = perf_counter() - start
print('{{"seconds": %f, "bytes": %d}}' % (seconds, peak()))
"""
_SETTINGS = {
    "AzureWebJobsStorage": "AccountName=account;AccountKey=a2V5;EndpointSuffix=core.windows.net",
    "DARKROOM_OCR_ENDPOINT": "https://models.example",
    "DARKROOM_OCR_API_KEY": "key",
}


@dataclass(frozen=True)
class Cost:
    """What an import costs, in seconds and bytes."""

    seconds: float
    bytes: float


def main() -> int:
    """Measure, publish and give the exit status."""
    routes = {"azure": _AZURE, "app": _APP, "first document": _FIRST_DOCUMENT, "SDKs": _SDKS}
    taken = in_turn({name: partial(_cost, statements) for name, statements in routes.items()}, _ROUNDS)
    return publish("cold_start", _rows({name: _typical(costs) for name, costs in taken.items()}))


def _cost(statements: str) -> Cost:
    return Cost(**fresh(["-c", _PROBE.format(statements=statements)], {"PATH": os.environ["PATH"], **_SETTINGS}))


def _typical(costs: list[Cost]) -> Cost:
    return Cost(median(cost.seconds for cost in costs), median(cost.bytes for cost in costs))


def _rows(costs: dict[str, Cost]) -> list[Row]:
    azure, app, first, sdks = (costs[name] for name in ("azure", "app", "first document", "SDKs"))
    added = (app.bytes - azure.bytes) / (sdks.bytes - azure.bytes)
    return [
        *_absolute("azure.functions alone", azure),
        *_absolute("function_app", app),
        *_absolute("function_app and all for the first document", first),
        *_absolute("official SDKs", sdks),
        Row("time of function_app : SDKs", app.seconds / sdks.seconds, "ratio", reach=0.2),
        Row("memory added to azure.functions, function_app : SDKs", added, "ratio", reach=0.2),
        Row("whole memory of function_app : SDKs", app.bytes / sdks.bytes, "ratio"),
        Row("time with all for the first document : SDKs", first.seconds / sdks.seconds, "ratio"),
        Row("whole memory with all for the first document : SDKs", first.bytes / sdks.bytes, "ratio"),
    ]


def _absolute(name: str, cost: Cost) -> list[Row]:
    return [Row(f"{name}: time", cost.seconds * 1000, "ms"), Row(f"{name}: peak memory", cost.bytes / _MIB, "MB")]


if __name__ == "__main__":
    sys.exit(main())
