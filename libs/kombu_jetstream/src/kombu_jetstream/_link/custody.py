"""The messages this process holds: kept by heartbeats, known again when they come twice, let go when kept too late."""

import asyncio
import time
from dataclasses import dataclass

import nats.errors
from kombu.log import get_logger
from nats.aio.client import Client

from kombu_jetstream._messages.receipt import MessageKey, Receipt

log = get_logger(__name__)

IN_PROGRESS = b"+WPI"
#: Heartbeats a message gets within its ack_wait: two may be lost before another worker gets the message.
BEATS_PER_ACK_WAIT = 3
#: A turn of the loop that is so much late means that this process stood still: frozen, swapped out, or starved.
STANDSTILL_S = 1.0
#: What was read no longer ago than this is not doubted, however short its ack_wait.
FRESH_S = STANDSTILL_S + 1.0
#: How long heartbeats wait for what was sent during a standstill to be read.
CATCH_UP_S = 2.0
#: nats-server 2.15 writes down what it delivered within 0.1 s; the rest is for the way to us.
UNWRITTEN_S = 1.0


@dataclass(slots=True)
class _Held:
    tag: str
    ack_wait_s: float
    since_s: float
    next_beat_s: float
    #: When the server last knew for sure that we have the message.
    kept_s: float
    #: It was not kept for longer than ack_wait: somebody else may have it too. That is never undone.
    lapsed: bool = False


class Custody:
    """Lives on the io thread, but for `lapsed`."""

    def __init__(self, client: Client, max_hold_s: float) -> None:
        self._client = client
        self._max_hold_s = max_hold_s
        self._held: dict[MessageKey, _Held] = {}
        self._by_tag: dict[str, MessageKey] = {}
        #: When the last connection was lost.
        self._lost_s = self._sure_s = time.monotonic()
        #: Whatever the server had delivered by then was read.
        self._read_s = time.monotonic()

    def take(self, receipt: Receipt, ack_wait_s: float) -> bool:
        """Begin to hold a message. False when it must not be worked on: it is a copy, or too old.

        A connection that was away for longer than ack_wait gets its own messages again. The first delivery's tag still
        settles them (JetStream goes by the stream sequence), so the copy is dropped and the work is done once.

        What is read after a standstill may have been delivered at its beginning. Beyond ack_wait the server has given
        it to somebody else, or will; in both cases nothing is lost by leaving it alone.
        """
        now_s = time.monotonic()
        age_s = now_s - self._read_s
        if receipt.message in self._held or age_s > max(ack_wait_s, FRESH_S):
            return False
        kept_s = now_s - min(age_s, ack_wait_s / 4)
        next_beat_s = kept_s + ack_wait_s / BEATS_PER_ACK_WAIT
        self._held[receipt.message] = _Held(receipt.tag, ack_wait_s, now_s, next_beat_s, kept_s)
        self._by_tag[receipt.tag] = receipt.message
        return True

    def release(self, tag: str) -> bool:
        """Stop holding: the heartbeats end before the settlement is sent. Returns whether it was still ours."""
        message = self._by_tag.pop(tag, None)
        held = self._held.pop(message, None) if message is not None else None
        return held is None or not self._is_lapsed(held)

    def lapsed(self, tag: str) -> bool:
        """Whether another worker may have a message that we hold. From any thread."""
        message = self._by_tag.get(tag)
        held = self._held.get(message) if message is not None else None
        return held is not None and self._is_lapsed(held)

    def __len__(self) -> int:
        return len(self._held)

    def tags_of(self, stream: str, consumer: str) -> list[str]:
        """Of the messages that this consumer delivered and we hold."""
        return [held.tag for key, held in self._held.items() if key[:2] == (stream, consumer)]

    def holds(self, receipt: Receipt) -> bool:
        return receipt.message in self._held

    def unsure(self) -> set[MessageKey]:
        """What a restarted server may not know to be ours: it was delivered just before, or not kept for too long."""
        return {
            key
            for key, held in self._held.items()
            if self._lost_s - held.since_s < UNWRITTEN_S or self._is_lapsed(held)
        }

    def doubt(self, unheard_s: float) -> None:
        """The connection is gone, and the last heartbeats, `unheard_s` long, may have gone nowhere."""
        self._lost_s = time.monotonic()
        self._sure_s = self._lost_s - unheard_s
        for held in self._held.values():
            held.kept_s = min(held.kept_s, self._sure_s)

    @property
    def away_s(self) -> float:
        """For how long the server may have heard nothing of us, when the connection is made again."""
        return time.monotonic() - self._sure_s

    async def beat_all(self) -> None:
        """Over a new connection, before anybody pulls: a restarted server looks at once for what is overdue."""
        for held in list(self._held.values()):
            await self._beat(held)

    async def beat_for_ever(self) -> None:
        while True:
            pause_s = min(1.0, min((held.ack_wait_s for held in self._held.values()), default=4.0) / 12)
            due_s = time.monotonic() + pause_s
            await asyncio.sleep(pause_s)
            if time.monotonic() - due_s > STANDSTILL_S:
                await self._catch_up()
            now_s = self._read_s = time.monotonic()
            for held in [held for held in self._held.values() if held.next_beat_s <= now_s]:
                if not self._max_hold_s or now_s - held.since_s < self._max_hold_s:
                    await self._beat(held)

    async def _catch_up(self) -> None:
        """Read what the server sent while this process stood still: its answer to a ping comes behind all that."""
        log.warning("this process stood still for %.1f s", time.monotonic() - self._read_s)
        # Not cancelled when it takes longer: nats-py does not bear an answer to a ping that nobody waits for any more.
        await asyncio.wait([asyncio.create_task(self._ping())], timeout=CATCH_UP_S)

    async def _ping(self) -> None:
        try:
            await self._client.flush()
        except (nats.errors.Error, OSError) as error:
            # That connection is gone; the next one has no past.
            log.debug("no answer after a standstill: %r", error)

    async def _beat(self, held: _Held) -> None:
        now_s = time.monotonic()
        held.next_beat_s = now_s + held.ack_wait_s / BEATS_PER_ACK_WAIT
        # Without a connection there is nobody to tell; the next beat comes by itself.
        if not self._client.is_connected:
            return
        held.lapsed = self._is_lapsed(held)
        try:
            await self._client.publish(held.tag, IN_PROGRESS)
        except (nats.errors.Error, OSError):
            return
        held.kept_s = now_s

    def _is_lapsed(self, held: _Held) -> bool:
        return held.lapsed or time.monotonic() - held.kept_s > held.ack_wait_s
