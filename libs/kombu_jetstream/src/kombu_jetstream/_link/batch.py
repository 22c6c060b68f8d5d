"""A handful of messages from a consumer, now: what a puller does all the time, done once."""

import asyncio
import json

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from kombu_jetstream._messages.receipt import is_receipt
from kombu_jetstream._topology.streams import NANOSECONDS
from kombu_jetstream.errors import LinkClosed

#: A message confirmed to its publisher reaches the consumer within this.
SETTLED_S = 0.01


async def fetch_batch(client: Client, next_subject: str, size: int, timeout_s: float) -> list[Msg]:
    """Up to `size` messages that wait. The caller holds and settles them.

    Raises:
        LinkClosed: the server did not answer.
    """
    messages: list[Msg] = []
    complete = asyncio.Event()

    async def on_message(message: Msg) -> None:
        if is_receipt(message.reply):
            messages.append(message)
        if len(messages) == size or not is_receipt(message.reply):
            complete.set()

    inbox = client.new_inbox()
    try:
        subscription = await client.subscribe(inbox, cb=on_message, pending_msgs_limit=-1, pending_bytes_limit=-1)
        request = json.dumps({"batch": size, "expires": int(SETTLED_S * NANOSECONDS)}).encode()
        await client.publish(next_subject, request, reply=inbox)
        try:
            async with asyncio.timeout(timeout_s):
                await complete.wait()
        finally:
            await subscription.unsubscribe()
    except (nats.errors.Error, TimeoutError) as error:
        raise LinkClosed(f"{next_subject}: {error!r}") from error
    return messages
