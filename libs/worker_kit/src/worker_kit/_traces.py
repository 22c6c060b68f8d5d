"""Traces through a worker: from an event to the tasks that it asks for, and through their retries.

A task that one event asks for continues that event's trace. One that many ask for has a trace of its own with a link
to each: of many parents a span would have to choose one.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from celery.exceptions import Retry
from celery.signals import worker_process_shutdown
from opentelemetry.trace import Span, SpanKind

from contracts.events import DomainEvent
from telemetry import TRACEPARENT, begin_span, flush_tracing, span, traceparent_of

#: A task message's header: the traceparents of the events that ask for it. Retries keep headers.
LINKS = "tracelinks"


def begin_event_span(event: DomainEvent, durable: str) -> Span:
    """From the event's arrival until it is settled: how long it waited for company is part of it."""
    attributes = {
        **_processing("nats", durable, str(event.id)),
        "cloudevents.event_type": event.type,
    }
    return begin_span(f"process {durable}", kind=SpanKind.CONSUMER, attributes=attributes, parent=event.traceparent)


def headers_from(spans: Sequence[Span]) -> dict[str, Any] | None:
    """For a task message that these events' spans ask for. None while tracing is off."""
    traceparents = [found for one in spans if (found := traceparent_of(one))]
    match traceparents:
        case []:
            return None
        case [one]:
            return {TRACEPARENT: one}
        case _:
            return {LINKS: traceparents}


@contextmanager
def task_span(task: Any, queue: str) -> Generator[Span, None, None]:
    """One attempt at a task. Celery's `Retry` is a fate, not a failure."""
    request = task.request
    headers: Mapping[str, Any] = request.headers or {}
    attributes = {
        **_processing("celery", queue, str(request.id)),
        "daybook.task": str(task.name),
        "daybook.attempt": request.retries or 0,
    }
    links = [link for link in headers.get(LINKS) or () if isinstance(link, str)]
    parent = headers.get(TRACEPARENT)
    with span(
        f"process {queue}", kind=SpanKind.CONSUMER, attributes=attributes, parent=parent, links=links, spared=Retry
    ) as attempt:
        yield attempt


def flush_children() -> None:
    """Have each child of the pool send what it holds before it ends."""
    worker_process_shutdown.connect(_flush, weak=False, dispatch_uid="daybook-flush-spans")


def _flush(**_signal: object) -> None:
    flush_tracing()


def _processing(system: str, destination: str, message_id: str) -> dict[str, str]:
    return {
        "messaging.system": system,
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": destination,
        "messaging.message.id": message_id,
    }
