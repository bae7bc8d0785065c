"""What `docs/command.md` says of the JSON of `darkroom status`, `replay` and `drain`, with examples that they made."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cli.drain import fields
from cli.listing import Entry
from cli.replay import PUT_BACK, Replayed
from cli.status import JobState, Overview, QueueState
from shared.messages import JobRecord, Problem, Source, Status
from shared.names import OCR_JOBS, OCR_JOBS_POISON
from shared.queues import Waiting

_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
_STATUS = """## The JSON of `darkroom status --json`

One object. `counts` has the jobs by kind and state; `rejected` are messages that named no job. `jobs` are the newest of
those that failed or have not ended; `silent` says that nothing was heard of a job for an hour, so that its message is
lost. A queue that is not there has null `messages`. With a JOB it is the job's record instead, as in
[messages.md](messages.md), and `record` says where it lies.
"""
_REPLAY = """## The JSON of `darkroom replay --json`

One object a line for each job. `outcome` is `put back`, `would be put back` or `left`; `why` says why the job had
failed, or why it is left.
"""
_DRAIN = """## The JSON of `darkroom drain --json`

One object a line for each message. `about` is the job, the document or the blob that it names, `saved` the file that
`--save` wrote, and with `--bodies` there is a `body`, too.
"""


def operator_json() -> str:
    """The sections, as Markdown."""
    sections = ((_STATUS, _overview()), (_REPLAY, _replayed()), (_DRAIN, _message()))
    return "\n".join(f"{text}\n```json\n{json.dumps(example)}\n```\n" for text, example in sections)


def _overview() -> dict[str, Any]:
    job = JobState(_entry(), _record(), _NOW)
    counts = {"ocr": {status.value: count for status, count in zip(Status, (0, 0, 41, 1), strict=True)}}
    return Overview(counts, [job], list(_queues())).as_json()


def _replayed() -> dict[str, Any]:
    return Replayed("reports/q4.pdf", _entry(), PUT_BACK, OCR_JOBS, "gave_up: Gave up after 24 hours.").as_json()


def _message() -> dict[str, Any]:
    body = b'{"document":"documents/reports/q1.pdf"}'
    return fields(Waiting("da959b4c", _NOW - timedelta(hours=2), 1, body), Path("poison/da959b4c.json"))


def _queues() -> Iterator[QueueState]:
    yield QueueState(OCR_JOBS, 0, None)
    yield QueueState(OCR_JOBS_POISON, 1, 7200.0)


def _entry() -> Entry:
    ended = _NOW - timedelta(hours=2)
    return Entry("ocr/reports/q4.pdf", "ocr", Status.FAILED, "ocr-77ab", "gave_up", ended, ended)


def _record() -> JobRecord:
    return JobRecord(
        job_id="ocr-77ab",
        kind="ocr",
        status=Status.FAILED,
        fingerprint="",
        source=Source(name="documents/reports/q4.pdf"),
        problem=Problem(
            code="gave_up",
            message="Gave up after 24 hours.",
            remedy="When the cause is mended, put the job back with `darkroom replay`; what is paid stays paid.",
            retryable=True,
        ),
        attempts=1,
        deferrals=96,
        created_at=_NOW - timedelta(hours=26),
    )
