"""What this process's transport did since it started, counted."""

from dataclasses import dataclass, replace

from kombu_jetstream._connection import bridge


@dataclass
class Counters:
    """Each counts up only. A forked child counts from nought."""

    #: Messages that a stream confirmed.
    publishes_confirmed: int = 0
    #: Attempts after the first, each under the same message id: the confirmation was late or lost.
    publishes_repeated: int = 0
    #: Messages received, and of those the ones that had been delivered before, to anybody.
    deliveries: int = 0
    redeliveries: int = 0
    #: Deliveries of a message that this process holds or has finished: they were not handed on.
    copies_dropped: int = 0
    #: Acks, requeues and rejects.
    verdicts: int = 0
    #: Said again, because no confirmation came in time.
    verdicts_repeated: int = 0
    #: Given up after ten minutes: the consumer or its stream is gone.
    verdicts_abandoned: int = 0
    #: Connections made again after one was lost.
    reconnects: int = 0


class _Process:
    def __init__(self) -> None:
        self.counters = Counters()
        bridge.on_fork(self.start_again)

    def start_again(self) -> None:
        for name in vars(self.counters):
            setattr(self.counters, name, 0)


#: One a process, whatever its connections: they come and go.
counters = _Process().counters


def process_counters() -> Counters:
    """A copy, taken now."""
    return replace(counters)
