"""The messages this process holds: kept by heartbeats, and known again when the server delivers one twice."""

import asyncio
import time
from dataclasses import dataclass

import nats.errors
from nats.aio.client import Client

from kombu_jetstream._receipt import MessageKey, Receipt

IN_PROGRESS = b"+WPI"
#: Heartbeats a message gets within its ack_wait: two may be lost before another worker gets the message.
BEATS_PER_ACK_WAIT = 3


@dataclass(slots=True)
class _Held:
    tag: str
    interval_s: float
    next_beat_s: float
    since_s: float


class Custody:
    """Lives on the io thread."""

    def __init__(self, client: Client, max_hold_s: float) -> None:
        self._client = client
        self._max_hold_s = max_hold_s
        self._held: dict[MessageKey, _Held] = {}
        self._by_tag: dict[str, MessageKey] = {}

    def take(self, receipt: Receipt, ack_wait_s: float) -> bool:
        """Begin to hold a message. False when it is held already: this delivery is a copy.

        A connection that was away for longer than ack_wait gets its own messages again. The first delivery's tag still
        settles them (JetStream goes by the stream sequence), so the copy is dropped and the work is done once.
        """
        if receipt.message in self._held:
            return False
        now_s, interval_s = time.monotonic(), ack_wait_s / BEATS_PER_ACK_WAIT
        self._held[receipt.message] = _Held(receipt.tag, interval_s, now_s + interval_s, now_s)
        self._by_tag[receipt.tag] = receipt.message
        return True

    def release(self, tag: str) -> None:
        """Stop holding; the heartbeats end before the settlement is sent."""
        message = self._by_tag.pop(tag, None)
        if message is not None:
            del self._held[message]

    def __len__(self) -> int:
        return len(self._held)

    async def beat_for_ever(self) -> None:
        while True:
            shortest_s = min((held.interval_s for held in self._held.values()), default=1.0)
            await asyncio.sleep(min(1.0, shortest_s / 4))
            now_s = time.monotonic()
            for held in [held for held in self._held.values() if held.next_beat_s <= now_s]:
                held.next_beat_s = now_s + held.interval_s
                if not self._max_hold_s or now_s - held.since_s < self._max_hold_s:
                    await self._beat(held.tag)

    async def _beat(self, tag: str) -> None:
        # Without a connection there is nobody to tell; the next beat comes by itself.
        if self._client.is_connected:
            try:
                await self._client.publish(tag, IN_PROGRESS)
            except nats.errors.Error:
                return
