"""What the catalogue says of a model, and how an installation declares its own."""

from datetime import date
from typing import Any

import pytest

from shared.catalog import MIB, OCR_MODELS, Catalog, OcrModel
from shared.errors import Invalid, Misconfigured


@pytest.mark.parametrize("name", OCR_MODELS)
def test_every_model_has_the_limits_of_the_service(name: str) -> None:
    """Thirty pages and 30 MB a request, and a price."""
    model = Catalog().ocr(name)

    assert (model.name, model.max_pages, model.max_bytes) == (name, 30, 30 * MIB)
    assert model.usd_per_1000_pages
    assert model.successor is None or model.successor in OCR_MODELS


@pytest.mark.parametrize(
    ("name", "day"), [("mistral-ocr-2503", date(2026, 1, 30)), ("mistral-document-ai-2505", date(2026, 7, 20))]
)
def test_a_model_is_retired_from_its_day_on(name: str, day: date) -> None:
    """The sentence names the model, the day and what to use instead."""
    model = Catalog().ocr(name)

    assert model.retired(date.fromordinal(day.toordinal() - 1)) is None
    assert model.retired(day) == f"The model {name} was retired on {day}; use mistral-document-ai-2512."
    assert model.retired(date(2030, 1, 1)) == model.retired(day)


def test_a_model_without_a_day_is_not_retired() -> None:
    """A successor alone retires nothing."""
    assert Catalog().ocr("mistral-document-ai-2512").retired(date(2100, 1, 1)) is None


def test_a_retired_model_without_a_successor_has_a_whole_sentence() -> None:
    """Nothing dangles."""
    model = OcrModel("m", options=frozenset(), retired_on=date(2026, 1, 1))

    assert model.retired(date(2026, 1, 1)) == "The model m was retired on 2026-01-01."


def test_an_unknown_model_is_told_with_those_that_are_known() -> None:
    """A misspelt name in a message fails the job with what could have been meant."""
    with pytest.raises(Invalid, match="'mistral-ocr-4'") as raised:
        Catalog({"my-ocr": {}}).ocr("mistral-ocr-4")

    assert raised.value.code == "unknown_model"
    assert all(name in raised.value.message for name in [*OCR_MODELS, "my-ocr"])
    assert "DARKROOM_MODELS" in raised.value.remedy


def test_a_deployment_is_declared_like_a_known_model() -> None:
    """A deployment with a name of its own takes what its model takes."""
    model = Catalog({"my-ocr": {"like": "mistral-ocr-4-0"}}).ocr("my-ocr")

    assert model.name == "my-ocr"
    assert model.options == OCR_MODELS["mistral-ocr-4-0"].options
    assert model.usd_per_1000_pages == 4.0


def test_a_declaration_may_change_any_field() -> None:
    """Limits, options, price and dates of what the catalogue does not know yet."""
    declared = {
        "like": "mistral-ocr-4-0", "options": ["table_format"], "max_pages": 100, "max_bytes": 5,
        "retired_on": "2027-01-01", "successor": "next", "usd_per_1000_pages": 0.5,
    }  # fmt: skip
    model = Catalog({"my-ocr": declared}).ocr("my-ocr")

    assert (model.options, model.max_pages, model.max_bytes) == (frozenset({"table_format"}), 100, 5)
    assert (model.retired_on, model.successor, model.usd_per_1000_pages) == (date(2027, 1, 1), "next", 0.5)


def test_a_declaration_without_a_model_takes_figures_only() -> None:
    """What nobody declared is not sent."""
    assert Catalog({"my-ocr": {}}).ocr("my-ocr").options == {"include_image_base64"}


def test_a_declaration_goes_before_a_known_model() -> None:
    """The installation knows its deployments better."""
    assert Catalog({"mistral-ocr-4-0": {"max_pages": 7}}).ocr("mistral-ocr-4-0").max_pages == 7


@pytest.mark.parametrize(
    "declaration",
    [
        None, 5, "mistral-ocr-4-0", ["like"], {"like": "no-such-model"}, {"like": None}, {"like": ["x"]},
        {"max_page": 30}, {"name": "other"}, {"retired_on": "soon"}, {"retired_on": 2026}, {"options": 5},
        {"max_pages": "30"}, {"max_pages": 0}, {"max_pages": -1}, {"max_pages": None}, {"max_pages": 1.5},
        {"max_bytes": "30 MB"}, {"usd_per_1000_pages": "4"}, {"options": "table_format"}, {"harmless": ["x"]},
    ],
    ids=repr,
)  # fmt: skip
def test_a_declaration_that_cannot_be_used_is_told_by_name(declaration: Any) -> None:
    """The job waits for whoever mends the setting; it does not fail over a type somewhere later."""
    with pytest.raises(Misconfigured) as raised:
        Catalog({"my-ocr": declaration}).ocr("my-ocr")

    assert "DARKROOM_MODELS declares 'my-ocr'" in raised.value.message
    assert "max_pages" in raised.value.message


def test_a_wrong_declaration_troubles_nobody_else() -> None:
    """Other deployments go on."""
    assert Catalog({"my-ocr": 5}).ocr("mistral-ocr-4-0").name == "mistral-ocr-4-0"
