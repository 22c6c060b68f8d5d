"""Taking what waits out of a consumer, while what workers hold stays theirs.

A stream can be purged by subject only, which takes the held messages too: if their worker died, nobody would get them.
"""

import asyncio
import json

import nats.errors
from nats.aio.msg import Msg

from kombu_jetstream._link import Link
from kombu_jetstream._receipt import Receipt, is_receipt
from kombu_jetstream._settlements import ACK
from kombu_jetstream._topology import NANOSECONDS
from kombu_jetstream.errors import LinkClosed

BATCH = 500
#: A message confirmed to its publisher reaches the consumer within this.
SETTLED_S = 0.01


async def take_out(link: Link, stream: str, consumer: str, ack_wait_s: float) -> int:
    """How many messages were pulled and acknowledged; those that others hold, or get meanwhile, are not among them.

    Raises:
        LinkClosed: the server did not answer, or did not confirm.
    """
    taken = 0
    while messages := await _pull(link, stream, consumer):
        for receipt in [Receipt.parse(message.reply) for message in messages]:
            # One of our own comes again when its heartbeats were too late: whoever has it settles it.
            if link.admit(receipt, ack_wait_s):
                link.settlements.settle(receipt.tag, ACK)
                taken += 1
        if not await link.settlements.drain(link.options.publish_timeout_s):
            raise LinkClosed(f"purging {consumer} of {stream}: the server does not confirm")
    return taken


async def _pull(link: Link, stream: str, consumer: str) -> list[Msg]:
    """Up to BATCH messages that wait."""
    messages: list[Msg] = []
    complete = asyncio.Event()

    async def on_message(message: Msg) -> None:
        if is_receipt(message.reply):
            messages.append(message)
        if len(messages) == BATCH or not is_receipt(message.reply):
            complete.set()

    inbox = link.client.new_inbox()
    try:
        subscription = await link.client.subscribe(inbox, cb=on_message, pending_msgs_limit=-1, pending_bytes_limit=-1)
        request = json.dumps({"batch": BATCH, "expires": int(SETTLED_S * NANOSECONDS)}).encode()
        await link.client.publish(link.api.subject(f"CONSUMER.MSG.NEXT.{stream}.{consumer}"), request, reply=inbox)
        try:
            async with asyncio.timeout(link.options.api_timeout_s):
                await complete.wait()
        finally:
            await subscription.unsubscribe()
    except (nats.errors.Error, TimeoutError) as error:
        raise LinkClosed(f"purging {consumer} of {stream}: {error!r}") from error
    return messages
