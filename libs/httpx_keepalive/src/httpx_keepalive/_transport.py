"""`KeepAliveTransport`: httpx's asynchronous transport without anything that belongs to an event loop.

There is no pool, no lock, no event: a request takes one idle connection for itself, or opens one, and puts it back when
its answer was read. So whatever loop comes next, in whatever thread, can go on with it.
"""

import asyncio
import os
import ssl
import sys
import weakref
from contextlib import suppress
from functools import cache

import h11
import httpx
from typing_extensions import override

from httpx_keepalive._body import AnswerBody
from httpx_keepalive._connecting import Origin, connect
from httpx_keepalive._connection import Connection, deadline_after
from httpx_keepalive._faults import CONNECTING, READING, SENDING
from httpx_keepalive._idle import IdleConnections
from httpx_keepalive._places import Places

DEFAULT_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=60.0)

Timeouts = dict[str, float | None]


class KeepAliveTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1, plain and TLS; no proxies, no HTTP/2, no upgrades.

    Make one a process and give it to each `httpx.AsyncClient(transport=...)`. A client's end leaves it as it is: the
    next client, in the next `asyncio.run()`, finds its connections. `close()` ends it.

    A request is sent a second time only if all of this holds: it went over a connection that had served before, not one
    byte of an answer came, and its body is in memory. That is a server that closed an idle connection.

    `limits.max_connections` counts for each running loop, `limits.max_keepalive_connections` for each origin.
    """

    def __init__(self, *, verify: ssl.SSLContext | bool = True, limits: httpx.Limits = DEFAULT_LIMITS) -> None:
        self._verify = verify
        self._context: ssl.SSLContext | None = None
        max_idle = limits.max_keepalive_connections
        self._idle = IdleConnections(sys.maxsize if max_idle is None else max_idle, limits.keepalive_expiry)
        self._places = Places(limits.max_connections)
        #: All open ones. Not weak: the collector would close a socket before whoever forgot it could.
        self._open: set[Connection] = set()
        _watch_forks(self)

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        origin = Origin.of(request.url)
        timeouts: Timeouts = request.extensions.get("timeout", {})
        place = await self._places.take(timeouts.get("pool"))
        try:
            connection, head = await self._exchange(origin, request, timeouts)
        except BaseException:
            if place is not None:
                place.release()
            raise
        return httpx.Response(
            status_code=head.status_code,
            headers=head.headers.raw_items(),
            stream=AnswerBody(connection, timeouts.get("read"), lambda: self._leave(origin, connection, place)),
            extensions={"http_version": b"HTTP/" + head.http_version, "reason_phrase": head.reason},
        )

    @override
    async def aclose(self) -> None:
        """Nothing: this is what a client does to its transport at the end of a run. See `close`."""

    def close(self) -> None:
        """Close every connection, those in use too. New requests open new ones."""
        self._idle.forget()
        for connection in list(self._open):
            connection.close()

    def __del__(self) -> None:
        self.close()

    def let_go(self) -> None:
        """In a forked child: forget the parent's connections without a byte sent."""
        self._idle.forget()
        for connection in self._open:
            connection.stream.socket.let_go()
        self._open = set()

    async def _exchange(
        self, origin: Origin, request: httpx.Request, timeouts: Timeouts
    ) -> tuple[Connection, h11.Response]:
        kept = self._idle.take(origin)
        if kept is not None:
            try:
                return kept, await self._ask(kept, request, timeouts)
            except (httpx.NetworkError, httpx.RemoteProtocolError):
                if kept.answered or not isinstance(request.stream, httpx.ByteStream):
                    raise
        fresh = await self._connect(origin, timeouts.get("connect"))
        return fresh, await self._ask(fresh, request, timeouts)

    async def _connect(self, origin: Origin, timeout_s: float | None) -> Connection:
        with CONNECTING:
            context = self._tls_context() if origin.scheme == "https" else None
            stream = await connect(origin, context, deadline_after(timeout_s))
        connection = Connection(stream, on_close=self._open.discard)
        self._open.add(connection)
        return connection

    async def _ask(self, connection: Connection, request: httpx.Request, timeouts: Timeouts) -> h11.Response:
        """The head of the answer. Whatever happens else, the connection is closed."""
        assert isinstance(request.stream, httpx.AsyncByteStream)
        try:
            with SENDING:
                wanted = h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw)
                with suppress(ConnectionError):
                    # The server may have answered early, and closed: the answer tells why.
                    await connection.send(wanted, request.stream, timeouts.get("write"))
            with READING:
                return await connection.head(timeouts.get("read"))
        except BaseException:
            connection.close()
            raise

    def _leave(self, origin: Origin, connection: Connection, place: asyncio.Semaphore | None) -> None:
        """After the answer: keep the connection if another request can follow on it."""
        if connection.reusable:
            connection.begin_again()
            self._idle.put(origin, connection)
        else:
            connection.close()
        if place is not None:
            place.release()

    def _tls_context(self) -> ssl.SSLContext:
        # Made once: it costs 30 ms, and no loop owns it.
        if self._context is None:
            given = self._verify
            # Of the environment it heeds SSL_CERT_FILE and SSL_CERT_DIR: what this machine trusts.
            self._context = given if isinstance(given, ssl.SSLContext) else httpx.create_ssl_context(verify=given)
        return self._context


_transports: weakref.WeakSet[KeepAliveTransport] = weakref.WeakSet()


@cache
def _register() -> None:
    os.register_at_fork(after_in_child=_after_fork)


def _watch_forks(transport: KeepAliveTransport) -> None:
    _register()
    _transports.add(transport)


def _after_fork() -> None:
    for transport in list(_transports):
        transport.let_go()
