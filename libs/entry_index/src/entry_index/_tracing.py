"""A span around each call of the index: what was called, never with what.

Source: https://opentelemetry.io/docs/specs/semconv/database/database-spans/
"""

from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode

_TRACER = trace.get_tracer("entry_index")


@contextmanager
def tracing(operation: str, url: str, alias: str) -> Generator[None, None, None]:
    """Only inside of a trace: a readiness probe begins none."""
    if not trace.get_current_span().get_span_context().is_valid:
        yield
        return
    server = urlsplit(url)
    span = _TRACER.start_span(
        f"{operation} {alias}",
        kind=SpanKind.CLIENT,
        attributes={
            "db.system.name": "qdrant",
            "db.operation.name": operation,
            "db.collection.name": alias,
            "server.address": server.hostname or "",
            "server.port": server.port or 6333,
        },
    )
    try:
        yield
    except BaseException as error:
        # By its type: the message may quote what the server was sent.
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(Status(StatusCode.ERROR))
        raise
    finally:
        span.end()
