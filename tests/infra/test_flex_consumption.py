"""What Flex Consumption and Foundry refuse is not asked of them, and the app's deployments can bear its calls."""

import json

import pytest

from shared.catalog import Catalog
from tests.infra.bicep import INFRA, properties, read, text, value

APP = read(INFRA / "modules/app.bicep").of("resource")
MODELS = json.loads((INFRA / "models.json").read_text())
# Named in answers of Azure: "site configuration properties (…) for Flex Consumption sites is invalid".
REFUSED_BY_FLEX = {
    "FtpsState",
    "FunctionAppScaleLimit",
    "FunctionsRuntimeScaleMonitoringEnabled",
    "LinuxFxVersion",
    "NetFrameworkVersion",
    "PreWarmedInstanceCount",
    "Use32BitWorkerProcess",
}


def test_the_site_has_no_property_that_flex_consumption_refuses() -> None:
    """One of them fails the whole deployment, in newer regions even when it is null."""
    site = properties(properties(APP["app"].value)["properties"])
    given = {name.lower() for name in properties(site["siteConfig"])}

    assert given
    assert given & {name.lower() for name in REFUSED_BY_FLEX} == set()


def test_nothing_is_said_of_ftp() -> None:
    """Flex Consumption has none, so there is nothing to close."""
    policies = [one for one in APP.values() if one.target == "basicPublishingCredentialsPolicies"]

    assert [text(properties(policy.value)["name"]) for policy in policies] == ["scm"]


def test_models_are_deployed_one_after_the_other() -> None:
    """The service refuses a second deployment while one is being made."""
    batch = read(INFRA / "modules/foundry.bicep").of("resource")["deployment"].decorated("batchSize")

    assert batch is not None
    assert value(batch) == 1


@pytest.mark.parametrize("model", [one for one in MODELS if one["format"] == "Cohere"], ids=lambda one: one["name"])
def test_the_fullest_call_fits_into_a_minute_of_its_deployment(model: dict[str, str | int]) -> None:
    """A unit of a Cohere model is a thousand tokens a minute: a call of more would be throttled for ever."""
    known = Catalog().embedding(str(model["name"]))

    assert int(model["capacity"]) * 1000 >= known.texts_a_call * known.text_tokens


def test_documents_need_not_wait_a_minute_for_each_other() -> None:
    """A unit of a Mistral model is one request a minute, which is one part of a document."""
    assert all(model["capacity"] > 1 for model in MODELS if model["format"] == "Mistral AI")
