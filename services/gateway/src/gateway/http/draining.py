"""A gateway that stops lets go of its connections without cutting a request: each answer is the last one on its own."""

import asyncio

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ConnectionsEnd:
    """Once `stopping` is set, every answer says `Connection: close`: the next request looks for another gateway.

    The server closes the connection behind such an answer (RFC 9112, 9.6). One that is closed while it is idle may be
    closed just when its client sends on it.
    """

    def __init__(self, app: ASGIApp, *, stopping: asyncio.Event) -> None:
        self._app = app
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_last(message: Message) -> None:
            # Asked now and not when the request came: it may have taken long.
            if message["type"] == "http.response.start" and self._stopping.is_set():
                MutableHeaders(raw=message["headers"])["Connection"] = "close"
            await send(message)

        await self._app(scope, receive, send_last)
