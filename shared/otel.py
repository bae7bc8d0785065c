"""Telemetry by OpenTelemetry, sent to Application Insights; imported with the first event, and only where it is set up.

The worker sends spans and metrics itself. Its logs go through the Functions host as ever: the settings that would let
the worker send them, too, make them bypass the host before anything of the app is loaded that could send them.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter, AzureMonitorTraceExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.errors import DarkroomError, Unexpected
from shared.telemetry import Telemetry, Value

_SCOPE = "darkroom"
_EXPORT_MILLISECONDS = 15_000  # a worker that is killed takes with it what it has not told
_W3C = TraceContextTextMapPropagator()
_TRACEPARENT = "traceparent"
_COUNTED = {
    "darkroom.jobs": "Jobs that ended.",
    "darkroom.retries": "Messages that went back to their queue to wait.",
    "darkroom.pages": "Pages that were paid.",
    "darkroom.images": "Pictures that were paid.",
    "darkroom.vectors": "Vectors that were paid.",
    "darkroom.cost": "US dollars, by the catalogue's prices.",
}
_MEASURED = {"darkroom.model.latency": "Seconds that a call took, its answer included."}
_LEVELS = {
    "darkroom.queue.depth": "Messages in a queue.",
    "darkroom.queue.age": "Seconds since the oldest visible message of a queue was posted.",
}
# By itself the exporter also reports on its own use, asks a server for switches, and sends the resource as a metric.
_UNASKED = (
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED",
    "APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED",
)


class OpenTelemetry(Telemetry):
    """Spans and metrics that go to these providers."""

    def __init__(self, tracers: TracerProvider, meters: MeterProvider) -> None:
        self._tracer = tracers.get_tracer(_SCOPE)
        meter = meters.get_meter(_SCOPE)
        self._counters = {name: meter.create_counter(name, "", told) for name, told in _COUNTED.items()}
        self._histograms = {name: meter.create_histogram(name, "s", told) for name, told in _MEASURED.items()}
        self._gauges = {name: meter.create_gauge(name, "", told) for name, told in _LEVELS.items()}

    @property
    def trace(self) -> str | None:
        """The span that this thread is in, as a W3C traceparent."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return carrier.get(_TRACEPARENT)

    @contextmanager
    def span(self, name: str, parent: str | None = None, **about: Value) -> Iterator[None]:
        """A span; one whose `parent` is no traceparent begins a trace."""
        context = _W3C.extract({_TRACEPARENT: parent}) if parent else None
        with self._tracer.start_as_current_span(
            name, context, attributes=about, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except Exception as error:
                code = error.code if isinstance(error, DarkroomError) else Unexpected.code
                span.set_attributes({"error.type": type(error).__name__, "code": code})
                span.set_status(StatusCode.ERROR, code)
                raise

    def tell(self, **about: Value) -> None:
        """Add attributes to the span that this thread is in."""
        get_current_span().set_attributes(about)

    def count(self, metric: str, amount: float = 1, **about: Value) -> None:
        """Add to a counter."""
        self._counters[metric].add(amount, about)

    def measure(self, metric: str, value: float, **about: Value) -> None:
        """Add to a histogram."""
        self._histograms[metric].record(value, about)

    def level(self, metric: str, value: float, **about: Value) -> None:
        """Set a gauge."""
        self._gauges[metric].set(value, about)


def connect(connection_string: str) -> OpenTelemetry:
    """Telemetry to the Application Insights that a connection string names.

    It signs in as APPLICATIONINSIGHTS_AUTHENTICATION_STRING says, which the Functions host reads as well. Every trace
    is kept, whatever the host's sampling says of its beginning: a job that failed is looked for by its trace.

    Raises:
        ValueError: the connection string is none.
    """
    for switch in _UNASKED:
        os.environ.setdefault(switch, "true")
    logging.getLogger("azure.core.pipeline.policies.http_logging_policy").setLevel(logging.WARNING)
    resource = Resource.create({"service.name": os.environ.get("WEBSITE_SITE_NAME", _SCOPE)})
    spans = AzureMonitorTraceExporter(connection_string=connection_string, disable_offline_storage=True)
    metrics = AzureMonitorMetricExporter(connection_string=connection_string, disable_offline_storage=True)
    tracers = TracerProvider(ALWAYS_ON, resource)
    tracers.add_span_processor(BatchSpanProcessor(spans))
    return OpenTelemetry(
        tracers, MeterProvider([PeriodicExportingMetricReader(metrics, _EXPORT_MILLISECONDS)], resource)
    )
