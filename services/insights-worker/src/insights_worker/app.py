"""Composition: probes beside a wait for the end. No broker is connected, since nothing would be consumed from it."""

import threading

import structlog

from insights_worker.settings import Settings
from telemetry import configure_logging, serve_probes

log = structlog.get_logger()


def serve(settings: Settings, stop: threading.Event) -> None:
    """Return once `stop` is set. Not ready from then on, so that a supervisor sees it leave.

    Raises:
        OSError: the probes' port is taken.
    """
    configure_logging(service="insights-worker", log_format=settings.log_format, level=settings.log_level)
    with serve_probes(
        host=settings.metrics_host, port=settings.metrics_port, ready=lambda: not stop.is_set()
    ) as probes:
        log.info("worker.started", metrics_port=probes.port, consumes=[])
        stop.wait()
    log.info("worker.stopped")
