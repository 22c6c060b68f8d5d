"""New connections: names to addresses, addresses to sockets, sockets to streams."""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any, NamedTuple

import httpx

from httpx_keepalive._sockets import Socket
from httpx_keepalive._streams import PlainStream, Stream, TlsStream

_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Whom a connection leads to; only requests to the same origin share it."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: httpx.URL) -> "Origin":
        """Raises: httpx.UnsupportedProtocol."""
        if url.scheme not in _PORTS:
            raise httpx.UnsupportedProtocol(f"the scheme {url.scheme!r} is neither http nor https")
        return cls(url.scheme, url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme])


async def connect(origin: Origin, context: ssl.SSLContext | None, deadline_s: float | None) -> Stream:
    """A stream to `origin`; `context` is needed for https.

    Raises: TimeoutError, OSError.
    """
    raw = await _connect_to_any(await _resolve(origin, deadline_s), deadline_s)
    if context is None:
        return PlainStream(raw)
    stream = TlsStream(raw, context, origin.host)
    try:
        await stream.shake_hands(deadline_s)
    except BaseException:
        raw.close()
        raise
    return stream


async def _resolve(origin: Origin, deadline_s: float | None) -> Sequence[tuple[Any, ...]]:
    """A literal address costs nothing; a name a thread, and about a millisecond a run."""
    host = origin.host.strip("[]")
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        async with asyncio.timeout_at(deadline_s):
            return await asyncio.get_running_loop().getaddrinfo(host, origin.port, type=socket.SOCK_STREAM)
    return socket.getaddrinfo(host, origin.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)


async def _connect_to_any(found: Sequence[tuple[Any, ...]], deadline_s: float | None) -> Socket:
    """The first address that answers. Each gets an equal share of the time left, so that a dead one costs no more."""
    fault: OSError = OSError("the name has no address")
    for position, (family, kind, protocol, _, address) in enumerate(found):
        share_s = deadline_s
        if deadline_s is not None:
            now_s = asyncio.get_running_loop().time()
            share_s = now_s + (deadline_s - now_s) / (len(found) - position)
        raw = Socket(socket.socket(family, kind, protocol))
        try:
            raw.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await raw.connect(address, share_s)
        except OSError as error:  # TimeoutError is one
            raw.close()
            fault = error
        except BaseException:
            raw.close()
            raise
        else:
            return raw
    raise fault
