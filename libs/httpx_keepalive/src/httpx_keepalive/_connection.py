"""HTTP/1.1 on one stream, framed by h11: one request and its answer at a time."""

import asyncio
import time
from collections.abc import AsyncIterable, Callable

import h11

from httpx_keepalive._streams import Stream

MAX_HEAD_BYTES = 100 * 1024
_SWITCHING_PROTOCOLS = 101


class ServerGone(Exception):
    """The server closed the connection before the first byte of its answer."""


class Connection:
    """Raises: TimeoutError, OSError, ServerGone, h11.LocalProtocolError, h11.RemoteProtocolError."""

    def __init__(self, stream: Stream, on_close: Callable[["Connection"], object]) -> None:
        self.stream = stream
        self._on_close = on_close
        self.idle_since_s = time.monotonic()
        #: Requests before the present one.
        self.served = 0
        #: Whether a byte of the present answer has come.
        self.answered = False
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)

    @property
    def reusable(self) -> bool:
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    async def send(self, request: h11.Request, body: AsyncIterable[bytes], gap_s: float | None) -> None:
        """The head goes with the first block of the body: one packet for most requests. `gap_s` limits each wait."""
        pending = self._http.send(request) or b""
        async for block in body:
            if not block:
                continue
            pending += self._http.send(h11.Data(data=block)) or b""
            if len(pending) > MAX_HEAD_BYTES:
                await self.stream.send(pending, deadline_after(gap_s))
                pending = b""
        pending += self._http.send(h11.EndOfMessage()) or b""
        await self.stream.send(pending, deadline_after(gap_s))

    async def head(self, gap_s: float | None) -> h11.Response:
        """The answer's head; `gap_s` is the longest wait for the next bytes of it. Interim answers are passed over."""
        while True:
            event = await self._next(gap_s)
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse) or event.status_code == _SWITCHING_PROTOCOLS:
                raise h11.RemoteProtocolError("the server answered with something other than a response")

    async def block(self, gap_s: float | None) -> bytes | None:
        """The next block of the body; None at its end."""
        event = await self._next(gap_s)
        return bytes(event.data) if isinstance(event, h11.Data) else None

    def begin_again(self) -> None:
        """Be ready for the next request."""
        self._http.start_next_cycle()
        self.answered = False
        self.served += 1
        self.idle_since_s = time.monotonic()

    def close(self) -> None:
        self.stream.socket.close()
        self._on_close(self)

    async def _next(self, gap_s: float | None) -> h11.Event | None:
        """None where nothing can follow."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            data = await self.stream.receive(deadline_after(gap_s))
            if not data and not self.answered:
                raise ServerGone
            self.answered = True
            self._http.receive_data(data)
        return event if isinstance(event, h11.Event) else None


def deadline_after(gap_s: float | None) -> float | None:
    """In the running loop's time."""
    return None if gap_s is None else asyncio.get_running_loop().time() + gap_s
