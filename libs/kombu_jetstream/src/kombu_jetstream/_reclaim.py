"""After a server's restart: take back what it no longer knows to be ours, before another worker gets it."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

from kombu.log import get_logger
from nats.aio.client import Client

from kombu_jetstream._api import Api
from kombu_jetstream._batch import fetch_batch
from kombu_jetstream._receipt import MessageKey, Receipt
from kombu_jetstream.errors import LinkClosed

log = get_logger(__name__)

ROUND_S = 0.1
FETCH_S = 0.5


async def reclaim(
    client: Client,
    api: Api,
    suspects: set[MessageKey],
    recognise: Callable[[Receipt], bool],
    hand_back: Callable[[Receipt], object],
    *,
    grace_s: float,
) -> None:
    """Return after `grace_s`, in which every process of the same server does this and nobody pulls.

    A killed nats-server has forgotten what it delivered in its last tenth of a second, ignores the acks of that, and
    delivers it to whoever asks first; so does one that was away for longer than ack_wait with what it did deliver. So
    each process asks first for as many messages as it has `suspects`. One that it recognises (finished, or under way)
    is dropped as the copy that it is, and the server knows again; any other is handed back at once, for its owner.
    """
    deadline_s = time.monotonic() + grace_s
    missing = set(suspects)
    while missing and time.monotonic() < deadline_s:
        for (stream, consumer), count in Counter(key[:2] for key in missing).items():
            next_subject = api.subject(f"CONSUMER.MSG.NEXT.{stream}.{consumer}")
            try:
                messages = await fetch_batch(client, next_subject, count, FETCH_S)
            except LinkClosed as error:
                # JetStream starts after the server accepts connections. The next round comes.
                log.debug("reclaiming: %s", error)
                continue
            for receipt in [Receipt.parse(message.reply) for message in messages]:
                if recognise(receipt):
                    missing.discard(receipt.message)
                else:
                    hand_back(receipt)
        await asyncio.sleep(ROUND_S)
    await asyncio.sleep(max(0.0, deadline_s - time.monotonic()))
