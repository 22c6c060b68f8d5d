"""Spans with chosen ids, current inside the block; and the spans that a module makes, without any collector."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags


@contextmanager
def span(trace_id: int, span_id: int = 1, *, sampled: bool = True) -> Iterator[None]:
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    context = SpanContext(trace_id, span_id, is_remote=False, trace_flags=flags)
    with trace.use_span(NonRecordingSpan(context)):
        yield


@contextmanager
def recorded(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> Iterator[list[ReadableSpan]]:
    """The spans that these modules' tracers end, in that order. OpenTelemetry's global provider stays as it is."""
    kept = _Kept()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    with monkeypatch.context() as patch:
        for module in modules:
            patch.setattr(module, "_TRACER", provider.get_tracer("tests"))
        yield kept.spans


class _Kept(SpanExporter):
    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans.extend(spans)
        return SpanExportResult.SUCCESS
