"""What Python receives beside a queue message."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from azure.storage.queue import QueueMessage

from local.host.protocol import Value
from local.host.queue_trigger import metadata

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


def of(body: str | None) -> dict[str, Value]:
    """Make the metadata of a message with this body."""
    message = QueueMessage(content=body or "")
    message.id, message.pop_receipt, message.dequeue_count = "m1", "r1", 3
    message.inserted_on = message.expires_on = message.next_visible_on = NOW
    return metadata(message, body)


def test_the_properties_of_the_message_are_all_there() -> None:
    """Id, receipt, count, three times and the text itself, times as JSON strings."""
    found = of("text")

    assert (found["Id"], found["PopReceipt"]) == (Value("string", "m1"), Value("string", "r1"))
    assert found["DequeueCount"] == Value("json", "3")
    assert found["InsertionTime"] == Value("json", '"2026-11-20T12:00:00+00:00"')
    assert found["QueueTrigger"] == Value("string", "text")


@pytest.mark.parametrize("body", ["[" * 20_000, '{"a":' * 20_000])
def test_a_body_that_is_nested_too_deeply_lays_nothing_over_them(body: str) -> None:
    """It is handed over like any other text, and what is wrong with it is the app's to say."""
    assert of(body).keys() == of("text").keys()


def test_binary_data_has_no_text_beside_it() -> None:
    """QueueTrigger is there only for valid UTF-8."""
    assert "QueueTrigger" not in of(None)


@pytest.mark.parametrize(
    ("body", "name", "value"),
    [
        ('{"ID": "x"}', "Id", Value("string", "x")),
        ('{"dequeuecount": 9}', "DequeueCount", Value("string", "9")),
        ('{"popReceipt": true}', "PopReceipt", Value("string", "True")),
        ('{"insertionTime": {"a": 1}}', "InsertionTime", Value("json", '{"a": 1}')),
        ('{"QUEUETRIGGER": "x"}', "QueueTrigger", Value("string", "x")),
        ('{"own": 1.5}', "own", Value("string", "1.5")),
        ('{"a": 1, "A": 2}', "a", Value("string", "2")),
    ],
)
def test_keys_of_the_body_take_a_propertys_place_without_case(body: str, name: str, value: Value) -> None:
    """Scalars become text as .NET writes it, objects JSON; the property keeps its spelling."""
    assert of(body)[name] == value


@pytest.mark.parametrize("body", ['{"id": ["x"]}', '{"id": null}', '["id"]', '"id"', "{broken"])
def test_arrays_nulls_and_other_json_change_nothing(body: str) -> None:
    """Only an object's own properties that are no array and not null are copied."""
    found = of(body)

    assert found["Id"] == Value("string", "m1")
    assert len(found) == 7
