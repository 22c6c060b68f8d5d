"""Bounds on request bodies, as ASGI middleware: how large, and how long they may take.

FastAPI has neither: it reads whatever comes into memory, for as long as it comes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.answers import error_answer
from gateway.http.errors import BodyTooLarge, BodyTooSlow

#: After a refusal the rest of the body is thrown away for this long. Closing at once would reset the connection, and
#: a client that is still sending would lose the answer that tells it why.
LINGER_S = 1.0
LINGER_BYTES = 8 * 1024 * 1024


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
        lingering = _Lingering(receive, send)
        if _announced_bytes(scope) > self._limit_bytes:
            refusal = error_answer(BodyTooLarge(self._limit_bytes))
            await refusal(scope, receive, lingering.send)
            return
        await self._app(scope, self._bounded(receive), lingering.send)

    def _bounded(self, receive: Receive) -> Receive:
        """`receive`, raising BodyTooLarge or BodyTooSlow inside the reader."""
        due = monotonic() + self._deadline_s
        taken = 0
        complete = False

        async def bounded() -> Message:
            nonlocal taken, complete
            if complete:  # What comes now is the client's disconnect, whenever that is.
                return await receive()
            try:
                async with asyncio.timeout(due - monotonic()):
                    message = await receive()
            except TimeoutError:
                raise BodyTooSlow(self._deadline_s) from None
            taken += len(message.get("body", b""))
            if taken > self._limit_bytes:
                raise BodyTooLarge(self._limit_bytes)
            complete = not message.get("more_body", False)
            return message

        return bounded


class _Lingering:
    """A `send` that ends the connection after 408 and 413, but not before the client could read the answer."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._refusing = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] in {BodyTooSlow.status, BodyTooLarge.status}:
            self._refusing = True
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        if not self._refusing or message["type"] != "http.response.body":
            await self._send(message)
            return
        # The whole answer is out, but the response stays open while the rest of the request is thrown away.
        await self._send({**message, "more_body": True})
        await _drain(self._receive)
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})


async def _drain(receive: Callable[[], Awaitable[Message]]) -> None:
    thrown_away = 0
    try:
        async with asyncio.timeout(LINGER_S):
            while thrown_away < LINGER_BYTES:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
                thrown_away += len(message["body"])
    except TimeoutError:
        return


def _announced_bytes(scope: Scope) -> int:
    """0 where nothing is announced. The server has refused lengths that are no number."""
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0
