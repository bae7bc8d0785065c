"""What the doctor says of an app in Azure, from what the Azure CLI answers."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from cli.doctor import cloud
from cli.doctor.app import doors
from cli.doctor.az import Az, AzError
from cli.doctor.azure import FunctionApp
from cli.doctor.cloud import app_findings
from cli.doctor.findings import Finding, Verdict, right
from local.stack import ROOT
from shared.names import BlobRef
from tests.fakes import MemoryStorage
from tests.infra.fake_az import Answer, FakeAz
from tests.unit.cli.test_account import http

GROUP = "/subscriptions/s/resourceGroups/rg-dark"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stdark"
MODELS = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/aif-dark"
TOPIC = {"name": "evgt-dark", "source": ACCOUNT, "id": f"{GROUP}/providers/Microsoft.EventGrid/systemTopics/evgt-dark"}
SUBSCRIPTION: dict[str, Any] = {
    "name": "documents-to-ocr",
    "provisioningState": "Succeeded",
    "destination": {
        "endpointType": "WebHook",
        "endpointUrl": None,
        "endpointBaseUrl": "https://func-dark.azurewebsites.net/runtime/webhooks/blobs",
    },
    "filter": {
        "subjectBeginsWith": "/blobServices/default/containers/documents/",
        "includedEventTypes": ["Microsoft.Storage.BlobCreated"],
        "advancedFilters": [{"key": "data.api", "operatorType": "StringIn", "values": ["PutBlob"]}],
    },
    "deadLetterDestination": None,
    "deadLetterWithResourceIdentity": {"deadLetterDestination": {"blobContainerName": "event-dead-letters"}},
}
SETTINGS = {
    "AzureWebJobsStorage__accountName": "stdark",
    "PYTHON_THREADPOOL_THREAD_COUNT": "100",
    "DARKROOM_OCR_ENDPOINT": "https://aif-dark.services.ai.azure.com",
    "DARKROOM_IMAGE_ENDPOINT": "https://elsewhere.openai.azure.com",
    "DARKROOM_IMAGE_API_KEY": "s3cret",
}
ROLES = [
    ("Storage Blob Data Owner", ACCOUNT),
    ("Storage Queue Data Contributor", GROUP),
    ("Monitoring Metrics Publisher", f"{GROUP}/providers/microsoft.insights/components/appi-dark"),
    ("Cognitive Services User", MODELS),
]


def metrics(failed: int = 0) -> dict[str, Any]:
    """What Azure Monitor counted, in two hours."""
    series = [{"data": [{"total": None}, {"total": float(failed)}]}]
    return {"value": [{"name": {"value": "DeliveryAttemptFailCount"}, "timeseries": series}]}


def answers(**changes: Any) -> dict[str, Any]:
    """What the Azure CLI answers of an app that is right, by command."""
    told = {
        "functionapp show": {"properties": {"state": "Running", "defaultHostName": "func-dark.azurewebsites.net"}},
        "functionapp config appsettings": [{"name": name, "value": value} for name, value in SETTINGS.items()],
        "functionapp function list": [{"name": f"func-dark/{name}"} for name in doors(ROOT)],
        "functionapp identity show": {"principalId": None, "userAssignedIdentities": {"id": {"principalId": "p-1"}}},
        "role assignment list": [{"roleDefinitionName": role, "scope": scope} for role, scope in ROLES],
        "eventgrid system-topic list": [TOPIC],
        "eventgrid system-topic event-subscription list": [SUBSCRIPTION],
        "monitor metrics list": metrics(),
    }
    return told | {name.replace("_", " "): value for name, value in changes.items()}


Examine = Callable[..., dict[str, list[Finding]]]


@pytest.fixture(autouse=True)
def logged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every token is to be had."""
    monkeypatch.setattr(cloud, "identity_finding", lambda scope: right("login", scope))


@pytest.fixture
def storage() -> MemoryStorage:
    """The account's blobs."""
    return MemoryStorage()


@pytest.fixture
def examine(tmp_path: Path, storage: MemoryStorage) -> Examine:
    """All findings about an app, by name."""

    def run(told: Mapping[str, Any] | None = None, **failures: Sequence[Answer]) -> dict[str, list[Finding]]:
        good = {name: [(0, json.dumps(value))] for name, value in (told or answers()).items()}
        az = FakeAz(tmp_path, {**good, **{name.replace("_", " "): said for name, said in failures.items()}})
        found: dict[str, list[Finding]] = {}
        for finding in app_findings(FunctionApp(Az(az), "func-dark", "rg-dark"), "stdark", storage, spend=False):
            found.setdefault(finding.name, []).append(finding)
        return found

    return run


def wrong(found: Mapping[str, Sequence[Finding]]) -> list[str]:
    """What is wrong, by name and sentence."""
    return [f"{f.name}: {f.what}" for findings in found.values() for f in findings if f.verdict is Verdict.WRONG]


