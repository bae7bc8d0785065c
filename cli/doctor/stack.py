"""The local stack, examined whole."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from cli.doctor.app import ROOT, doors, host_json_findings
from cli.doctor.document import document_finding
from cli.doctor.findings import Finding, right, skipped, wrong
from cli.doctor.host import host_findings
from cli.doctor.models import model_findings
from cli.doctor.settings import settings_findings
from cli.doctor.storage import storage_findings
from local.processes import alive
from local.stack import Ports, Stack
from local.stack_state import Endpoints, StackError, running
from shared.names import BlobRef
from shared.services import Services, utc_now
from shared.settings import Settings
from shared.storage import Storage

_NAME = "stack"
_EMULATOR = "UseDevelopmentStorage=true"
_START = "Start one with `darkroom local start`."


def stack_findings(
    state: Path | None, document: BlobRef | None, *, spend: bool, now: Callable[[], datetime] = utc_now
) -> Iterator[Finding]:
    """Settings, host.json, processes, storage, host, models, and the one document that is asked about."""
    stack = Stack(state=state)
    found = running(stack.state)
    try:
        models = found.urls["models"] if found else f"http://127.0.0.1:{Ports.models}"
        environment = stack.environment(found.connection_string if found else _EMULATOR, models)
    except StackError as error:
        yield wrong("settings", str(error), "Mend the file.")
        return
    yield from settings_findings(environment)
    yield from host_json_findings(ROOT, environment)
    if found is None:
        yield wrong(_NAME, "No local stack runs.", f"{_START} To look into Azure name an --account.")
        return
    ended = [name for name, pid in found.pids.items() if not alive(pid)]
    if ended:
        remedy = f"See the logs in {Path(found.state, 'logs')}, and start the stack again."
        yield wrong(_NAME, f"These parts have ended: {', '.join(ended)}.", remedy)
        yield skipped("all else", "It needs every part of the stack.")
        return
    yield right(_NAME, f"It runs; its data and logs are in {found.state}.")
    yield from _running_findings(found, environment, document, spend=spend, now=now)


def _running_findings(
    found: Endpoints,
    environment: Mapping[str, str],
    document: BlobRef | None,
    *,
    spend: bool,
    now: Callable[[], datetime],
) -> Iterator[Finding]:
    settings = Settings.read(environment)
    storage = Storage.from_connection_string(found.connection_string)
    yield from storage_findings(storage)
    log = str(Path(found.state, "logs", "host.log"))
    yield from host_findings(found.urls["host"], doors(ROOT), settings.blob_source, log)
    yield from model_findings(Services.make(settings), spend=spend)
    if document is not None:
        yield document_finding(storage, document, now())
