"""A worker's process: Celery in the foreground, probes beside it."""

import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from celery import Celery
from celery.signals import worker_ready, worker_shutting_down
from celery.utils.nodenames import host_format
from prometheus_client import ProcessCollector

from service_settings import SettingsWrong, read_settings
from telemetry import (
    BuildInfo,
    InvalidEndpoint,
    RemoteEndpointRefused,
    configure_logging,
    configure_tracing,
    flush_tracing,
    serve_probes,
)
from worker_kit._evidence_reporter import EvidenceReporter, EvidenceReporterConfig
from worker_kit._interrupts import Interrupts
from worker_kit._own_metrics import own_metrics
from worker_kit._settings import WorkerSettings
from worker_kit._traces import flush_children
from worker_kit._watched_clock import ClockWatch, watched_scheduler

S = TypeVar("S", bound=WorkerSettings)

log = structlog.get_logger()

_CANNOT_LISTEN = 1
_WRONG_SETTINGS = 2
#: A clock that missed so many looks at its schedule is not well.
_MISSED_TICKS = 3
_LEAST_TICK_S = 10.0


def serve_worker(service: str, settings_type: type[S], create_app: Callable[[S], Celery]) -> int:
    """Serve until SIGTERM or SIGINT, then finish what was taken: the process's exit code.

    `service` is the name in logs, such as `enrichment-worker`; its first word names the node.
    """
    settings = _set_up(service, settings_type)
    if settings is None:
        return _WRONG_SETTINGS
    flush_children()
    ready = _readiness()
    app = create_app(settings)
    app.steps["worker"].add(Interrupts)
    try:
        probes = serve_probes(
            host=settings.metrics_host, port=settings.metrics_port, ready=ready.is_set, more=own_metrics(service, app)
        )
    except OSError as error:
        return _cannot_listen(service, settings.metrics_host, settings.metrics_port, error)
    # Ends after the worker, so that the last report holds the last task.
    with probes, EvidenceReporter(EvidenceReporterConfig(settings.gateway, settings.evidence_every_s)):
        # Not `worker_main`, which loses the exit code: a supervisor must see that a worker broke rather than stopped.
        worker = app.Worker(
            hostname=host_format(f"{service.partition('-')[0]}@%h.{probes.port}"),
            loglevel=settings.log_level,
            # Its banner is no line of a log.
            quiet=True,
            # Workers of one kind need not greet one another, and the broker's heartbeats tell who is alive.
            without_mingle=True,
            without_gossip=True,
        )
        log.info(
            "worker.started", queues=[queue.name for queue in app.conf.task_queues], concurrency=settings.concurrency
        )
        worker.start()
    flush_tracing()
    return int(worker.exitcode or 0)


def serve_beat(
    service: str,
    settings_type: type[S],
    create_app: Callable[[S], Celery],
    *,
    port_of: Callable[[S], int],
    distribution: str,
) -> int:
    """Send what the app's schedule says until SIGTERM: the process's exit code.

    `port_of`: where its probes are answered; it may share a network with a worker of the same settings.
    """
    settings = _set_up(service, settings_type)
    if settings is None:
        return _WRONG_SETTINGS
    app = create_app(settings)
    watch = ClockWatch(_MISSED_TICKS * max(app.conf.beat_max_loop_interval, _LEAST_TICK_S))
    own = [BuildInfo(service, distribution=distribution), ProcessCollector(registry=None), watch]
    try:
        probes = serve_probes(host=settings.metrics_host, port=port_of(settings), ready=watch.is_ticking, more=own)
    except OSError as error:
        return _cannot_listen(service, settings.metrics_host, port_of(settings), error)
    scheduler: Any = watched_scheduler(watch)  # a class or its name: only the name is typed
    with probes:
        beat = app.Beat(app=app, quiet=True, loglevel=settings.log_level, scheduler_cls=scheduler)
        log.info("beat.started", orders=sorted(app.conf.beat_schedule))
        beat.run()
    return 0


def _set_up(service: str, settings_type: type[S]) -> S | None:
    """The settings, with logs and traces as they say; None where they are wrong, which is told then."""
    try:
        settings = read_settings(settings_type)
    except SettingsWrong as error:
        for fault in error.faults:
            print(f"{service}: {fault}", file=sys.stderr)  # noqa: T201 - logs are not set up
        return None
    configure_logging(service=service, log_format=settings.log_format, level=settings.log_level)
    try:
        configure_tracing(service=service, endpoint=settings.otlp_endpoint, allow_remote=settings.otlp_allow_remote)
    except (InvalidEndpoint, RemoteEndpointRefused) as error:
        print(f"{service}: {error}", file=sys.stderr)  # noqa: T201 - it is told as other wrong settings are
        return None
    return settings


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


def _cannot_listen(service: str, host: str, port: int, error: OSError) -> int:
    print(f"{service}: cannot listen on {host}:{port}: {error.strerror}", file=sys.stderr)  # noqa: T201 - as above
    return _CANNOT_LISTEN
