"""The app settings in Azure are those that the code knows, and what the platform wants."""

import json
from dataclasses import fields
from typing import Any

from shared.settings import PREFIX, Settings
from tests.infra.bicep import INFRA, properties, read, value

DECLARED = {field.metadata["name"]: field for field in fields(Settings) if field.metadata}
SET_IN_AZURE = properties(read(INFRA / "modules/app.bicep").of("var")["settings"].value)

# What Azure sets beside the app's own settings, and why.
OF_THE_PLATFORM = {
    "AzureWebJobsStorage__credential": "the host takes the named identity only with this",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "Application Insights takes telemetry with Microsoft Entra ID only",
    "PYTHON_THREADPOOL_THREAD_COUNT": "as many threads as invocations that the host may start",
}
# Settings that are empty unless set, and that Azure leaves so, and why.
LEFT_EMPTY = {
    "AzureWebJobsStorage": "a connection string has a key in it; the account is named instead",
    "DARKROOM_OCR_ROUTE": "told by the endpoint's host",
    "DARKROOM_OCR_API_KEY": "Microsoft Entra ID is used",
    "DARKROOM_IMAGE_API_KEY": "Microsoft Entra ID is used",
    "DARKROOM_EMBEDDING_ROUTE": "told by the endpoint's host and the model",
    "DARKROOM_EMBEDDING_API_KEY": "Microsoft Entra ID is used",
    "DARKROOM_EMBEDDING_SCOPE": "the route's own",
    "DARKROOM_MODELS": "the deployments have the names of their models, which the catalogue knows",
}
# Microsoft documents that Flex Consumption refuses these or takes them from elsewhere.
REFUSED_BY_FLEX = {
    "ENABLE_ORYX_BUILD",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_WORKER_RUNTIME",
    "FUNCTIONS_WORKER_RUNTIME_VERSION",
    "FUNCTIONS_MAX_HTTP_CONCURRENCY",
    "FUNCTIONS_WORKER_PROCESS_COUNT",
    "FUNCTIONS_WORKER_DYNAMIC_CONCURRENCY_ENABLED",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_CONTENTOVERVNET",
    "WEBSITE_CONTENTSHARE",
    "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT",
    "WEBSITE_RUN_FROM_PACKAGE",
    "WEBSITE_TIME_ZONE",
    "WEBSITE_VNET_ROUTE_ALL",
}


def test_every_setting_that_azure_gets_is_one_that_somebody_reads() -> None:
    """A misspelt setting is silently not there."""
    assert set(SET_IN_AZURE) - set(DECLARED) == set(OF_THE_PLATFORM)


def test_every_setting_that_azure_does_not_get_has_a_default_or_a_reason() -> None:
    """An endpoint or a model that was forgotten leaves its jobs waiting."""
    left = {name: field for name, field in DECLARED.items() if name not in SET_IN_AZURE}
    empty = {name for name, field in left.items() if not isinstance(field.default, bool | int) and not _default(field)}

    assert empty == set(LEFT_EMPTY)


def test_azure_gets_no_key_and_nothing_that_flex_consumption_refuses() -> None:
    """Keys live nowhere; a refused setting fails the deployment."""
    extra = json.loads((INFRA / "main.parameters.json").read_text())["parameters"]["extraSettings"]["value"]
    given = {*SET_IN_AZURE, *extra}

    assert given & REFUSED_BY_FLEX == set()
    assert [name for name in given if name.endswith("_API_KEY") or name == "AzureWebJobsStorage"] == []
    assert set(extra) <= {name for name in DECLARED if name.startswith(PREFIX)}


def test_azure_has_as_many_threads_as_the_sample() -> None:
    """The sample is held against host.json; invocations that wait for a thread have their timeout running."""
    sample = json.loads((INFRA.parent / "local.settings.sample.json").read_text())["Values"]

    assert value(SET_IN_AZURE["PYTHON_THREADPOOL_THREAD_COUNT"]) == sample["PYTHON_THREADPOOL_THREAD_COUNT"]


def _default(field: Any) -> Any:
    return getattr(Settings(), field.name)
