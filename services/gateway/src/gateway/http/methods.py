"""HEAD wherever there is GET, and what `Allow` has to say."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

#: In the scope of a request that was HEAD: an answer without an end is for those who read it.
IS_HEAD = "daybook.is_head"
_ROUTED = ("DELETE", "GET", "PATCH", "POST", "PUT")


class HeadAsGet:
    """Answers HEAD as GET. The server leaves the body out: it goes by the scope it made, which is not changed here."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        inner = {**scope, "method": "GET", IS_HEAD: True}
        try:
            await self._app(inner, receive, send)
        finally:
            if "route" in inner:
                scope["route"] = inner["route"]


def allowed_methods(routes: Sequence[BaseRoute], scope: Scope) -> list[str]:
    """Every method that the address of `scope` takes. Starlette's own `Allow` names those of one route only."""
    allowed = [
        method
        for method in _ROUTED
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in routes)
    ]
    return sorted([*allowed, "OPTIONS", *(["HEAD"] if "GET" in allowed else [])])
