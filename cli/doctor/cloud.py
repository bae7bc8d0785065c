"""A storage account in Azure and the function app that works on it, examined as far as one's own login reaches."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from cli.account import of_account
from cli.doctor.app import ROOT, doors, host_json_findings
from cli.doctor.az import AzError
from cli.doctor.azure import FunctionApp
from cli.doctor.document import document_finding
from cli.doctor.events import event_findings
from cli.doctor.findings import Finding, right, unknown, wrong
from cli.doctor.models import keyless, model_findings
from cli.doctor.settings import flex_findings, settings_findings
from cli.doctor.storage import storage_findings
from cli.errors import UnreachableError
from shared.clients.credentials import Entra, LazyTokenSource, TokenSource
from shared.errors import Unauthorised
from shared.names import BlobRef
from shared.services import Services, utc_now
from shared.settings import Settings
from shared.storage import Storage

_REFERENCE = "@Microsoft.KeyVault("
_SCOPE = "https://storage.azure.com/.default"


def account_findings(
    account: str,
    app: FunctionApp | None,
    document: BlobRef | None,
    *,
    spend: bool,
    now: Callable[[], datetime] = utc_now,
) -> Iterator[Finding]:
    """Login, storage, the app and its events where it is named, models, and the one document that is asked about.

    Raises:
        WrongUseError: no account can have this name.
    """
    try:
        storage = of_account(account)
    except UnreachableError as error:
        yield wrong("storage", str(error), "Check the name, the network, and the DNS of an account behind an endpoint.")
        return
    yield identity_finding(_SCOPE)
    yield from storage_findings(storage)
    if app is None:
        remedy = "Name it with --app and --resource-group; the Azure CLI is needed for it."
        yield unknown("app", "Its settings, functions, roles, events and models are not seen without its name.", remedy)
    else:
        yield from app_findings(app, account, storage, spend=spend)
    if document is not None:
        yield document_finding(storage, document, now())


def app_findings(app: FunctionApp, account: str, storage: Storage, *, spend: bool) -> Iterator[Finding]:
    """What the control plane tells of the app, and whether its models answer."""
    checks: dict[str, Callable[[], Iterable[Finding]]] = {
        "app": app.state_findings,
        "settings": lambda: _settings(app, account),
        "functions": lambda: app.functions_findings(doors(ROOT)),
        "app roles": lambda: app.role_findings(account),
        "event subscription": lambda: event_findings(app, account, storage),
        "models": lambda: _models(app, account, spend=spend),
    }
    for name, check in checks.items():
        try:
            yield from check()
        except AzError as error:
            yield unknown(name, str(error), error.remedy)
            if name == "app":
                return  # nothing else of it would be told
        except (AttributeError, KeyError, TypeError):
            yield unknown(name, "The Azure CLI answered in another shape than expected.", "Update the Azure CLI.")


def identity_finding(scope: str, source: TokenSource | None = None) -> Finding:
    """Whether a token for a scope is to be had with one's own login."""
    try:
        Entra(source or LazyTokenSource(""), scope).bearer()
    except Unauthorised as error:
        return wrong("login", error.message, error.remedy)
    return right("login", f"There is a token for {scope}.")


def _settings(app: FunctionApp, account: str) -> Iterator[Finding]:
    yield from settings_findings(app.settings)
    yield from flex_findings(app.settings, account)
    yield from host_json_findings(ROOT, app.settings)


def _models(app: FunctionApp, account: str, *, spend: bool) -> Iterator[Finding]:
    """Asked with one's own login where the app has no key, or only a reference to one: nobody can borrow the app's."""
    told = {name: value for name, value in app.settings.items() if not value.startswith(_REFERENCE)}
    settings = replace(Settings.read(told), client_id="", storage="", storage_account=account)
    scopes = {getattr(settings, f"{kind}_scope") for kind in keyless(settings)}
    yield from (identity_finding(scope) for scope in sorted(filter(None, scopes)))
    yield from model_findings(Services.make(settings), spend=spend)
