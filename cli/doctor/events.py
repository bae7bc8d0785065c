"""The event subscription that tells the app of dropped documents, and what it could not deliver."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError, ResourceNotFoundError

from cli.account import told
from cli.doctor.azure import FunctionApp
from cli.doctor.findings import Finding, right, unknown, wrong
from cli.outcome import counted
from shared.names import DOCUMENTS
from shared.storage import Blob, Storage

_NAME, _DELIVERY = "event subscription", "event delivery"
_WEBHOOK = "/runtime/webhooks/blobs"
_SUBJECT = f"/blobServices/default/containers/{DOCUMENTS}/"
_CREATED = "Microsoft.Storage.BlobCreated"
_REMEDY = "Deploy it again with `azd hooks run postdeploy`."
_LOST = ("DeliveryAttemptFailCount", "DeadLetteredCount", "DroppedEventCount")
_LONGEST_REASON = 120


def event_findings(app: FunctionApp, account: str, storage: Storage) -> Iterator[Finding]:
    """Whether the subscription is as `infra/events.bicep` makes it, and what of the last day's events was lost.

    The webhook's address holds a key; Azure shows only its beginning, and that is all that is asked for. So nobody
    sees here which function it names: a canary does.

    Raises:
        AzError: Azure does not tell.
    """
    topic = _topic(app, account)
    if topic is None:
        yield wrong(_NAME, f"{app.group} has no Event Grid system topic for {account}.", "Run `azd provision`.")
        return
    at = ("--resource-group", app.group, "--system-topic-name", topic["name"])
    listed = app.az.ask("eventgrid", "system-topic", "event-subscription", "list", *at)
    found = [subscription for subscription in listed if _WEBHOOK in _address(subscription)]
    if not found:
        yield wrong(_NAME, f"The topic {topic['name']} has no subscription that calls the app.", _REMEDY)
        return
    for subscription in found:
        faults = list(_faults(subscription, app))
        yield from (wrong(_NAME, f"{subscription['name']} {fault}.", _REMEDY) for fault in faults)
        if not faults:
            yield right(_NAME, f"{subscription['name']} tells the app of what is dropped into {DOCUMENTS}.")
        yield from _dead_letters(subscription, storage)
    yield _delivery(app, topic["id"])


def _topic(app: FunctionApp, account: str) -> Mapping[str, Any] | None:
    topics = app.az.ask("eventgrid", "system-topic", "list", "--resource-group", app.group)
    return next((t for t in topics if t["source"].lower().endswith(f"/storageaccounts/{account}")), None)


def _faults(subscription: Mapping[str, Any], app: FunctionApp) -> Iterator[str]:
    chosen = subscription.get("filter") or {}
    if subscription.get("provisioningState") != "Succeeded":
        yield f"is in the state {subscription.get('provisioningState')}"
    if urlsplit(_address(subscription)).hostname != str(app.shown.get("defaultHostName")).lower():
        yield f"calls another app than {app.name}"
    if chosen.get("subjectBeginsWith") != _SUBJECT:
        yield f"does not choose what begins with {_SUBJECT}, the last slash included"
    if _CREATED not in (chosen.get("includedEventTypes") or []):
        yield f"leaves out {_CREATED}"
    if not any(one.get("key") == "data.api" for one in chosen.get("advancedFilters") or []):
        yield "does not choose by data.api, so that some uploads are told of twice"
    if not _dead_letter_container(subscription):
        yield "has no dead-letter container, so that events get lost without a trace"


def _dead_letters(subscription: Mapping[str, Any], storage: Storage) -> Iterator[Finding]:
    """How many events lie in the dead-letter container, and why the newest does."""
    container = _dead_letter_container(subscription)
    if not container:
        return
    try:
        lost = list(storage.list(container))
        reason = _reason(storage, max(lost, key=lambda blob: blob.modified)) if lost else ""
    except ResourceNotFoundError:
        yield wrong("dead letters", f"{container} is missing: events get lost without a trace.", "Run `azd provision`.")
        return
    except AzureError as error:
        yield unknown("dead letters", f"{container} cannot be read ({told(error)}).", "Give yourself a role on it.")
        return
    if lost:
        remedy = f"The sweep posts their documents; remove them from {container} when the reason is mended."
        yield wrong(
            "dead letters", f"{container} holds {counted(len(lost), 'blob')} of events; the newest: {reason}.", remedy
        )
    else:
        yield right("dead letters", f"{container} is empty.")


def _reason(storage: Storage, newest: Blob) -> str:
    try:
        [event, *_] = json.loads(storage.read(newest.ref) or b"")
        keys = ("deadLetterReason", "lastDeliveryOutcome", "lastHttpStatusCode")
        return ", ".join(str(event[key])[:_LONGEST_REASON] for key in keys if event.get(key))
    except (ValueError, TypeError, AttributeError):
        return "without a reason that can be read"


def _delivery(app: FunctionApp, topic: str) -> Finding:
    asked = ("--resource", topic, "--metrics", *_LOST, "--aggregation", "Total", "--interval", "1h", "--offset", "1d")
    metrics = app.az.ask("monitor", "metrics", "list", *asked)["value"]
    counts = {metric["name"]["value"]: _total(metric) for metric in metrics}
    lost = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
    if lost:
        remedy = "See the dead letters for the reason; what is only late is tried again for a day."
        return wrong(_DELIVERY, f"Within a day: {lost}.", remedy)
    return right(_DELIVERY, "Within a day no event failed, was dead-lettered or dropped.")


def _total(metric: Mapping[str, Any]) -> int:
    return sum(int(point.get("total") or 0) for series in metric.get("timeseries") or [] for point in series["data"])


def _address(subscription: Mapping[str, Any]) -> str:
    destination = subscription.get("destination") or {}
    return str(destination.get("endpointBaseUrl") or destination.get("endpointUrl") or "")


def _dead_letter_container(subscription: Mapping[str, Any]) -> str:
    identity = subscription.get("deadLetterWithResourceIdentity") or {}
    place = identity.get("deadLetterDestination") or subscription.get("deadLetterDestination") or {}
    return str(place.get("blobContainerName") or "")
