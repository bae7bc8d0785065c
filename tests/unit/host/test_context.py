"""What a function is told of its invocation."""

import uuid

from local.host.library import Context
from shared.messages import OcrJob


def test_each_invocation_begins_a_trace_of_its_own() -> None:
    """As with the real host; a job message takes it along as it is."""
    traces = [Context(str(uuid.uuid4()), "ocr_job", "app").trace_context.trace_parent for _ in range(2)]

    assert len(set(traces)) == 2
    assert [OcrJob(document="documents/a.pdf", trace=trace).trace for trace in traces] == traces
