"""The hook after a deployment, step by step: against an Azure CLI that answers as it does on good and bad days."""

import shutil

import pytest

from cli.doctor.app import doors
from infra.hooks.azure_cli import AzureCli, FailedError
from infra.hooks.canary import NAMES
from infra.hooks.postdeploy import knock
from tests.documentation import ROOT
from tests.infra.deployment import Deployed
from tests.infra.fake_az import Answer
from tests.servers import Script, answer, sends, serving

STEPS = [
    ["account", "show"],
    ["functionapp", "show"],
    ["functionapp", "keys"],
    ["deployment", "group"],
    ["storage", "blob", "upload"],
    *[["storage", "blob", "show"]] * 4,
    ["storage", "blob", "delete"],
    ["storage", "blob", "delete-batch"],
]


def test_all_steps_come_in_their_order(deployed: Deployed) -> None:
    """Wake, key, subscription, canary, cleaning up; and each is told."""
    deployment = deployed()

    deployment.finish()

    assert [call[: len(step)] for call, step in zip(deployment.az.calls, STEPS, strict=True)] == STEPS
    assert deployment.knocks == ["https://func-dark.azurewebsites.net/runtime/webhooks/blobs"]
    assert deployment.said == [
        "The app has its key for blob events.",
        "The event subscription documents-to-ocr is deployed.",
        "The canary darkroom-canary/now-1.pdf is dropped.",
        "Its event arrived.",
        "It was read, and is removed: what is dropped is read.",
    ]


def test_the_subscription_is_deployed_with_what_azd_told(deployed: Deployed) -> None:
    """The template, its three parameters, a fixed name, and no key."""
    deployment = deployed()

    deployment.finish()

    assert deployment.az.asked("deployment group create") == [
        [
            "deployment", "group", "create", "--resource-group", "rg-dark", "--name", "darkroom-events",
            "--template-file", str(ROOT / "infra" / "events.bicep"), "--parameters", "storageAccountName=stdark",
            "functionAppName=func-dark", "systemTopicName=evgt-dark", "--output", "none", "--subscription", "s-1",
            "--only-show-errors",
        ]
    ]  # fmt: skip


def test_every_command_is_for_the_subscription_that_was_deployed_to(deployed: Deployed) -> None:
    """The Azure CLI may be set to another."""
    deployment = deployed()

    deployment.finish()

    assert all("--subscription s-1" in " ".join(call) for call in deployment.az.calls)


def test_a_missing_login_of_the_azure_cli_is_told_at_once(deployed: Deployed) -> None:
    """azd has a login of its own, so people forget this one."""
    deployment = deployed({"account show": [(1, "ERROR: Please run 'az login' to setup account.")]})

    assert deployment.fail() == (
        "The Azure CLI needs a login of its own: ERROR: Please run 'az login' to setup account. Run `az login`. "
        "Then run `azd hooks run postdeploy`."
    )
    assert len(deployment.az.calls) == 1


def test_only_whether_there_is_a_key_is_asked(deployed: Deployed) -> None:
    """The key itself never reaches this process."""
    deployment = deployed()

    deployment.finish()

    [asked] = deployment.az.asked("functionapp keys list")
    assert asked[asked.index("--query") + 1] == "systemKeys.blobs_extension != null"


def test_a_late_key_is_waited_for_and_the_app_woken_each_time(deployed: Deployed) -> None:
    """A first start takes minutes, and an app that sleeps never makes it."""
    deployment = deployed({"functionapp keys list": [(1, "ERROR: Service Unavailable"), (0, "false"), (0, "true")]})

    deployment.finish()

    assert deployment.slept[:2] == [15.0, 15.0]
    assert len(deployment.knocks) == 3


def test_a_key_that_never_comes_ends_clearly(deployed: Deployed) -> None:
    """The sentence says what is wrong, why, and how to go on; nothing is deployed."""
    deployment = deployed({"functionapp keys list": [(0, "false"), (1, "ERROR: Service Unavailable")]})

    assert deployment.fail() == (
        "The app func-dark has made no key for blob events within 10 minutes (ERROR: Service Unavailable): it does not "
        "start, or has no function ocr_document. Look for the error in its log stream. "
        "Then run `azd hooks run postdeploy`."
    )
    assert sum(deployment.slept) < 600
    assert deployment.az.asked("deployment") == []


def test_a_cold_app_that_fails_the_handshake_is_tried_again(deployed: Deployed) -> None:
    """Event Grid validates the address; the app may sleep again after half a minute without a call."""
    handshake: Answer = (1, "ERROR: Webhook validation handshake failed")
    deployment = deployed({"deployment group create": [handshake, handshake, (0, "")]})

    deployment.finish()

    assert deployment.slept[:2] == [30.0, 30.0]
    assert len(deployment.knocks) == 3
    assert deployment.said[1] == "The event subscription could not be deployed, attempt 1 of 5."
    assert deployment.said[3] == "The event subscription documents-to-ocr is deployed."


def test_a_subscription_that_is_refused_ends_with_azures_reason_and_without_the_key(deployed: Deployed) -> None:
    """Azure may quote the address, with the key in it."""
    quoted = 'ERROR: endpoint "https://a/runtime/webhooks/blobs?functionName=F&code=s3cret==" does not answer.'
    deployment = deployed({"deployment group create": [(1, quoted)]})

    told = deployment.fail()

    assert 'cannot be deployed: ERROR: endpoint "https://a/runtime/webhooks/blobs?functionName=F&code=***" does' in told
    assert "s3cret" not in "".join([told, *deployment.said])
    assert len(deployment.az.asked("deployment group create")) == 5
    assert deployment.az.asked("storage") == []


def test_an_environment_without_the_outputs_is_told_by_name(deployed: Deployed) -> None:
    """Somebody ran the script by hand."""
    assert deployed().fail(AZURE_SYSTEM_TOPIC_NAME="", AZURE_RESOURCE_GROUP="") == (
        "The environment does not tell AZURE_RESOURCE_GROUP, AZURE_SYSTEM_TOPIC_NAME: run `azd provision`. "
        "Then run `azd hooks run postdeploy`."
    )


def test_in_an_isolated_network_no_canary_is_sent(deployed: Deployed) -> None:
    """Storage cannot be reached from outside; the sentence says what to do instead."""
    deployment = deployed()

    deployment.finish(AZURE_NETWORK_ISOLATION="true")

    assert deployment.az.asked("storage") == []
    assert deployment.said[-1].startswith("The network is isolated, so no canary is uploaded from here: run `darkroom")


def test_without_the_azure_cli_the_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """azd does not need it, this does."""
    monkeypatch.setattr(shutil, "which", lambda name: None)

    with pytest.raises(FailedError, match=r"The Azure CLI is not installed: install it \(https://aka.ms/azcli\)."):
        AzureCli("s-1")("account", "show")


def test_the_function_that_is_told_of_events_is_the_blob_function_of_the_app() -> None:
    """The host answers 202 to an event for any other name, and drops it."""
    assert doors(ROOT)[NAMES["blobFunction"]] == "blob"


@pytest.mark.parametrize("script", [answer(503), answer(200), sends([b"no http at all\r\n\r\n"])])
def test_whatever_a_sleeping_app_answers_is_as_good(script: Script) -> None:
    """It is woken by being asked."""
    with serving(script) as server:
        knock(server.url)

    assert [request.line for request in server.requests] == ["GET /ocr HTTP/1.1"]
    knock("https://127.0.0.1:9/")
