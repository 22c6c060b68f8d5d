"""The socket under a NATS client. nats-py keeps it private, but a fork and a dead network need it."""

import asyncio
from typing import Any

from nats.aio.client import Client

#: How long a socket that is being closed may wait for its peer to take the rest.
PATIENCE_S = 0.5


def descriptor(client: Client) -> int | None:
    """The number of the socket that is connected now."""
    writer = _writer(client)
    raw = writer.get_extra_info("socket") if writer is not None else None
    return raw.fileno() if raw is not None else None


def server_id(client: Client) -> str:
    """Another one after each start of the server."""
    info: Any = getattr(client, "_server_info", None)
    return (info or {}).get("server_id", "")


def abort(client: Client) -> None:
    """Drop the socket with what it has not sent. What must arrive is repeated over the next connection."""
    writer = _writer(client)
    if writer is not None:
        writer.transport.abort()


def end_subscriptions(client: Client) -> None:
    """End the tasks of subscriptions, which nats-py leaves behind when the server takes nothing more."""
    subscriptions: dict[int, Any] = getattr(client, "_subs", {})
    for subscription in subscriptions.values():
        task: asyncio.Task[None] | None = getattr(subscription, "_wait_for_msgs_task", None)
        if task is not None:
            task.cancel()
    subscriptions.clear()


async def abort_dead_for_ever(client: Client) -> None:
    """Let a reconnect go on whose old socket does not close.

    asyncio closes a socket when its buffer is sent. In a blackhole with a full buffer that is never, and nats-py waits
    for it before it connects again.
    """
    while True:
        await asyncio.sleep(PATIENCE_S)
        writer = _writer(client)
        if client.is_reconnecting and writer is not None and writer.transport.is_closing():
            writer.transport.abort()


def _writer(client: Client) -> Any:
    transport: Any = getattr(client, "_transport", None)
    return getattr(transport, "_io_writer", None)
