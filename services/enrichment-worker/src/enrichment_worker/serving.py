"""The worker's process: Celery in the foreground, probes beside it."""

import sys
import threading

from celery.signals import worker_ready, worker_shutting_down
from celery.utils.nodenames import host_format
from pydantic import ValidationError

from enrichment_worker.app import create_app
from enrichment_worker.settings import Settings
from telemetry import configure_logging, serve_probes

_WRONG_SETTINGS = 2


def serve() -> int:
    """Return when Celery has stopped. SIGTERM: no more tasks are taken, those in hand are finished."""
    try:
        settings = Settings()  # type: ignore[call-arg] # the environment gives what has no default
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            name = "_".join(map(str, fault["loc"])).upper()
            print(f"enrichment-worker: ENRICHMENT_{name}: {fault['msg']}", file=sys.stderr)  # noqa: T201
        return _WRONG_SETTINGS
    configure_logging(service="enrichment-worker", log_format=settings.log_format, level=settings.log_level)
    ready = _readiness()
    with serve_probes(host=settings.metrics_host, port=settings.metrics_port, ready=ready.is_set):
        # Not `worker_main`, which loses the exit code: a supervisor must see that a worker broke rather than stopped.
        worker = create_app(settings).Worker(
            hostname=host_format(f"enrichment@%h.{settings.metrics_port}"),
            loglevel=settings.log_level,
            # Workers of one kind need not greet one another, and the broker's heartbeats tell who is alive.
            without_mingle=True,
            without_gossip=True,
        )
        worker.start()
    return int(worker.exitcode or 0)


def _readiness() -> threading.Event:
    """Set while the worker takes tasks."""
    taking = threading.Event()

    def set_ready(**_signal: object) -> None:
        taking.set()

    def clear_ready(**_signal: object) -> None:
        taking.clear()

    worker_ready.connect(set_ready, weak=False)
    worker_shutting_down.connect(clear_ready, weak=False)
    return taking
