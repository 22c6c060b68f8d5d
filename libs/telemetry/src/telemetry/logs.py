"""Structured logs, one JSON object a line, the same for every service. Ids only: never an entry's text.

Bind `correlation_id`, `event_id` or `task_id` at a unit of work's entry point with `bound`: every line below has them.
A line inside of a span says its trace too.
"""

import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Literal

import structlog
from opentelemetry.trace import get_current_span

LogFormat = Literal["json", "console"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

#: Keys under which a diary's words could slip into a log line. A line that has one loses its value.
_PERSONAL_KEYS = frozenset({"body", "text", "prompt", "snippet", "query", "rationale", "answer", "authorization"})


def configure_logging(*, service: str, log_format: LogFormat = "json", level: LogLevel = "INFO") -> None:
    """Send structlog and the standard library's loggers to standard error, one line an event."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_service(service),
        _name_trace,
        redact,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Else they are printed, several lines each.
    logging.captureWarnings(True)
    root.setLevel(level)
    # These say each request again, some with its address and query.
    for noisy in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


@contextmanager
def bound(**ids: object) -> Generator[None, None, None]:
    """Every line logged inside carries `ids`, and none after."""
    with structlog.contextvars.bound_contextvars(**ids):
        yield


def bound_id(name: str) -> str | None:
    """What `bound` holds here under `name`, to be sent on to another service."""
    value = structlog.contextvars.get_contextvars().get(name)
    return None if value is None else str(value)


def redact(_logger: object, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Drop the values of keys that could hold a diary's words, however they got there."""
    for key in _PERSONAL_KEYS & line.keys():
        line[key] = "[redacted]"
    return line


def _name_service(service: str) -> structlog.typing.Processor:
    def add(_logger: object, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        line.setdefault("service", service)
        return line

    return add


def _name_trace(_logger: object, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    context = get_current_span().get_span_context()
    if context.is_valid:
        line["trace_id"], line["span_id"] = f"{context.trace_id:032x}", f"{context.span_id:016x}"
    return line