def test_an_app_that_is_right_has_nothing_wrong(examine: Examine) -> None:
    """State, settings, functions, roles, subscription, deliveries; and the models are not paid for."""
    found = examine()

    assert wrong(found) == []
    assert {name for name, findings in found.items() if findings[0].verdict is Verdict.RIGHT} == {
        "app",
        "settings",
        "host.json",
        "functions",
        "app role Storage Blob Data Owner",
        "app role Storage Queue Data Contributor",
        "app role Monitoring Metrics Publisher",
        "app role Cognitive Services User",
        "login",
        "event subscription",
        "dead letters",
        "event delivery",
    }
    assert found["model ocr"][0].verdict is Verdict.SKIPPED


def test_no_value_of_a_setting_is_told(examine: Examine) -> None:
    """Keys are among them."""
    assert "s3cret" not in str(examine())


def test_only_the_beginning_of_the_webhooks_address_is_asked_for(examine: Examine, tmp_path: Path) -> None:
    """The rest is a key."""
    examine()

    asked = [" ".join(call) for call in FakeAz(tmp_path).calls]
    assert not [call for call in asked if "full" in call or "keys" in call]


def test_an_app_that_is_stopped_is_wrong(examine: Examine) -> None:
    """With the command that starts it."""
    found = examine(answers(functionapp_show={"state": "Stopped", "defaultHostName": "func-dark.azurewebsites.net"}))

    assert wrong(found) == ["app: func-dark is Stopped."]
    assert found["app"][0].remedy == "Start it with `az functionapp start -n func-dark -g rg-dark`."


def test_functions_that_did_not_load_are_named(examine: Examine) -> None:
    """An app of which the import fails has none."""
    [sentence] = wrong(examine(answers(functionapp_function_list=[])))

    assert sentence.startswith("functions: The host lacks document_poison, ")


@pytest.mark.parametrize("number", range(len(ROLES)))
def test_a_role_that_the_app_lacks_is_named(examine: Examine, number: int) -> None:
    """Each on its own."""
    held = [{"roleDefinitionName": role, "scope": scope} for role, scope in ROLES if role != ROLES[number][0]]

    [sentence] = wrong(examine(answers(role_assignment_list=held)))

    assert sentence.startswith(f"app role {ROLES[number][0]}: Its identity lacks it")


def test_a_role_on_another_account_does_not_count(examine: Examine) -> None:
    """Names of roles alone say little."""
    held = [{"roleDefinitionName": role, "scope": scope.replace("stdark", "stdarker")} for role, scope in ROLES]

    assert wrong(examine(answers(role_assignment_list=held))) == [
        "app role Storage Blob Data Owner: Its identity lacks it: it may not hold blobs and their leases."
    ]


def test_models_that_are_called_with_keys_need_no_role(examine: Examine) -> None:
    """A serverless deployment knows none."""
    settings = [{"name": name, "value": value} for name, value in {**SETTINGS, "DARKROOM_OCR_API_KEY": "k"}.items()]
    held = [{"roleDefinitionName": role, "scope": scope} for role, scope in ROLES[:-1]]

    assert wrong(examine(answers(functionapp_config_appsettings=settings, role_assignment_list=held))) == []


def test_an_account_without_a_topic_is_wrong(examine: Examine) -> None:
    """Nobody tells of files that are dropped."""
    found = examine(answers(**{"eventgrid_system-topic_list": []}))

    assert wrong(found) == ["event subscription: rg-dark has no Event Grid system topic for stdark."]


def test_a_topic_without_a_subscription_is_wrong(examine: Examine) -> None:
    """The hook after the deployment did not run, or failed."""
    found = examine(answers(**{"eventgrid_system-topic_event-subscription_list": []}))

    assert wrong(found) == ["event subscription: The topic evgt-dark has no subscription that calls the app."]
    assert found["event subscription"][0].remedy == "Deploy it again with `azd hooks run postdeploy`."


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"provisioningState": "Failed"}, "is in the state Failed"),
        (
            {"destination": {"endpointBaseUrl": "https://old.azurewebsites.net/runtime/webhooks/blobs"}},
            "calls another app than func-dark",
        ),
        (
            {"filter": SUBSCRIPTION["filter"] | {"subjectBeginsWith": "/blobServices/default/containers/documents"}},
            "does not choose what begins with /blobServices/default/containers/documents/, the last slash included",
        ),
        (
            {"filter": SUBSCRIPTION["filter"] | {"includedEventTypes": ["Microsoft.Storage.BlobDeleted"]}},
            "leaves out Microsoft.Storage.BlobCreated",
        ),
        (
            {"filter": SUBSCRIPTION["filter"] | {"advancedFilters": None}},
            "does not choose by data.api, so that some uploads are told of twice",
        ),
        (
            {"deadLetterWithResourceIdentity": None},
            "has no dead-letter container, so that events get lost without a trace",
        ),
    ],
)
def test_each_fault_of_the_subscription_is_told(examine: Examine, changes: dict[str, Any], fault: str) -> None:
    """What others have got wrong."""
    told = answers(**{"eventgrid_system-topic_event-subscription_list": [SUBSCRIPTION | changes]})

    assert wrong(examine(told)) == [f"event subscription: documents-to-ocr {fault}."]


