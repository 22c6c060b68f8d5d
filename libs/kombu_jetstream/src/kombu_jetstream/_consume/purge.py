"""Taking what waits out of a consumer, while what workers hold stays theirs.

A stream can be purged by subject only, which takes the held messages too: if their worker died, nobody would get them.
"""

from kombu_jetstream._link.batch import fetch_batch
from kombu_jetstream._link.link import Link
from kombu_jetstream._link.settlements import ACK
from kombu_jetstream._messages.receipt import Receipt
from kombu_jetstream.errors import LinkClosed

BATCH = 500


async def take_out(link: Link, stream: str, consumer: str, ack_wait_s: float) -> int:
    """How many messages were pulled and acknowledged; those that others hold, or get meanwhile, are not among them.

    Raises:
        LinkClosed: the server did not answer, or did not confirm.
    """
    taken = 0
    await link.until_may_pull()
    next_subject = link.api.subject(f"CONSUMER.MSG.NEXT.{stream}.{consumer}")
    while messages := await fetch_batch(link.client, next_subject, BATCH, link.options.api_timeout_s):
        for receipt in [Receipt.parse(message.reply) for message in messages]:
            # One of our own comes again when its heartbeats were too late: whoever has it settles it.
            if link.admit(receipt, ack_wait_s):
                link.settlements.settle(receipt.tag, ACK)
                taken += 1
        if not await link.settlements.drain(link.options.publish_timeout_s):
            raise LinkClosed(f"purging {consumer} of {stream}: the server does not confirm")
    return taken
