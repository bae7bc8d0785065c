"""What is told of a call to a model: a span of its job's trace, and how long it took."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

from shared.telemetry import Telemetry


@dataclass
class Call:
    """A call under way; `status` is the HTTP status of its answer, 0 as long as there is none."""

    status: int = 0
    request_id: str = ""


@contextmanager
def observed(telemetry: Telemetry, deployment: str, sent: int) -> Iterator[Call]:
    """Tell of the call that the block makes; what ends without a whole answer has its error's type for a status."""
    call, began, broken = Call(), monotonic(), ""
    with telemetry.span("model call", deployment=deployment, sent=sent):
        try:
            yield call
        except Exception as error:
            broken = type(error).__name__
            raise
        finally:
            seconds = monotonic() - began
            status = broken if broken and call.status in (0, 200) else str(call.status)
            telemetry.tell(status=status, request_id=call.request_id, seconds=round(seconds, 3))
            telemetry.measure("darkroom.model.latency", seconds, deployment=deployment, status=status)
