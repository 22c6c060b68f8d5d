"""An OpenTelemetry collector's receiver: OTLP over HTTP with protobuf, over a real socket. It keeps what it is sent."""

from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from support.enrichment import until


@dataclass(frozen=True)
class Received:
    service: str
    #: The process's.
    instance: str
    scope: str
    trace_id: str
    span_id: str
    #: Empty for a root.
    parent_id: str
    name: str
    #: Such as SERVER.
    kind: str
    failed: bool
    attributes: dict[str, Any]
    #: (trace id, span id) of each.
    links: tuple[tuple[str, str], ...]
    events: tuple[str, ...]


class OtlpReceiver:
    """`url` once entered. `raw` is every byte that came, as it came; `requests` the heads."""

    def __init__(self) -> None:
        self._port = 0
        self._lock = Lock()
        self._spans: list[Received] = []
        self.raw = b""
        self.requests: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def spans(self, chosen: Callable[[Received], bool] = lambda _: True) -> list[Received]:
        with self._lock:
            return [span for span in self._spans if chosen(span)]

    def trace(self, trace_id: str) -> list[Received]:
        return self.spans(lambda span: span.trace_id == trace_id)

    def wait_for(self, chosen: Callable[[Received], bool], *, within_s: float = 20.0) -> Received:
        """The first such span, once it came."""
        return until(lambda: self.spans(chosen), within_s=within_s, why=self._names)[0]

    def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler())
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def _names(self) -> str:
        return "\n".join(f"{span.service} {span.kind} {span.name} {span.attributes}" for span in self.spans()[-60:])

    def _take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        with self._lock:
            self.raw += body
            self.requests.append((path, headers))
            for of_resource in request.resource_spans:
                resource = _values(of_resource.resource.attributes)
                for of_scope in of_resource.scope_spans:
                    self._spans.extend(_received(span, resource, of_scope.scope.name) for span in of_scope.spans)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                take(self.path, dict(self.headers), body)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name upstream
                pass

        return Handler


def _received(span: Span, resource: dict[str, Any], scope: str) -> Received:
    return Received(
        service=resource["service.name"],
        instance=resource["service.instance.id"],
        scope=scope,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        name=span.name,
        kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        attributes=_values(span.attributes),
        links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        events=tuple(event.name for event in span.events),
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    found = getattr(value, kind)
    return [_value(one) for one in found.values] if kind == "array_value" else found
