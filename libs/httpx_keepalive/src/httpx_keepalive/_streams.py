"""Bytes to and from a server, plain or through TLS. Both kinds are as free of loops as the socket beneath them."""

import ssl
from typing import Protocol

from httpx_keepalive._sockets import Socket

BLOCK_BYTES = 65_536


class Stream(Protocol):
    """Raises: TimeoutError and OSError; SSLError is one of the latter."""

    socket: Socket

    async def receive(self, deadline_s: float | None) -> bytes: ...

    async def send(self, data: bytes, deadline_s: float | None) -> None: ...


class PlainStream:
    def __init__(self, socket: Socket) -> None:
        self.socket = socket

    async def receive(self, deadline_s: float | None) -> bytes:
        return await self.socket.receive(BLOCK_BYTES, deadline_s)

    async def send(self, data: bytes, deadline_s: float | None) -> None:
        await self.socket.send(data, deadline_s)


class TlsStream:
    """TLS in memory: asyncio's own is part of a loop's transport."""

    def __init__(self, socket: Socket, context: ssl.SSLContext, hostname: str) -> None:
        self.socket = socket
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=hostname)

    async def shake_hands(self, deadline_s: float | None) -> None:
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush(deadline_s)
                await self._feed(deadline_s)
            except ssl.SSLError:
                # The alert tells the server why.
                await self._flush(deadline_s)
                raise
            else:
                await self._flush(deadline_s)
                return

    async def receive(self, deadline_s: float | None) -> bytes:
        while True:
            try:
                return self.tls.read(BLOCK_BYTES)
            except ssl.SSLWantReadError:
                # A renegotiation or a new key may want to be answered first.
                await self._flush(deadline_s)
                await self._feed(deadline_s)
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    async def send(self, data: bytes, deadline_s: float | None) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self.tls.write(rest) :]
            except ssl.SSLWantReadError:
                # What it wants to read may be the answer to what it has just written.
                await self._flush(deadline_s)
                await self._feed(deadline_s)
            await self._flush(deadline_s)

    async def _feed(self, deadline_s: float | None) -> None:
        data = await self.socket.receive(BLOCK_BYTES, deadline_s)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _flush(self, deadline_s: float | None) -> None:
        if self._outgoing.pending:
            await self.socket.send(self._outgoing.read(), deadline_s)
