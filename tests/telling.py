"""Telemetry that a test can look at: the spans of a bench as trees, and its metrics as numbers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.clients.credentials import Key
from shared.clients.ocr import OcrClient
from shared.clients.transport import Transport
from shared.otel import OpenTelemetry
from tests.fakes import Bench
from tests.servers import Server

SMALL_PARTS = {"mistral-document-ai-2512": {"like": "mistral-document-ai-2512", "max_pages": 2}}
TWO_PAGES: dict[str, Any] = {"pages": [{"index": at, "markdown": "text", "images": []} for at in (0, 1)]}


@dataclass(frozen=True)
class Told:
    """All that was told since a bench is listened to."""

    spans: InMemorySpanExporter
    reader: InMemoryMetricReader

    @classmethod
    def by(cls, bench: Bench) -> "Told":
        """Listen to a bench and to its clients."""
        told = cls(InMemorySpanExporter(), InMemoryMetricReader())
        tracers = TracerProvider()
        tracers.add_span_processor(SimpleSpanProcessor(told.spans))
        telemetry = OpenTelemetry(tracers, MeterProvider([told.reader]))
        bench.services = replace(bench.services, telemetry=telemetry)
        for client in (bench.services.ocr, bench.services.images, bench.services.embeddings):
            object.__setattr__(client.transport, "telemetry", telemetry)
        return told

    def all(self, name: str) -> list[dict[str, Any]]:
        """The attributes of all spans of a name, in the order of their beginning."""
        found = sorted(self.spans.get_finished_spans(), key=lambda span: span.start_time or 0)
        return [dict(span.attributes or {}) for span in found if span.name == name]

    def traces(self) -> list[str]:
        """A line for each trace: its spans by name, each with what it led to in brackets."""
        found = sorted(self.spans.get_finished_spans(), key=lambda span: span.start_time or 0)
        known = {_id(span) for span in found}
        return [_line(span, found) for span in found if _parent(span) not in known]

    def ids(self) -> set[str]:
        """Which traces there are, in hex."""
        return {f"{span.context.trace_id:032x}" for span in self.spans.get_finished_spans() if span.context}

    def sums(self) -> dict[str, float]:
        """What was counted and how high things stood, by metric and attributes."""
        points = [(name, point) for name, point in self._points() if isinstance(point, NumberDataPoint)]
        return {_named(name, dict(point.attributes or {})): round(point.value, 6) for name, point in points}

    def measured(self) -> dict[str, int]:
        """How often each metric was measured that is about more than its sum."""
        points = [(name, point) for name, point in self._points() if not isinstance(point, NumberDataPoint)]
        return {_named(name, dict(point.attributes or {})): point.count for name, point in points}

    def everything(self) -> str:
        """All of it as text."""
        spans = "".join(span.to_json() for span in self.spans.get_finished_spans())
        return f"{spans}{json.dumps({**self.sums(), **self.measured()})}"

    def _points(self) -> Iterator[tuple[str, Any]]:
        data = self.reader.get_metrics_data()
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        yield metric.name, point


def _id(span: ReadableSpan) -> int:
    return span.context.span_id if span.context else 0


def _parent(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def _line(span: ReadableSpan, found: list[ReadableSpan]) -> str:
    children = [_line(one, found) for one in found if _parent(one) == _id(span)]
    return f"{span.name}({', '.join(children)})" if children else span.name


def _named(metric: str, about: dict[str, Any]) -> str:
    return " ".join([metric, *(f"{key}={about[key]}" for key in sorted(about))])


def read_by(server: Server, bench: Bench) -> Bench:
    """A bench whose documents are read by a server."""
    reader = OcrClient(server.url, Transport(Key("key")), 5)
    return replace(bench, services=replace(bench.services, ocr=reader))
