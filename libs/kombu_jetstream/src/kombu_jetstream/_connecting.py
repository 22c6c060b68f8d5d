"""The first connection to any of the servers, and why there is none."""

import asyncio
import contextlib
import os
import random
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import nats.errors
from nats.aio.client import Client

from kombu_jetstream._client import SecuredClient, TidyClient, TlsNotOffered
from kombu_jetstream._endpoint import Endpoint
from kombu_jetstream._options import TransportOptions
from kombu_jetstream.errors import CannotConnect, InvalidOption, LoginRefused, TlsFailed

PENDING_BYTES = 8 * 1024 * 1024
#: nats-py gives a server up after one attempt more than this.
REPEATS = 1
CLOSE_S = 0.2
#: So many intervals a dead connection goes unnoticed.
UNANSWERED_PINGS = 3

Report = Callable[[Exception], Awaitable[None]]
Notice = Callable[[], Awaitable[None]]

#: OpenSSL's verify codes, as a reason and its remedy.
_CERTIFICATE_FAULTS = {
    9: "it is not valid yet: look at the clocks",
    10: "it has expired",
    62: "it is for another host name: set option 'tls_hostname' to a name that it holds",
    64: "it is for another address: set option 'tls_hostname' to a name that it holds",
} | dict.fromkeys((18, 19, 20, 21), "its authority is not known: name it by broker_use_ssl['ca_certs']")

_CLIENT_CERTIFICATE = "it wants a client certificate that it accepts, see broker_use_ssl['certfile'] and ['keyfile']"


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
    for left in reversed(range(len(servers))):
        try:
            # The client keeps the servers it was given once, and goes on with the next.
            await _attempt(client, servers if left == len(servers) - 1 else [], options, how)
        except nats.errors.NoServersError:
            raise
        except (nats.errors.Error, OSError, TimeoutError):
            if left == 0:
                raise
        else:
            return


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


def fault(endpoint: Endpoint, errors: list[Exception]) -> CannotConnect:
    """The most telling of what was met on the way: a refusal says more than a server that is away."""
    servers = ", ".join(endpoint.servers)
    for error in errors:
        if is_refusal(error):
            return LoginRefused(f"NATS at {servers} refuses {endpoint.login.told}: {_plain(error)}")
    for error in errors:
        if (reason := tls_reason(error)) is not None:
            return TlsFailed(f"no TLS with NATS at {servers}: {reason}")
    if endpoint.tls is not None and any(isinstance(error, ConnectionResetError | BrokenPipeError) for error in errors):
        # Its alert, if it sent one, was overtaken by the end of the connection.
        return TlsFailed(f"no TLS with NATS at {servers}: the server hung up: perhaps {_CLIENT_CERTIFICATE}")
    told = [error for error in errors if not isinstance(error, nats.errors.NoServersError)] or errors
    reasons = dict.fromkeys(_plain(error) for error in told)
    return CannotConnect(f"no NATS server at {servers}: {'; '.join(reasons)}")


def setback(endpoint: Endpoint, error: Exception) -> str | None:
    """What keeps a client from reconnecting, where waiting alone does not help; None for a server that is away."""
    if isinstance(error.__cause__, InvalidOption):
        return str(error)
    return str(fault(endpoint, [error])) if is_refusal(error) or tls_reason(error) is not None else None


def is_refusal(error: Exception) -> bool:
    """Whether a server said that the login is not good (or no longer)."""
    text = str(error).lower()
    return isinstance(error, nats.errors.AuthorizationError) or (
        isinstance(error, nats.errors.Error) and ("authorization" in text or "authentication" in text)
    )


def tls_reason(error: Exception) -> str | None:
    """What kept TLS from coming about, with the setting that helps; None if `error` is about something else."""
    match error:
        case ssl.SSLCertVerificationError():
            told = _CERTIFICATE_FAULTS.get(error.verify_code, error.verify_message)
            return f"the server's certificate is refused: {told}"
        case ssl.SSLError() if "ALERT" in (error.reason or ""):
            told = (error.reason or "").partition("ALERT_")[2].replace("_", " ").lower()
            return f"the server ended it ({told}): {_CLIENT_CERTIFICATE}"
        case ssl.SSLError():
            return f"the handshake failed ({error.reason or error})"
        case TlsNotOffered():
            return f"{error}, and nothing is sent in plain text: write nats:// without broker_use_ssl if that is meant"
        case _:
            return None


def _plain(error: Exception) -> str:
    return str(error).removeprefix("nats: ").strip("'") or type(error).__name__