def test_dead_letters_are_told_with_the_reason_of_the_newest(examine: Examine, storage: MemoryStorage) -> None:
    """Event Grid writes it into the blob."""
    event = {"deadLetterReason": "MaxDeliveryAttemptsExceeded", "lastDeliveryOutcome": "Unauthorized", "data": {}}
    storage.write(BlobRef("event-dead-letters", "DOCUMENTS-TO-OCR/1.json"), json.dumps([event]).encode(), "")

    assert wrong(examine()) == [
        "dead letters: event-dead-letters holds 1 blob of events; the newest: MaxDeliveryAttemptsExceeded, "
        "Unauthorized."
    ]


def test_a_dead_letter_that_cannot_be_read_is_told_all_the_same(examine: Examine, storage: MemoryStorage) -> None:
    """It is counted, without a reason."""
    storage.write(BlobRef("event-dead-letters", "1.json"), b"{}", "")

    assert wrong(examine()) == [
        "dead letters: event-dead-letters holds 1 blob of events; the newest: without a reason that can be read."
    ]


def refusing(error: HttpResponseError) -> Callable[[str], None]:
    """A listing that fails."""

    def refused(container: str) -> None:
        raise error

    return refused


def test_a_dead_letter_container_that_is_missing_is_wrong(
    examine: Examine, storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Event Grid drops what it cannot put there."""
    monkeypatch.setattr(storage, "list", refusing(http(ResourceNotFoundError, 404, "ContainerNotFound")))

    assert wrong(examine()) == ["dead letters: event-dead-letters is missing: events get lost without a trace."]


def test_a_dead_letter_container_that_is_closed_to_us_is_unknown(
    examine: Examine, storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That says nothing of what is in it."""
    monkeypatch.setattr(storage, "list", refusing(http(HttpResponseError, 403, "AuthorizationPermissionMismatch")))

    [found] = examine()["dead letters"]

    assert found.verdict is Verdict.UNKNOWN
    assert found.what == "event-dead-letters cannot be read (AuthorizationPermissionMismatch)."


def test_deliveries_that_failed_are_counted(examine: Examine) -> None:
    """Within the last day."""
    assert wrong(examine(answers(monitor_metrics_list=metrics(3)))) == [
        "event delivery: Within a day: DeliveryAttemptFailCount 3."
    ]


def test_what_azure_does_not_tell_is_unknown_and_the_rest_is_looked_at(examine: Examine) -> None:
    """A missing right to read one thing hides nothing else, and is no fault of the installation."""
    found = examine(functionapp_config_appsettings=[(1, "ERROR: (AuthorizationFailed) You may not.\nTrace id")])

    assert wrong(found) == []
    assert found["settings"] == [
        Finding(
            "settings",
            Verdict.UNKNOWN,
            "`az functionapp config appsettings` failed: (AuthorizationFailed) You may not.",
            "Mend that, or log in with `az login`.",
        )
    ]
    assert found["models"][0].verdict is Verdict.UNKNOWN
    assert found["event subscription"][0].verdict is Verdict.RIGHT


def test_an_app_that_cannot_be_asked_for_at_all_is_one_line(examine: Examine) -> None:
    """Six lines would say the same."""
    found = examine(functionapp_show=[(3, "ERROR: The resource was not found.")])

    assert list(found) == ["app"]
    assert found["app"][0].verdict is Verdict.UNKNOWN


def test_a_key_that_lies_in_a_vault_is_not_sent(examine: Examine) -> None:
    """Azure shows a reference in its place; the own login is used instead."""
    reference = {"DARKROOM_OCR_API_KEY": "@Microsoft.KeyVault(VaultName=kv;SecretName=key)"}
    settings = [{"name": name, "value": value} for name, value in {**SETTINGS, **reference}.items()]

    assert examine(answers(functionapp_config_appsettings=settings))["login"] != []


def test_an_answer_in_another_shape_is_unknown(examine: Examine) -> None:
    """Versions of the CLI differ; there is no traceback."""
    found = examine(answers(functionapp_function_list={"no": "list"}))

    assert found["functions"][0].what == "The Azure CLI answered in another shape than expected."


def test_a_machine_without_the_azure_cli_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the one thing that pip does not bring."""
    monkeypatch.setattr(shutil, "which", lambda name: None)

    with pytest.raises(AzError, match="The Azure CLI is not installed"):
        Az().ask("account", "show")


def test_an_azure_cli_that_hangs_or_babbles_is_an_error() -> None:
    """Both end as a sentence."""

    def hangs(arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        raise subprocess.TimeoutExpired("az", 1)

    def babbles(arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.CompletedProcess(arguments, 0, "Welcome!", "")

    with pytest.raises(AzError, match="did not answer within"):
        Az(hangs).ask("account", "show")
    with pytest.raises(AzError, match="did not answer in JSON"):
        Az(babbles).ask("account", "show")
