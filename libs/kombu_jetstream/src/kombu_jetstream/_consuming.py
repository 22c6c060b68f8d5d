"""One channel's consuming of one queue, and the sharing of a channel's room between its queues."""

from collections.abc import Callable
from typing import Any

from kombu_jetstream._broker import Broker
from kombu_jetstream._priority_puller import PriorityPuller
from kombu_jetstream._puller import Puller
from kombu_jetstream._queue import Queue
from kombu_jetstream._ready import Arrival, Intake, Ready


class Consumption:
    def __init__(
        self,
        broker: Broker,
        queue: Queue,
        ready: Ready,
        deliver: Callable[[Arrival], bool],
        hand_over: Callable[[dict[str, Any]], object],
        *,
        no_ack: bool,
    ) -> None:
        self.intake = Intake(broker.link, queue, ready, deliver)
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

    def allow(self, limit: int) -> None:
        if limit != self._allowed:
            self._allowed = limit
            self._broker.link.post(self.puller.allow, limit)


def share_room(consumptions: list[Consumption], prefetch_count: int, unsettled: int, unlimited: int) -> None:
    """Allow each queue what the channel has room for.

    Every queue may fill the whole room: cut into shares, an idle queue's part would leave workers without work. A
    channel with n busy queues may so receive up to n times its room; what exceeds it waits, held, for a settlement.
    """
    received = [consumption.intake.received for consumption in consumptions]
    buffered = sum(received) - sum(consumption.intake.delivered for consumption in consumptions)
    room = prefetch_count - unsettled - buffered if prefetch_count else unlimited - buffered
    for consumption, so_far in zip(consumptions, received, strict=True):
        consumption.allow(so_far + max(0, room))
