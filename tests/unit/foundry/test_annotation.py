"""Annotations: values that stand in the text, in the schema's shape."""

import json
from typing import Any

import pytest

from local.foundry.ocr.annotation import annotate, check

TEXT = """# Invoice

Invoice number: 4711
Total 1 234,50 EUR
Issued on: 3 March 2026
Paid: yes
Currency: eur
| Lines | 12 |
Tags: river, gauge, ice
Street: Quay 7
"""


def schema_of(**properties: Any) -> dict[str, Any]:
    """An object schema with these properties."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


@pytest.mark.parametrize(
    ("name", "schema", "value"),
    [
        ("invoice_number", {"type": "string"}, "4711"),
        ("invoiceNumber", {"type": "integer"}, 4711),
        ("total", {"type": ["number", "null"]}, 1234.5),
        ("issued_on", {"type": "string", "format": "date"}, "2026-03-03"),
        ("paid", {"type": "boolean"}, True),
        ("currency", {"type": "string", "enum": ["USD", "EUR"]}, "EUR"),
        ("lines", {"type": "integer"}, 12),
        ("tags", {"type": "array", "items": {"type": "string"}}, ["river", "gauge", "ice"]),
        ("street", {"anyOf": [{"type": "string"}, {"type": "null"}]}, "Quay 7"),
        ("kind", {"const": "invoice"}, "invoice"),
    ],
)
def test_a_value_is_found_and_typed(name: str, schema: dict[str, Any], value: object) -> None:
    """A property is filled from its labelled line, as its type asks."""
    assert json.loads(annotate(schema_of(**{name: schema}), TEXT)) == {name: value}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": ["string", "null"]}, None),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, None),
        ({"type": "string"}, ""),
        ({"type": "number"}, 0),
        ({"type": "array", "items": {"type": "string"}}, []),
        ({"type": "string", "enum": ["a", "b"]}, "a"),
    ],
)
def test_what_is_not_there_is_not_invented(schema: dict[str, Any], value: object) -> None:
    """A property without a line in the text is null, or empty where null is not allowed."""
    assert json.loads(annotate(schema_of(missing=schema), TEXT)) == {"missing": value}


def test_nested_objects_and_references_are_followed() -> None:
    """A schema with definitions, as pydantic writes it, is filled all the way down."""
    # given
    schema = schema_of(address={"$ref": "#/$defs/Address"}) | {
        "$defs": {"Address": schema_of(street={"type": "string"})}
    }
    # when / then
    assert json.loads(annotate(schema, TEXT)) == {"address": {"street": "Quay 7"}}


def test_a_schema_that_refers_to_itself_ends() -> None:
    """A recursive schema is filled without running for ever."""
    # given
    node = schema_of(street={"type": "string"}, next={"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]})
    # when
    filled = json.loads(annotate({"$ref": "#/$defs/Node", "$defs": {"Node": node}}, TEXT))
    # then
    assert filled == {"street": "Quay 7", "next": None}


@pytest.mark.parametrize("schema", [{"$ref": "#/$defs/Nobody"}, {"type": "object", "properties": ["a"]}])
def test_a_schema_that_leads_nowhere_is_refused(schema: dict[str, Any]) -> None:
    """A broken schema is found before any page is read."""
    with pytest.raises(ValueError, match="cannot be followed"):
        check(schema)
