"""docs/deploy.md tells of what is in the templates, and at the prices of the catalogue."""

import json
import re

import pytest

from shared.catalog import OCR_MODELS
from shared.settings import Settings
from tests.infra.bicep import INFRA, read
from tests.infra.test_access import BUILT_IN_ROLES
from tests.infra.test_settings_agree import OF_THE_PLATFORM

DEPLOY = (INFRA.parent / "docs" / "deploy.md").read_text()
PARAMETERS = json.loads((INFRA / "main.parameters.json").read_text())["parameters"]


@pytest.mark.parametrize("parameter", read(INFRA / "main.bicep").of("param"))
def test_every_choice_is_told(parameter: str) -> None:
    """A parameter that nobody hears of is never set; one that azd reads from its environment is told by that name."""
    rows = [line for line in DEPLOY.splitlines() if line.startswith("|") and f"`{parameter}`" in line]
    named = re.match(r"\$\{(\w+)", str(PARAMETERS.get(parameter, {}).get("value", "")))

    assert len(rows) == 1
    assert named is None or f"`{named[1]}`" in rows[0] or rows[0].startswith("| set by azd")


def test_every_role_is_told() -> None:
    """Whoever must agree to the deployment asks who may do what."""
    given = json.loads((INFRA / "roles.json").read_text())

    assert {role for role in BUILT_IN_ROLES if re.search(rf"^\|[^|]*\| {role} \|", DEPLOY, re.MULTILINE)} == set(given)


def test_every_setting_of_the_platform_is_told() -> None:
    """The README has the app's own settings only."""
    assert [name for name in OF_THE_PLATFORM if f"`{name}`" not in DEPLOY] == []


def test_the_price_of_a_thousand_pages_is_that_of_the_catalogue() -> None:
    """An estimate with an old price is a wrong promise."""
    model = OCR_MODELS[Settings().ocr_model]

    assert model.successor is not None
    assert (
        f"`{model.name}` | {model.usd_per_1000_pages:g} a thousand pages, by the app's catalogue "
        f"(`{model.successor}`: {OCR_MODELS[model.successor].usd_per_1000_pages:g})"
    ) in DEPLOY
