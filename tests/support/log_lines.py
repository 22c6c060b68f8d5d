"""What a service would write to its log, as an operator reads it."""

import io
import json
import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import structlog

from telemetry import configure_logging


class LogLines:
    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in map(json.loads, self.text.splitlines()) if line["event"] == event]


@contextmanager
def log_lines() -> Generator[LogLines, None, None]:
    """Inside, this process logs as the services do, into these lines; after, as before."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    lines = LogLines()
    configure_logging(service="test")
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(lines.stream)
    try:
        yield lines
    finally:
        logging.captureWarnings(False)
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
