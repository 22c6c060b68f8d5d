"""Spans, and the W3C trace contexts that carry them from one process to the next.

A span holds ids, counts and constant words. An exception is told by its type alone: its message may quote an entry.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import INVALID_SPAN, Link, NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

#: Its name in message headers, and as CloudEvents' extension attribute.
#: Source: https://www.w3.org/TR/trace-context/
TRACEPARENT = "traceparent"

Attributes = Mapping[str, str | bool | int | float | Sequence[str]]

#: Does nothing until `configure_tracing`, and from then on records.
_TRACER = trace.get_tracer("daybook")
_PROPAGATOR = TraceContextTextMapPropagator()


@contextmanager
def span(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Attributes | None = None,
    parent: str | None = None,
    links: Sequence[str] = (),
    spared: type[BaseException] | tuple[type[BaseException], ...] = (),
) -> Generator[Span, None, None]:
    """The block as a span, which is current inside it. `parent` and `links` are traceparents; without, the current one.

    What the block raises marks the span as failed, unless it is `spared`, and goes on.
    """
    made = begin_span(name, kind=kind, attributes=attributes, parent=parent, links=links)
    token = attach(trace.set_span_in_context(made))
    try:
        yield made
    except spared:
        raise
    except BaseException as error:
        fail(made, type(error).__name__)
        raise
    finally:
        detach(token)
        made.end()


def inner_span(
    name: str, *, kind: SpanKind = SpanKind.INTERNAL, attributes: Attributes | None = None
) -> AbstractContextManager[Span]:
    """A span where there is one already, else none: what runs by itself now and then begins no traces."""
    if not trace.get_current_span().get_span_context().is_valid:
        return nullcontext(INVALID_SPAN)
    return span(name, kind=kind, attributes=attributes)


def begin_span(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Attributes | None = None,
    parent: str | None = None,
    links: Sequence[str] = (),
) -> Span:
    """A span for work that is no block: it is never current, and whoever began it ends it."""
    linked = [Link(found) for link in links if (found := _span_context(link))]
    return _TRACER.start_span(name, _continuing(parent), kind, attributes, linked)


def fail(failed: Span, why: str) -> None:
    """`why` is an error's type or a status code."""
    failed.set_attribute("error.type", why)
    failed.set_status(Status(StatusCode.ERROR))


def annotate(**attributes: str | float) -> None:
    """Attributes of the current span, `daybook.` before their names."""
    current = trace.get_current_span()
    if current.is_recording():
        current.set_attributes({f"daybook.{name}": value for name, value in attributes.items()})


def traceparent_of(of: Span) -> str | None:
    """None while tracing is off."""
    context = of.get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def current_traceparent() -> str | None:
    return traceparent_of(trace.get_current_span())


def _continuing(traceparent: str | None) -> Context | None:
    context = _span_context(traceparent) if traceparent else None
    return trace.set_span_in_context(NonRecordingSpan(context), Context()) if context else None


def _span_context(traceparent: str) -> SpanContext | None:
    """None for what is no traceparent: it may come from anywhere. `tracestate` and baggage, free text, are not read."""
    extracted = _PROPAGATOR.extract({TRACEPARENT: traceparent}, Context())
    context = trace.get_current_span(extracted).get_span_context()
    return context if context.is_valid else None
