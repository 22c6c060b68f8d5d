"""After a server's restart: take back what it no longer knows to be ours, before another worker gets it."""

import asyncio
import time
from collections import Counter

from kombu.log import get_logger
from nats.aio.client import Client

from kombu_jetstream._connection import socket
from kombu_jetstream._connection.api import Api
from kombu_jetstream._link.batch import fetch_batch
from kombu_jetstream._link.custody import Custody
from kombu_jetstream._link.settlements import Settlements, requeue_verdict
from kombu_jetstream._messages.receipt import MessageKey, Receipt
from kombu_jetstream._topology.options import TransportOptions
from kombu_jetstream.errors import LinkClosed

log = get_logger(__name__)

ROUND_S = 0.1
FETCH_S = 0.5
#: Nobody pulls for so long; others may be one attempt to connect behind.
GRACE_S = 0.5


class Reclaim:
    """Lives on the io thread.

    A killed nats-server has forgotten what it delivered in its last tenth of a second, ignores the acks of that, and
    delivers it to whoever asks first; so does one that was away or frozen for longer than ack_wait with what it did
    deliver. So every process asks first for as many messages as it has in doubt, and nobody pulls meanwhile.
    """

    def __init__(
        self, client: Client, api: Api, custody: Custody, settlements: Settlements, options: TransportOptions
    ) -> None:
        #: Not set from the loss of a connection until everybody has taken back what is theirs.
        self.over = asyncio.Event()
        self._client = client
        self._api = api
        self._custody = custody
        self._settlements = settlements
        self._grace_s = options.reconnect_wait_s + GRACE_S
        self._ack_wait_s = options.ack_wait_s
        self._server_id = ""

    def connected(self) -> None:
        self._server_id = socket.server_id(self._client)
        self.over.set()

    def lost(self) -> None:
        self.over.clear()

    async def reconnected(self) -> None:
        """Say again what we hold and what is done, and take back what is in doubt."""
        suspects = self._settlements.unconfirmed() | self._custody.unsure()
        await self._custody.beat_all()
        self._settlements.repeat()
        try:
            # Without news of us for ack_wait, a server that was frozen or cut off gives away what is ours as well.
            if self._server_id != socket.server_id(self._client) or self._custody.away_s > self._ack_wait_s:
                await self._take_back_all(suspects)
        finally:
            self.connected()

    def take_back(self, receipt: Receipt) -> bool:
        """Whether the message is ours, done or under way: this is a copy. Another's is handed back, for its owner."""
        ours = self._settlements.settle_again(receipt) or self._custody.holds(receipt)
        if not ours:
            self._settlements.settle(receipt.tag, requeue_verdict())
        return ours

    async def _take_back_all(self, suspects: set[MessageKey]) -> None:
        deadline_s = time.monotonic() + self._grace_s
        missing = set(suspects)
        while missing and time.monotonic() < deadline_s:
            for (stream, consumer), count in Counter(key[:2] for key in missing).items():
                next_subject = self._api.subject(f"CONSUMER.MSG.NEXT.{stream}.{consumer}")
                try:
                    messages = await fetch_batch(self._client, next_subject, count, FETCH_S)
                except LinkClosed as error:
                    # JetStream starts after the server accepts connections. The next round comes.
                    log.debug("taking back: %s", error)
                    continue
                for receipt in [Receipt.parse(message.reply) for message in messages]:
                    if self.take_back(receipt):
                        missing.discard(receipt.message)
            await asyncio.sleep(ROUND_S)
        await asyncio.sleep(max(0.0, deadline_s - time.monotonic()))
