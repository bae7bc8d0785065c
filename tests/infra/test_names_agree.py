"""What the Bicep files name is what the code names: containers, queues, functions, folders, models."""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cli import image_jobs
from shared import names
from shared.settings import Settings
from tests import corpus
from tests.fakes import Bench
from tests.infra.bicep import INFRA, at, properties, read, said, value

NAMES = json.loads((INFRA / "names.json").read_text())
MODELS = json.loads((INFRA / "models.json").read_text())


@pytest.fixture
def triggers(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Mapping[str, Any]]:
    """The trigger of every function in Azure, by the function's name."""
    monkeypatch.delenv("DARKROOM_BLOB_SOURCE", raising=False)
    sys.modules.pop("function_app", None)  # an app can be indexed once only
    import function_app

    found = {f.get_function_name(): f.get_trigger() for f in function_app.app.get_functions()}
    return {str(name): trigger.get_dict_repr() for name, trigger in found.items() if trigger is not None}


def test_containers_and_queues_are_those_of_the_code() -> None:
    """One that is missing is a job that never starts; one too many is a typing error."""
    assert {NAMES[name] for name in ("documents", "images", "results", "ledger")} == set(names.CONTAINERS)
    assert sorted(NAMES["queues"]) == sorted(names.QUEUES)


def test_every_queue_that_a_function_reads_is_made_and_so_is_its_poison_queue(
    triggers: Mapping[str, Mapping[str, Any]],
) -> None:
    """The host makes no trigger queue by itself."""
    queues = {trigger["queueName"] for trigger in triggers.values() if "queueName" in trigger}
    poison = {f"{queue}-poison" for queue in queues if not queue.endswith("-poison")}

    assert queues | poison <= set(NAMES["queues"])


def test_events_go_to_the_function_that_reads_the_container(triggers: Mapping[str, Mapping[str, Any]]) -> None:
    """The host answers 202 for a function that it does not have, and the event is lost."""
    blob = {name: trigger for name, trigger in triggers.items() if trigger["type"] == "blobTrigger"}

    assert list(blob) == [NAMES["blobFunction"]]
    assert blob[NAMES["blobFunction"]]["path"].partition("/")[0] == NAMES["documents"]
    assert blob[NAMES["blobFunction"]]["source"] == "EventGrid"


def test_the_subscription_asks_for_finished_uploads_into_documents_and_keeps_what_it_cannot_deliver() -> None:
    """Without the last slash it would match other containers; without `data.api` a Data Lake upload comes twice."""
    subscription = properties(read(INFRA / "events.bicep").of("resource")["subscription"].value)["properties"]

    assert at(subscription, "filter.subjectBeginsWith") == "/blobServices/default/containers/${names.documents}/"
    assert at(subscription, "filter.includedEventTypes") == ["Microsoft.Storage.BlobCreated"]
    assert at(subscription, "filter.advancedFilters") == [
        {
            "operatorType": "StringIn",
            "key": "data.api",
            "values": ["PutBlob", "PutBlockList", "CopyBlob", "FlushWithClose"],
        }
    ]
    assert at(subscription, "deadLetterWithResourceIdentity.deadLetterDestination.properties.blobContainerName") == (
        "names.eventDeadLetters"
    )


def test_parts_and_uploads_are_where_the_lifecycle_rules_look(tmp_path: Path) -> None:
    """A rule for another folder would keep copies of documents for good."""
    bench = Bench.make()
    bench.drop("long.pdf", corpus.text_pdf(pages=31))
    bench.step()
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"a picture")
    edit = {"operation": "edit", "prompt": "Hang a print on the line", "images": [str(picture)]}
    uploads = image_jobs.single(edit).uploads

    assert list(bench.storage.list("ledger", f"{NAMES['ledgerParts']}/"))
    assert {(ref.container, ref.name.partition("/")[0]) for ref in uploads} == {(NAMES["images"], NAMES["uploads"])}


@pytest.mark.parametrize("days", ["ledgerDays", "leftoverDays"])
def test_nothing_expires_while_a_job_may_still_wait(days: str) -> None:
    """A job that waits for its model needs its parts, its inputs and what it has paid."""
    main = read(INFRA / "main.bicep").of("param")[days]
    least = main.decorated("minValue")

    assert least is not None
    assert value(least) * 24 > 2 * Settings().job_hours


@pytest.mark.parametrize("kind", ["ocr", "image", "embedding"])
def test_the_deployed_models_are_those_that_the_code_calls_by_default(kind: str) -> None:
    """A deployment that is named otherwise is not found, or not known to the catalogue."""
    deployed = [model["name"] for model in MODELS if model["kind"] == kind]

    assert deployed == [getattr(Settings(), f"{kind}_model")]
    set_in_azure = properties(read(INFRA / "modules/app.bicep").of("var")["settings"].value)
    assert said(set_in_azure[f"DARKROOM_{kind.upper()}_MODEL"]) == f"empty({kind}Models) ? '' : {kind}Models[0].name"


def test_the_models_have_what_their_type_asks_for() -> None:
    """`az deployment` tells of a missing key only when the rest is already made."""
    wanted = properties(read(INFRA / "modules/foundry.bicep").of("type")["modelDeployment"].value)

    for model in MODELS:
        assert set(model) == set(wanted)
        assert all(f"'{model[key]}'" in said(wanted[key]) for key in ("kind", "sku"))


def test_the_hook_reads_what_the_template_gives() -> None:
    """An output that is renamed would leave the hook without its target."""
    outputs = set(read(INFRA / "main.bicep").of("output"))
    of_azd = {"AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_SUBSCRIPTION_ID", "AZURE_PRINCIPAL_ID"}
    asked = {
        name
        for hook in (INFRA / "hooks").iterdir()
        if hook.is_file()
        for name in re.findall(r"\bAZURE_[A-Z_]+\b", hook.read_text(encoding="utf-8"))
    }

    assert asked
    assert asked - of_azd <= outputs
