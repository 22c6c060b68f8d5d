"""Which web pages a browser lets use the API: those whose origin the operator named, and the gateway's own.

A browser asks on behalf of a page; a program that is none sends no `Origin` and is asked for its key alone. Keys are
sent by the page, never by the browser itself, so that `Access-Control-Allow-Credentials` is needed by nobody.

Source: https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: What a page may send: all that this API reads, beyond what any page may.
_SENT = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, "
    "traceparent, tracestate, X-Request-ID"
)
#: What a page may read of an answer, besides its body and its type.
_READ = "Allow, ETag, Idempotency-Replayed, Link, Location, Retry-After, WWW-Authenticate, X-Request-ID"
_METHODS = "DELETE, GET, HEAD, PATCH, POST, PUT"
#: For so long a browser asks no second time; and for so long an origin that was taken out of the list may go on.
_PREFLIGHT_KEPT_S = 600


class CrossOrigin:
    """Answers preflights of `origins`, and says to a browser that their pages may read what is answered.

    Without origins nothing is said at all. It is outermost, so that problems and faults may be read too.
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._origins:
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        origin = asked.get("origin")
        if origin in self._origins and scope["method"] == "OPTIONS" and "access-control-request-method" in asked:
            # Whatever the address is: the page is to see the problem that the request itself gets.
            await Response(status_code=204, headers=_preflight(origin))(scope, receive, send)
            return

        async def send_readable(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                # Of every answer: one that is kept must not be handed to another origin.
                headers.add_vary_header("Origin")
                if origin in self._origins:
                    headers["Access-Control-Allow-Origin"] = origin
                    headers["Access-Control-Expose-Headers"] = _READ
            await send(message)

        await self._app(scope, receive, send_readable)


def may_connect(scope: Scope, origins: Collection[str]) -> bool:
    """Whether a WebSocket may be opened: browsers hold them to no origin, and leave that to the server.

    The gateway's own pages are known by `Host`, which a proxy must hand on as it came.
    """
    asked = Headers(scope=scope)
    origin = asked.get("origin")
    return origin is None or origin in origins or origin.partition("://")[2] == asked.get("host")


def _preflight(origin: str) -> dict[str, str]:
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": _METHODS,
        "Access-Control-Allow-Headers": _SENT,
        "Access-Control-Max-Age": str(_PREFLIGHT_KEPT_S),
        "Vary": "Origin",
    }
