"""The hook after a deployment, step by step: against an Azure CLI that answers as it does on good and bad days."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from cli.doctor.app import doors
from infra.hooks import canary
from infra.hooks.azure_cli import AzureCli, FailedError
from infra.hooks.canary import NAMES, one_page
from infra.hooks.postdeploy import Hook, Target, knock
from shared import sweep
from shared.names import BlobRef, ocr_folder, record_of
from tests.documentation import ROOT
from tests.infra.fake_az import Answer, FakeAz
from tests.servers import Script, answer, sends, serving

ENVIRONMENT = {
    "AZURE_SUBSCRIPTION_ID": "s-1",
    "AZURE_RESOURCE_GROUP": "rg-dark",
    "AZURE_FUNCTION_APP_NAME": "func-dark",
    "AZURE_STORAGE_ACCOUNT_NAME": "stdark",
    "AZURE_SYSTEM_TOPIC_NAME": "evgt-dark",
    "AZURE_NETWORK_ISOLATION": "false",
}
NO_BLOB: Answer = (3, "ERROR: The specified blob does not exist.")
REFUSED: Answer = (1, "ERROR: You do not have the required permissions needed to perform this operation.")
GOOD: Mapping[str, Sequence[Answer]] = {
    "functionapp show": [(0, "func-dark.azurewebsites.net\n")],
    "functionapp keys list": [(0, "true\n")],
    "deployment group create": [(0, "")],
    "storage blob upload": [(0, "{}")],
    "storage blob show": [NO_BLOB, (0, "\n"), (0, "running\n"), (0, "succeeded\n")],
    "storage blob delete": [(0, "")],
}
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


@dataclass
class Deployment:
    """A hook with everything around it faked, and what became of it."""

    az: FakeAz
    said: list[str] = field(default_factory=list)
    knocks: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def finish(self, **environment: str) -> None:
        """Run the hook."""
        target = Target.read(ENVIRONMENT | environment)
        Hook(target, AzureCli("s-1", self.az), self.knocks.append, self.slept.append, self.said.append, "now").finish()

    def fail(self, **environment: str) -> str:
        """Run the hook to its failure; what it says."""
        with pytest.raises(FailedError) as caught:
            self.finish(**environment)
        return str(caught.value)


Deployed = Callable[..., Deployment]


@pytest.fixture
def deployed(tmp_path: Path) -> Deployed:
    """A deployment where all goes well but what a test changes."""

    def make(changes: Mapping[str, Sequence[Answer]] | None = None) -> Deployment:
        return Deployment(FakeAz(tmp_path, {**GOOD, **(changes or {})}))

    return make


def test_all_steps_come_in_their_order(deployed: Deployed) -> None:
    """Wake, key, subscription, canary, cleaning up; and each is told."""
    deployment = deployed()

    deployment.finish()

    assert [call[: len(step)] for call, step in zip(deployment.az.calls, STEPS, strict=True)] == STEPS
    assert deployment.knocks == ["https://func-dark.azurewebsites.net/"]
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


def test_the_canary_is_dropped_looked_for_and_removed_where_documents_go(deployed: Deployed) -> None:
    """With the deployer's own login, in the containers of the app, and its record where the app writes it."""
    deployment = deployed()

    deployment.finish()

    [upload] = deployment.az.asked("storage blob upload")
    name = upload[upload.index("--name") + 1]
    folder = ocr_folder(BlobRef("documents", name))
    record = record_of(folder)
    [delete, batch] = deployment.az.asked("storage blob delete")
    where = "--auth-mode login --account-name stdark --container-name documents --name darkroom-canary/now-1.pdf"
    assert where in " ".join(upload)
    assert where in " ".join(delete)
    assert f"--container-name {record.container} --name {record.name}" in " ".join(
        deployment.az.asked("storage blob show")[0]
    )
    assert batch[batch.index("--source") + 1 :][:3] == ["results", "--pattern", f"{folder}/*"]


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
    """Event Grid validates the address when the subscription is made."""
    handshake: Answer = (1, "ERROR: Webhook validation handshake failed")
    deployment = deployed({"deployment group create": [handshake, handshake, (0, "")]})

    deployment.finish()

    assert deployment.slept[:2] == [30.0, 30.0]
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


