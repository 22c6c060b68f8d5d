"""One channel's consuming of one queue, and the sharing of a channel's room between its queues."""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable
from typing import Any

from kombu.log import get_logger

from kombu_jetstream._channel.broker import Broker
from kombu_jetstream._consume.priority_puller import PriorityPuller
from kombu_jetstream._consume.puller import Puller
from kombu_jetstream._consume.ready import Arrival, Intake, Ready
from kombu_jetstream._consume.surplus import Surplus
from kombu_jetstream._link.settlements import ACK, TERMINATE
from kombu_jetstream._messages.codec import ENVELOPE, from_wire
from kombu_jetstream._topology.filters import takes
from kombu_jetstream._topology.queues import Queue
from kombu_jetstream.errors import TransportError

log = get_logger(__name__)

#: A queue that brought nothing for so long is asked for one message at a time.
LATELY_S = 1.0
#: A server that does not answer is not waited for: the order of what is handed back is all that hangs on it.
KNOWN_S = 1.0


class Consumption:
    def __init__(
        self,
        broker: Broker,
        queue: Queue,
        ready: Ready,
        deliver: Callable[[Arrival], bool],
        hand_over: Callable[[dict[str, Any]], object],
        *,
        surplus: Surplus,
        no_ack: bool,
    ) -> None:
        self.intake = Intake(broker.link, queue, ready, deliver, surplus)
        self.hand_over = hand_over
        self.no_ack = no_ack
        self._broker = broker
        consumers = queue.consumers(broker.names)

        async def ensure() -> None:
            await broker.restore(queue)

        if len(consumers) > 1:
            self.puller: Puller | PriorityPuller = PriorityPuller(self.intake, consumers, ensure)
        else:
            self.puller = Puller(self.intake, consumers[0], ensure)
        self._allowed = 0
        self._seen = 0
        self._brought_s = float("-inf")

    def opened(self, arrival: Arrival) -> dict[str, Any] | None:
        """What kombu is handed for an arrival; None, and its end, for one that is nothing to kombu."""
        queue, link, tag = self.intake.queue, self._broker.link, arrival.receipt.tag
        if queue.kind == "transient" and not takes(queue.bindings, arrival.message.subject):
            link.post(link.settlements.settle, tag, ACK)
        elif link.custody.lapsed(tag):
            # It waited here while this process, or its connection, stood still: by now it may be somebody else's.
            link.post(link.custody.release, tag)
        else:
            try:
                return from_wire(arrival.message, arrival.receipt, queue.name)
            except ValueError:
                log.exception(
                    "queue %s: message %d of stream %s (%s) is unreadable and rejected: it has a broken %s header",
                    queue.name, arrival.receipt.sequence, arrival.receipt.stream, arrival.message.subject, ENVELOPE,
                )  # fmt: skip
                link.post(link.settlements.settle, tag, TERMINATE)
        return None

    def busy(self, now_s: float) -> bool:
        """Whether the queue brought something lately."""
        if self.intake.received != self._seen:
            self._seen, self._brought_s = self.intake.received, now_s
        return now_s - self._brought_s < LATELY_S

    async def stop(self) -> None:
        """Stop pulling, and have the server know it before anything is handed back.

        Else it offers the first of them to a pull that nobody waits for any more, and puts it back behind the others.
        Asked for a consumer's state the server looks after its pulls first (nats-server 2.15).
        """
        await self.puller.stop()
        if self._broker.link.client.is_connected:
            with contextlib.suppress(TransportError, TimeoutError):
                async with asyncio.timeout(KNOWN_S):
                    await self._broker.consumers.waiting(self.intake.queue)

    def give_up(self) -> None:
        """On the io thread: take back the questions, hand back what came all the same."""
        self.puller.retract()
        self.intake.give_back()

    def allow(self, limit: int) -> None:
        if limit != self._allowed:
            self._allowed = limit
            self._broker.link.post(self.puller.allow, limit)


def share_room(consumptions: list[Consumption], prefetch_count: int, unsettled: int, unlimited: int) -> None:
    """Allow each queue what the channel has room for.

    An idle queue may bring one message; the room is shared by those that brought some lately, and what one leaves the
    next settlement gives to the others. A channel with n queues may so receive n - 1 messages over its room, which
    `Surplus` hands back if they have to wait.
    """
    received = [consumption.intake.received for consumption in consumptions]
    gone = sum(consumption.intake.delivered + consumption.intake.returned for consumption in consumptions)
    buffered = sum(received) - gone
    room = max(0, prefetch_count - unsettled - buffered if prefetch_count else unlimited - buffered)
    if len(consumptions) == 1:
        consumptions[0].allow(received[0] + room)
        return
    now_s = time.monotonic()
    busy = [consumption.busy(now_s) for consumption in consumptions]
    share = math.ceil(room / max(1, sum(busy)))
    for consumption, so_far, brings in zip(consumptions, received, busy, strict=True):
        consumption.allow(so_far + (share if brings else min(room, 1)))
