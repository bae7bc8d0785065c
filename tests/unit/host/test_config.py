"""host.json has the real host's defaults, ranges and refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.host.config import HostConfig, read_config, time_span
from local.host.errors import Refused


def read(folder: Path, document: Any, processors: int = 2, **settings: str) -> HostConfig:
    """Write a host.json and read it."""
    (folder / "host.json").write_text(document if isinstance(document, str) else json.dumps(document))
    return read_config(folder, settings, processors)


def queues(**options: Any) -> dict[str, Any]:
    """Make a host.json with options for queues."""
    return {"version": "2.0", "extensions": {"queues": options}}


def test_an_empty_host_json_has_the_documented_defaults(tmp_path: Path) -> None:
    """Batch 16, threshold batch/2 for each processor, 5 attempts, no delay, a minute between polls, 30 minutes
    a run.
    """
    config = read(tmp_path, {"version": "2.0"})

    assert (config.queues.batch_size, config.queues.new_batch_threshold) == (16, 16)
    assert (config.queues.max_dequeue_count, config.queues.visibility_timeout) == (5, 0)
    assert (config.queues.max_polling_interval, config.queues.base64) == (60, True)
    assert (config.function_timeout, config.route_prefix) == (1800, "api")


def test_development_polls_every_two_seconds_unless_told_otherwise(tmp_path: Path) -> None:
    """The environment Development changes the default, never a written value."""
    written = queues(maxPollingInterval="00:00:30")

    default = read(tmp_path, {"version": "2.0"}, AZURE_FUNCTIONS_ENVIRONMENT="Development")
    explicit = read(tmp_path, written, AZURE_FUNCTIONS_ENVIRONMENT="Development")

    assert default.queues.max_polling_interval == 2
    assert explicit.queues.max_polling_interval == 30


@pytest.mark.parametrize(
    ("batch", "threshold", "cores", "expected"), [(1, None, 4, 0), (16, None, 1, 8), (16, 0, 2, 0), (1, 7, 2, 7)]
)
def test_the_threshold_follows_the_batch_unless_written(
    tmp_path: Path, batch: int, threshold: int | None, cores: int, expected: int
) -> None:
    """A batch of one leaves a threshold of zero whatever the processors; an explicit zero is honoured."""
    options = {"batchSize": batch} | ({} if threshold is None else {"newBatchThreshold": threshold})

    assert read(tmp_path, queues(**options), cores).queues.new_batch_threshold == expected


@pytest.mark.parametrize(("degree", "batch", "threshold"), [(1, 1, 0), (2, 2, 0), (16, 9, 7), (100, 32, 68)])
def test_blob_parallelism_becomes_a_batch_and_a_threshold(
    tmp_path: Path, degree: int, batch: int, threshold: int
) -> None:
    """maxDegreeOfParallelism M: a batch of min(32, M/2+1), the rest as threshold; M at once in all."""
    document = {"version": "2.0", "extensions": {"blobs": {"maxDegreeOfParallelism": degree}}}

    blobs = read(tmp_path, document).blobs

    assert (blobs.batch_size, blobs.new_batch_threshold) == (batch, threshold)


def test_blobs_are_retried_at_once_five_times(tmp_path: Path) -> None:
    """The queues' visibilityTimeout and maxDequeueCount do not hold for blobs; poisonBlobThreshold does."""
    document = queues(visibilityTimeout="00:01:00", maxDequeueCount=9)

    blobs = read(tmp_path, document).blobs

    assert (blobs.visibility_timeout, blobs.max_dequeue_count) == (0, 5)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("{", "is not JSON"),
        ("[]", "must hold a JSON object"),
        ({}, 'must say "version": "2.0"'),
        (queues(batchSize=33), "queues.batchSize in host.json is 33; it must be a whole number from 1 to 32"),
        (queues(batchSize=True), "queues.batchSize in host.json is True"),
        (queues(newBatchThreshold=-1), "of at least 0"),
        (queues(maxDequeueCount=0), "queues.maxDequeueCount in host.json is 0"),
        (queues(maxPollingInterval="00:00:00.05"), "must be at least 0.1 s"),
        (queues(visibilityTimeout="30"), "is not a time of the form hh:mm:ss"),
        (queues(messageEncoding="utf8"), "it can be base64 or none"),
        ({"version": "2.0", "extensions": []}, "extensions in host.json must be a JSON object"),
        ({"version": "2.0", "functionTimeout": "soon"}, "functionTimeout is 'soon'"),
        ({"version": "2.0", "concurrency": {"dynamicConcurrencyEnabled": True}}, "dynamic concurrency"),
    ],
)
def test_what_the_real_host_would_refuse_is_refused_by_name(tmp_path: Path, document: Any, sentence: str) -> None:
    """Every refusal names the setting and what it can be."""
    with pytest.raises(Refused, match=r".") as caught:
        read(tmp_path, document)
    assert sentence in str(caught.value)


def test_a_missing_host_json_is_named(tmp_path: Path) -> None:
    """A folder without host.json is no function app."""
    with pytest.raises(Refused, match=r"host\.json is missing"):
        read_config(tmp_path, {})


def test_an_app_setting_stands_over_host_json(tmp_path: Path) -> None:
    """AzureFunctionsJobHost__… overrides the value at its path, and makes the path when it is not there."""
    config = read(
        tmp_path,
        queues(batchSize=4),
        AzureFunctionsJobHost__extensions__queues__batchSize="2",
        AzureFunctionsJobHost__extensions__blobs__poisonBlobThreshold="3",
        AzureFunctionsJobHost__functionTimeout="00:00:07",
    )

    assert (config.queues.batch_size, config.blobs.max_dequeue_count, config.function_timeout) == (2, 3, 7)


def test_minus_one_is_no_timeout(tmp_path: Path) -> None:
    """functionTimeout -1 lets a run take any time."""
    assert read(tmp_path, {"version": "2.0", "functionTimeout": "-1"}).function_timeout is None


@pytest.mark.parametrize(("text", "seconds"), [("00:00:30", 30), ("1.02:03:04.5", 93784.5), ("00:10:00", 600)])
def test_time_spans_count_days_to_fractions(text: str, seconds: float) -> None:
    """`d.hh:mm:ss.fff` is read whole."""
    assert time_span(text, "x") == seconds
