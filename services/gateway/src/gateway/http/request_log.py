"""The outermost middleware: ids, one log line and one measurement a request, and an answer whatever happens inside."""

import re
from contextlib import suppress
from time import perf_counter

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.identifiers import new_id
from gateway.domain.problems import INTERNAL
from gateway.http.answers import problem_answer
from gateway.http.event_stream import SlowReader
from gateway.http.metrics import REQUEST_DURATION
from gateway.http.request_span import CLIENT_GONE, METHODS, PROBES, serving, tell_outcome
from telemetry import bound, failure_of

#: What a client may choose as its request id: it goes into log lines as it is.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
#: Everything here is for one reader and for programs: nothing may be kept, framed, guessed or told on.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

log = structlog.stdlib.get_logger()


class RequestLog:
    """Takes `X-Request-ID` or makes one, binds it as `correlation_id`, and sends it back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        started = perf_counter()
        status = CLIENT_GONE

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(raw=message["headers"])
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers["X-Request-ID"] = request_id
            await send(message)

        with bound(correlation_id=request_id), serving(scope) as request:
            try:
                await self._app(scope, receive, send_named)
            except SlowReader:
                log.info("http.reader_too_slow")
            except Exception as error:  # noqa: BLE001 - handling ends here; nothing may reach the server's own logging
                log.error("http.failed", **failure_of(error))
                # Too late where the answer has begun: then the server notices that it is cut, and closes.
                if status == CLIENT_GONE:
                    with suppress(OSError):
                        await problem_answer(INTERNAL)(scope, receive, send_named)
            finally:
                _account(scope, status, perf_counter() - started)
                tell_outcome(request, scope, status)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            chosen = value.decode("latin-1")
            if _REQUEST_ID.fullmatch(chosen):
                return chosen
    return str(new_id())


def _account(scope: Scope, status: int, duration_s: float) -> None:
    method = scope["method"] if scope["method"] in METHODS else "other"
    # Set by the router; where there is none, the address is a client's invention and is not repeated.
    route: str = getattr(scope.get("route"), "path", "none")
    REQUEST_DURATION.observe(duration_s, method, route, str(status))
    tell = log.debug if route in PROBES else log.info
    tell("http.request", method=method, route=route, status=status, duration_ms=round(duration_s * 1000, 2))
