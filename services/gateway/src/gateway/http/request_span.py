"""The span of an HTTP request: its route's template, method and status. Never its address, query, headers or body.

Source: https://opentelemetry.io/docs/specs/semconv/http/http-spans/
"""

from contextlib import AbstractContextManager, nullcontext

from opentelemetry.trace import INVALID_SPAN, Span, SpanKind
from starlette.types import Scope

from telemetry import TRACEPARENT, fail, span

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: Asked every few seconds by machines: their lines and traces would hide the others.
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
#: nginx's word for a client that went away before it was answered.
CLIENT_GONE = 499
_SERVER_FAULT = 500


def serving(scope: Scope) -> AbstractContextManager[Span]:
    """Goes on from the client's `traceparent`, if it sent one. A probe has no span."""
    if scope["path"] in PROBES:
        return nullcontext(INVALID_SPAN)
    attributes = {"http.request.method": _method(scope), "url.scheme": str(scope.get("scheme", "http"))}
    return span(_method(scope), kind=SpanKind.SERVER, attributes=attributes, parent=_parent(scope))


def tell_outcome(request: Span, scope: Scope, status: int) -> None:
    """Once the router has chosen, and the answer has begun or nobody waits for it."""
    if not request.is_recording():
        return
    route: str | None = getattr(scope.get("route"), "path", None)
    if route is not None:
        request.update_name(f"{_method(scope)} {route}")
        request.set_attribute("http.route", route)
    request.set_attribute("http.response.status_code", status)
    if status >= _SERVER_FAULT or status == CLIENT_GONE:
        fail(request, str(status))


def _method(scope: Scope) -> str:
    """A client's invention is not repeated."""
    return scope["method"] if scope["method"] in METHODS else "_OTHER"


def _parent(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == TRACEPARENT.encode():
            return value.decode("latin-1")
    return None
