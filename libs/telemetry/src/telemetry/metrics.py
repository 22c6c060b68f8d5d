"""`/metrics` and `/healthz` for processes that serve no HTTP of their own, such as workers.

Counts the children of a prefork pool too, where `PROMETHEUS_MULTIPROC_DIR` names their shared directory.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Self

import structlog
from prometheus_client import REGISTRY, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from telemetry.exemplars import bucket_of, files_of_processes, latest
from telemetry.failures import failure_of
from telemetry.pool_files import bury_dead, pool_directory

#: True while the process can do its work.
Readiness = Callable[[], bool]

log = structlog.get_logger()


class ProbeServer:
    """A running HTTP server on a thread of its own. `port` is the one it really listens on."""

    def __init__(self, host: str, port: int, ready: Readiness, more: Sequence[Collector]) -> None:
        self._server = _Server((host, port), _handler_for(ready, more))
        self._thread = Thread(target=self._server.serve_forever, name="probes", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve_probes(*, host: str, port: int, ready: Readiness, more: Sequence[Collector] = ()) -> ProbeServer:
    """Answer probes until stopped. Port 0 takes a free one. `more`: what this process alone can tell, not its pool.

    Raises:
        OSError: the port is taken.
    """
    return ProbeServer(host, port, ready, more)


def collected() -> list[Metric]:
    """All metrics of this process and its pool, as they are now, with their exemplars."""
    directory = pool_directory()
    if directory is None:
        return list(REGISTRY.collect())
    with _READING:
        bury_dead(directory)
        metrics = list(MultiProcessCollector(None, str(directory)).collect())
        exemplars = latest(files_of_processes(directory).values())
    for metric in metrics:
        metric.samples = [
            sample._replace(exemplar=record.exemplar())
            if (record := exemplars.get(bucket_of(sample.name, sample.labels)))
            else sample
            for sample in metric.samples
        ]
    return metrics


def exposition(accept: str = "", more: Iterable[Metric] = ()) -> tuple[bytes, str]:
    """`collected()` and `more` in the format that an `Accept` header asks for, and its content type.

    OpenMetrics holds the exemplars; Prometheus' text format, the default, has no place for them.
    """
    encode, content_type = choose_encoder(accept)
    return encode(_Collected([*collected(), *more])), content_type


#: Files must not be buried while another probe adds them up.
_READING = Lock()


class _Collected(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - upstream's signature
        """A line of the log, where upstream prints a traceback."""
        error = sys.exception()
        # Whoever probes has a deadline, and goes when it is over: that is theirs to tell.
        if error is not None and not isinstance(error, ConnectionError):
            log.error("probe.failed", **failure_of(error))


def _handler_for(ready: Readiness, more: Sequence[Collector]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            match self.path:
                case "/metrics":
                    own = [metric for collector in more for metric in collector.collect()]
                    self._answer(200, *exposition(self.headers.get("Accept", ""), own))
                case "/healthz":
                    self._answer(200, b'{"status":"ok"}', "application/json")
                case "/readyz":
                    is_ready = ready()
                    body = b'{"status":"ready"}' if is_ready else b'{"status":"not ready"}'
                    self._answer(200 if is_ready else 503, body, "application/json")
                case _:
                    self._answer(404, b"not found", "text/plain")

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name upstream
            """Probes come every few seconds: no line for them."""

    return Handler
