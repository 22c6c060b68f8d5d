"""The first connection, to any of the servers."""

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import nats.errors
from nats.aio.client import Client

from kombu_jetstream._connection.client import SecuredClient, TidyClient
from kombu_jetstream._connection.connect_faults import fault
from kombu_jetstream._connection.endpoint import Endpoint
from kombu_jetstream._topology.options import TransportOptions

PENDING_BYTES = 8 * 1024 * 1024
#: nats-py gives a server up after one attempt more than this.
REPEATS = 1
CLOSE_S = 0.2
#: So many intervals a dead connection goes unnoticed.
UNANSWERED_PINGS = 3

Report = Callable[[Exception], Awaitable[None]]
Notice = Callable[[], Awaitable[None]]


def new_client(endpoint: Endpoint) -> Client:
    return SecuredClient() if endpoint.tls is not None else TidyClient()


def patience_s(endpoint: Endpoint, options: TransportOptions) -> float:
    """How long a first connection may take: a server that is frozen costs a whole `connect_timeout_s`."""
    return options.connect_timeout_s * min(3, len(endpoint.servers)) + 1


async def connect(
    client: Client,
    endpoint: Endpoint,
    options: TransportOptions,
    *,
    on_error: Report,
    on_disconnect: Notice,
    on_reconnect: Notice,
    on_close: Notice,
) -> None:
    """Connect to one of the servers. From then on the client reconnects by itself, to any server, for ever.

    Raises:
        InvalidOption: a file of the login or of TLS cannot be used.
        LoginRefused: a server answered and refused the login.
        TlsFailed: a server answered and TLS did not come about.
        CannotConnect: no server answered.
    """
    errors: list[Exception] = []

    async def note(error: Exception) -> None:
        # It stays the client's callback.
        if not client.options["allow_reconnect"]:
            errors.append(error)
        await on_error(error)

    tls = endpoint.tls
    how = endpoint.login.arguments()
    if tls is not None:
        how |= {"tls": tls.context(), "tls_hostname": tls.hostname, "tls_handshake_first": tls.first}
    how |= {"disconnected_cb": on_disconnect, "reconnected_cb": on_reconnect, "closed_cb": on_close, "error_cb": note}
    try:
        async with asyncio.timeout(patience_s(endpoint, options)):
            await _connect_to_any(client, random.sample(endpoint.servers, len(endpoint.servers)), options, how)
    except (nats.errors.Error, OSError, TimeoutError) as error:
        # Without a limit it waits for the end of a connection whose handshake failed, which never comes.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await client.close()
        raise fault(endpoint, [*errors, error]) from error
    client.options |= {"allow_reconnect": True, "max_reconnect_attempts": -1, "dont_randomize": False}


async def _connect_to_any(client: Client, servers: list[str], options: TransportOptions, how: dict[str, Any]) -> None:
    """One round: nats-py's own repeats would get stuck where it waits for the end of a failed handshake."""
    unknown = servers
    for _ in servers[1:]:
        try:
            return await _attempt(client, unknown, options, how)
        except nats.errors.NoServersError:
            raise
        except (nats.errors.Error, OSError, TimeoutError):
            # The client keeps the servers it was given once, and goes on with the next.
            unknown = []
    return await _attempt(client, unknown, options, how)


async def _attempt(client: Client, servers: list[str], options: TransportOptions, how: dict[str, Any]) -> None:
    await client.connect(
        servers=servers,
        **how,
        name=f"kombu-jetstream {socket.gethostname()} {os.getpid()}",
        allow_reconnect=False,
        dont_randomize=True,
        max_reconnect_attempts=REPEATS,
        connect_timeout=options.connect_timeout_s,  # pyright: ignore[reportArgumentType] - any number will do
        reconnect_time_wait=options.reconnect_wait_s,  # pyright: ignore[reportArgumentType] - likewise
        ping_interval=options.ping_interval_s,
        max_outstanding_pings=UNANSWERED_PINGS - 1,
        pending_size=PENDING_BYTES,
        inbox_prefix=options.inbox_prefix,
    )
