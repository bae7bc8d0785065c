"""Whether the host of the local stack runs, with the functions of this folder."""

import json
import urllib.request
from collections.abc import Iterable, Iterator
from typing import Any

from cli.doctor.findings import Finding, right, wrong

_SECONDS = 10.0


def host_findings(url: str, expected: Iterable[str], blob_source: str, log: str) -> Iterator[Finding]:
    """What the host at an address says of itself; `log` is where to look when it says nothing."""
    try:
        status = _asked(f"{url}/admin/host/status")
        listed = status.get("functions") or [function["name"] for function in _asked(f"{url}/admin/functions")]
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        yield wrong("host", f"It does not answer at {url}.", f"Look into {log}, and start the stack again.")
        return
    if status.get("state") != "Running":
        yield wrong("host", f"Its state is {status.get('state')}.", f"Look into {log}.")
        return
    yield right("host", f"It runs at {url}.")
    yield from functions_findings(expected, listed)
    if "functions" not in status and blob_source == "EventGrid":  # our own host watches the containers in any case
        yield wrong(
            "blob source",
            "Core Tools get no events of Event Grid from the storage emulator.",
            "Set DARKROOM_BLOB_SOURCE to LogsAndContainerScan.",
        )


def functions_findings(expected: Iterable[str], listed: Iterable[str]) -> Iterator[Finding]:
    """Whether a host has the functions of this folder and no others."""
    missing, strange = sorted(set(expected) - set(listed)), sorted(set(listed) - set(expected))
    if missing:
        remedy = "Look for an error at the start of the app in the host's log, and deploy or start it again."
        yield wrong("functions", f"The host lacks {', '.join(missing)}.", remedy)
    if strange:
        remedy = "Deploy or start the app of this folder again."
        yield wrong("functions", f"The host has others than this folder: {', '.join(strange)}.", remedy)
    if not missing and not strange:
        yield right("functions", f"All {len(set(expected))} of function_app.py are loaded.")


def _asked(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310  the stack's own loopback address
        return json.load(answer)
