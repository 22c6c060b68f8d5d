"""Messages that arrived and wait for kombu's thread to take them."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from nats.aio.msg import Msg

from kombu_jetstream._consume.surplus import Surplus
from kombu_jetstream._consume.wakeup import Wakeup
from kombu_jetstream._link.link import Link
from kombu_jetstream._link.settlements import requeue_verdict
from kombu_jetstream._messages.receipt import Receipt
from kombu_jetstream._topology.queues import Queue


@dataclass(slots=True)
class Arrival:
    intake: "Intake"
    message: Msg
    receipt: Receipt


class Ready:
    """The door between the threads: the io thread pushes and wakes, kombu's thread takes."""

    def __init__(self) -> None:
        self.wakeup = Wakeup()
        self._arrivals: deque[Arrival] = deque()

    def push(self, arrivals: list[Arrival]) -> None:
        """All of them before anybody is woken: one turn of the consumer sees them together."""
        self._arrivals.extend(arrivals)
        self.wakeup.set()

    def take(self) -> Arrival | None:
        try:
            return self._arrivals.popleft()
        except IndexError:
            return None

    def put_back(self, arrivals: list[Arrival]) -> None:
        """To the front, in their order."""
        self._arrivals.extendleft(reversed(arrivals))

    def withdraw(self, intake: "Intake") -> list[Arrival]:
        """Take out what `intake` received; the rest stays as it was."""
        arrivals: list[Arrival] = []
        while (arrival := self.take()) is not None:
            arrivals.append(arrival)
        self.put_back([arrival for arrival in arrivals if arrival.intake is not intake])
        return [arrival for arrival in arrivals if arrival.intake is intake]

    def __len__(self) -> int:
        return len(self._arrivals)


class Intake:
    """What one queue of one channel may still receive, and what becomes of each message. Lives on the io thread.

    The consumer allows a total since the beginning, not "n more": both sides count up only, so that a message arriving
    while an allowance is on its way can never be counted twice.
    """

    def __init__(
        self, link: Link, queue: Queue, ready: Ready, deliver: Callable[[Arrival], bool], surplus: Surplus
    ) -> None:
        self.link = link
        self.queue = queue
        #: Called by kombu's thread; False while the channel holds all that it may.
        self.deliver = deliver
        self.closed = False
        #: Written by the io thread, read by the other.
        self.received = 0
        #: Of those, handed back before kombu took them.
        self.returned = 0
        #: Written by kombu's thread only.
        self.delivered = 0
        self.limit = 0
        self._ready = ready
        self._surplus = surplus

    @property
    def room(self) -> int:
        return 0 if self.closed else max(0, self.limit - self.received)

    def accept(self, *messages: Msg) -> int:
        """Hold messages and hand them over; give back what nobody consumes any more; drop a copy of what we have.

        Returns how many were handed over.
        """
        arrivals: list[Arrival] = []
        for message in messages:
            receipt = Receipt.parse(message.reply)
            if not self.link.admit(receipt, self.queue.ack_wait_s):
                continue
            if self.closed:
                self.link.settlements.settle(receipt.tag, requeue_verdict())
            else:
                arrivals.append(Arrival(self, message, receipt))
        if arrivals:
            self.received += len(arrivals)
            self._ready.push(arrivals)
            self._surplus.arrived()
        return len(arrivals)

    def give_back(self) -> None:
        """Hand back what kombu has not taken: another worker may have room."""
        arrivals = self._ready.withdraw(self)
        for arrival in arrivals:
            self.link.settlements.settle(arrival.receipt.tag, requeue_verdict())
        self.returned += len(arrivals)
        # Between its taking out and putting back, kombu's thread may have found nothing.
        self._ready.wakeup.set()
