"""Bounds on request bodies, as ASGI middleware: how large, and how long they may take.

FastAPI has neither: it reads whatever comes into memory, for as long as it comes.
"""

import asyncio
from contextlib import suppress
from time import monotonic

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.answers import error_answer
from gateway.http.errors import BodyTooLarge, BodyTooSlow

#: After an early answer the rest of the body is thrown away for this long. Closing at once would reset the connection,
#: and a client that is still sending would lose the answer that tells it why.
LINGER_S = 1.0
LINGER_BYTES = 8 * 1024 * 1024
#: An announced rest up to this is left to the server, which skips it and keeps the connection.
SMALL_BYTES = 64 * 1024


class BodyGuard:
    """Refuses a body beyond `limit_bytes` before it is read whole: by its announced length, else while counting."""

    def __init__(self, app: ASGIApp, *, limit_bytes: int, deadline_s: float) -> None:
        self._app = app
        self._limit_bytes = limit_bytes
        self._deadline_s = deadline_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, limit_bytes=self._limit_bytes, deadline_s=self._deadline_s)
        if exchange.announced_bytes is not None and exchange.announced_bytes > self._limit_bytes:
            await error_answer(BodyTooLarge(self._limit_bytes))(scope, receive, exchange.send)
            return
        await self._app(scope, exchange.receive, exchange.send)


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, limit_bytes: int, deadline_s: float) -> None:
        self._receive = receive
        self._send = send
        self._limit_bytes = limit_bytes
        self._deadline_s = deadline_s
        self._due = monotonic() + deadline_s
        self._taken_bytes = 0
        #: None: it comes in chunks, and nobody knows how many.
        self.announced_bytes = _announced_bytes(scope)
        self._complete = self.announced_bytes == 0
        self._closing = False

    async def receive(self) -> Message:
        """Raises BodyTooLarge or BodyTooSlow inside the reader."""
        if self._complete:  # What comes now is the client's disconnect, whenever that is.
            return await self._receive()
        try:
            async with asyncio.timeout(self._due - monotonic()):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow(self._deadline_s) from None
        self._taken_bytes += len(message.get("body", b""))
        if self._taken_bytes > self._limit_bytes:
            raise BodyTooLarge(self._limit_bytes)
        self._complete = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """An answer before the body's end closes the connection, but not before the client could read it."""
        if message["type"] == "http.response.start" and self._has_large_rest():
            self._closing = True
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        if not self._closing or message["type"] != "http.response.body" or message.get("more_body", False):
            await self._send(message)
            return
        # The whole answer is out, but the response stays open while the rest of the request is thrown away.
        await self._send({**message, "more_body": True})
        await self._drain()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _has_large_rest(self) -> bool:
        if self._complete:
            return False
        late = monotonic() >= self._due
        return late or self.announced_bytes is None or self.announced_bytes - self._taken_bytes > SMALL_BYTES

    async def _drain(self) -> None:
        thrown_away = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                while thrown_away < LINGER_BYTES:
                    message = await self._receive()
                    if message["type"] == "http.disconnect" or not message.get("more_body", False):
                        return
                    thrown_away += len(message["body"])


def _announced_bytes(scope: Scope) -> int | None:
    """0 where there is no body; None where it comes in chunks. The server has refused lengths that are no number."""
    headers = dict(scope["headers"])
    if b"transfer-encoding" in headers:
        return None
    return int(headers.get(b"content-length", b"0"))