def test_a_role_that_has_not_arrived_is_waited_for(deployed: Deployed) -> None:
    """A role assignment takes up to ten minutes."""
    deployment = deployed({"storage blob upload": [REFUSED, REFUSED, (0, "{}")]})

    deployment.finish()

    assert deployment.slept[:2] == [30.0, 30.0]


def test_a_role_that_never_arrives_ends_with_its_name(deployed: Deployed) -> None:
    """After ten minutes it was not given."""
    told = deployed({"storage blob upload": [REFUSED]}).fail()

    assert (
        "required permissions needed to perform this operation. You need the role Storage Blob Data Contributor" in told
    )


def test_a_canary_that_is_not_noticed_has_followers(deployed: Deployed) -> None:
    """The first events of a new subscription can be lost; what was dropped in vain is removed."""
    unseen = [NO_BLOB] * 30
    deployment = deployed({"storage blob show": [*unseen, (0, "succeeded")]})

    deployment.finish()

    names = [call[call.index("--name") + 1] for call in deployment.az.asked("storage blob delete ")]
    assert names == ["darkroom-canary/now-1.pdf", "darkroom-canary/now-2.pdf"]
    assert deployment.said[-1] == "It was read, and is removed: what is dropped is read."


def test_three_canaries_that_nobody_notices_are_a_failure(deployed: Deployed) -> None:
    """A subscription that names a wrong function loses every event, and says 202."""
    deployment = deployed({"storage blob show": [NO_BLOB]})

    assert deployment.fail().startswith(
        "3 canaries were dropped and none was noticed: the app does not run, or the subscription names another "
        "function than ocr_document. See what `darkroom doctor` says"
    )
    assert len(deployment.az.asked("storage blob delete ")) == 3


def test_each_canary_is_given_up_before_the_sweep_would_post_it() -> None:
    """What the sweep posts proves nothing of the events."""
    seconds = canary._RECORD_TRIES * canary._PAUSE
    assert seconds < sweep._SETTLED.total_seconds() / 2


def test_a_canary_that_waits_is_told_with_its_reason_and_left(deployed: Deployed, tmp_path: Path) -> None:
    """Its job goes on by itself; without the document it would fail."""
    deployment = deployed({"storage blob show": [(0, "waiting")]})

    told = deployment.fail()

    assert told.startswith(
        "Events arrive, but the canary still waits. It is left in documents/darkroom-canary/now-1.pdf"
    )
    assert deployment.az.asked("storage blob delete") == []


def test_a_canary_that_fails_is_told_with_the_problem_of_its_record(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record says what is wrong with the model, and what to do."""
    deployment = deployed({"storage blob show": [(0, "failed")]})
    answers = deployment.az

    def run(arguments: Sequence[str]) -> object:
        if arguments[2] == "download":
            problem = '{"problem": {"message": "It is blocked.", "remedy": "Unblock it."}}'
            Path(arguments[arguments.index("--file") + 1]).write_text(problem)
        return answers(arguments)

    monkeypatch.setattr(deployment, "az", run)

    assert deployment.fail() == (
        "Events arrive, but the canary was not read: It is blocked. Unblock it. Then run `azd hooks run postdeploy`."
    )
    assert len(answers.asked("storage blob delete")) == 2


def test_a_canary_that_cannot_be_removed_is_told_of_and_no_failure(deployed: Deployed) -> None:
    """The way is proven all the same."""
    deployment = deployed({"storage blob delete": [REFUSED]})

    deployment.finish()

    assert deployment.said[-2].startswith(
        "The canary darkroom-canary/now-1.pdf could not be removed: ERROR: You do not"
    )


def test_without_the_azure_cli_the_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """azd does not need it, this does."""
    monkeypatch.setattr(shutil, "which", lambda name: None)

    with pytest.raises(FailedError, match=r"The Azure CLI is not installed: install it \(https://aka.ms/azcli\)."):
        AzureCli("s-1")("account", "show")


def test_the_canary_is_a_pdf_that_models_read(tmp_path: Path) -> None:
    """It is written by hand, for the hook has no library; each is another, so that none is read from the ledger."""
    file = tmp_path / "canary.pdf"
    file.write_bytes(one_page("darkroom-canary/now-1.pdf"))

    with pikepdf.open(file) as pdf:
        assert pdf.check_pdf_syntax() == []
    with pypdfium2.PdfDocument(file) as pages:
        assert [page.get_textpage().get_text_bounded() for page in pages] == ["darkroom-canary/now-1.pdf"]
    assert one_page("a") != one_page("b")


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
