"""Whether the app's settings can be used, here and on Azure's Flex Consumption plan."""

from collections.abc import Iterator, Mapping

from cli.doctor.findings import Finding, right, wrong
from shared.settings import Settings

_NAME = "settings"
_STORAGE = "AzureWebJobsStorage"
_MENDED = "Mend the app settings; jobs that wait go on by themselves."
# Of https://learn.microsoft.com/azure/azure-functions/functions-app-settings#flex-consumption-plan-deprecations
_NOT_ON_FLEX = frozenset(
    {
        "ENABLE_ORYX_BUILD",
        "FUNCTIONS_EXTENSION_VERSION",
        "FUNCTIONS_WORKER_RUNTIME",
        "FUNCTIONS_WORKER_RUNTIME_VERSION",
        "SCM_DO_BUILD_DURING_DEPLOYMENT",
        "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
        "WEBSITE_CONTENTSHARE",
        "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT",
        "WEBSITE_RUN_FROM_PACKAGE",
    }
)


def settings_findings(environment: Mapping[str, str]) -> Iterator[Finding]:
    """A finding for each problem that the app itself would tell at its start."""
    problems = Settings.read(environment).problems
    yield from (wrong(_NAME, problem, _MENDED) for problem in problems)
    if not problems:
        yield right(_NAME, "All of them can be used.")


def flex_findings(environment: Mapping[str, str], account: str) -> Iterator[Finding]:
    """What else is wrong with settings of an app on Flex Consumption that is to use this storage account."""
    for name in sorted(_NOT_ON_FLEX & environment.keys()):
        yield wrong(_NAME, f"{name} is set, which Flex Consumption does not take.", f"Remove {name}.")
    if _STORAGE in environment:
        yield wrong(
            _NAME,
            f"{_STORAGE} is set, if only to nothing; the host looks at it before {_STORAGE}__accountName.",
            f"Remove {_STORAGE}.",
        )
    named = environment.get(f"{_STORAGE}__accountName")
    if named != account:
        yield wrong(
            _NAME,
            f"The app uses the storage account {named}, not {account}."
            if named
            else f"{_STORAGE}__accountName is not set.",
            f"Set {_STORAGE}__accountName to {account}, or examine the account that the app uses.",
        )
    if Settings.read(environment).blob_source != "EventGrid":
        yield wrong(
            _NAME,
            "DARKROOM_BLOB_SOURCE is not EventGrid, and Flex Consumption looks into no container by itself.",
            "Set DARKROOM_BLOB_SOURCE to EventGrid, or remove it.",
        )
