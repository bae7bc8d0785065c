"""The queries behind alerts and workbook ask for what the app sends."""

import re
from pathlib import Path

import pytest

from shared.errors import NeedsOperator
from tests.infra.bicep import INFRA, at, read, value

QUERIES = sorted((INFRA / "queries").glob("*.kql"))
OPERATIONS = (INFRA.parent / "docs" / "operations.md").read_text()
# What the app sends, with the properties that each carries.
METRICS: dict[str, set[str]] = {
    "darkroom.jobs": {"kind", "outcome", "code"},
    "darkroom.pages": set(),
    "darkroom.images": set(),
    "darkroom.vectors": set(),
    "darkroom.retries": {"kind", "code"},
    "darkroom.model.latency": {"deployment", "status"},
    "darkroom.cost": {"model"},
    "darkroom.queue.depth": {"queue"},
    "darkroom.queue.age": {"queue"},
}
EVERY_QUERY = pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.stem)


@EVERY_QUERY
def test_a_query_asks_for_a_metric_and_properties_that_are_sent(query: Path) -> None:
    """A misspelt name is an alert that never fires."""
    asked = query.read_text()
    metrics = set(re.findall(r"'(darkroom\.[a-z.]+\w)'", asked))
    sent = set().union(*(METRICS[name] for name in metrics))

    assert metrics
    assert set(re.findall(r"Properties\.(\w+)", asked)) <= sent


@EVERY_QUERY
def test_a_query_begins_with_what_it_tells(query: Path) -> None:
    """The portal shows the query, and whoever is woken reads its first line."""
    first, *rest = query.read_text().splitlines()

    assert re.fullmatch(r"// .*\.", first)
    assert rest[0].endswith("AppMetrics")


def test_the_alert_for_silence_is_evaluated_where_there_was_never_a_metric() -> None:
    """The table comes with its first row, and a query of a table that is not there fails, so that nobody is told."""
    asked = (INFRA / "queries/silent.kql").read_text()

    assert "union isfuzzy=true (datatable(Name: string) []), AppMetrics" in asked


def test_the_code_sends_these_metrics() -> None:
    """A query for a metric of another name finds nothing, and says nothing of it."""
    sent = "".join(path.read_text() for path in (INFRA.parent / "shared").rglob("*.py"))

    assert [metric for metric in METRICS if f'"{metric}"' not in sent] == []


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_that_is_sent_is_asked_for(metric: str) -> None:
    """What nobody looks at need not be paid for."""
    assert any(f"'{metric}'" in query.read_text() for query in QUERIES)


def test_the_alert_for_operators_asks_for_every_error_that_needs_one() -> None:
    """Jobs with such an error wait for a person, and nobody else would tell."""
    asked = re.findall(r"Code in \(([^)]*)\)", (INFRA / "queries/needs-operator.kql").read_text())

    assert re.findall(r"'(\w+)'", asked[0]) == [error.code for error in NeedsOperator.__subclasses__()]


def test_an_alert_looks_back_further_than_it_waits_between_looks() -> None:
    """Otherwise what happens between two looks is never seen."""
    alerts = read(INFRA / "modules/alerts.bicep")
    windows = [rule["window"] for rule in value(alerts.of("var")["rules"].value)]
    every = at(alerts.of("resource")["alert"].value, "properties.evaluationFrequency")

    assert every == "PT15M"
    assert set(windows) == {"PT30M", "PT1H"}


def test_every_alert_is_explained_where_operators_look() -> None:
    """An alert that nobody can read is turned off."""
    rules = value(read(INFRA / "modules/alerts.bicep").of("var")["rules"].value)

    assert [
        rule["name"] for rule in rules if f"| `darkroom-{rule['name']}` | {rule['severity']} |" not in OPERATIONS
    ] == []
    assert [rule["name"] for rule in rules if f"| {rule['description']} |" not in OPERATIONS] == []


@EVERY_QUERY
def test_the_query_that_operators_read_is_the_one_that_runs(query: Path) -> None:
    """Two versions of one query are two truths."""
    assert f"`{query.name}`\n\n```kusto\n{query.read_text().strip()}\n```\n" in OPERATIONS
