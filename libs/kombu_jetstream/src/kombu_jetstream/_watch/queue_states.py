"""How a queue is at one moment, as a value."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self, TypeVar

from kombu_jetstream._watch.pending_schedules import Backlog

T = TypeVar("T", float, datetime)


@dataclass(frozen=True, kw_only=True)
class ConsumerState:
    """One consumer of a queue: the only one, or that of one priority step."""

    consumer: str
    #: Priorities from this one up to the next step's; None where the queue has no priorities.
    step: int | None
    #: Never delivered to anybody.
    waiting: int
    #: Delivered and not settled: workers have them, or gave them back to be delivered again. The server tells no more.
    held: int
    #: Delivered more than once and never acknowledged: held, or given up.
    redelivered: int
    #: Delivered `max_deliver` times without an ack: in the stream for ever, and delivered to nobody any more.
    #: None for a foreign queue, whose stream may keep what was acknowledged.
    given_up: int | None
    #: Deliveries since the consumer was created, repeats included.
    deliveries: int
    #: Pulls that wait for a message: 0 means that no worker has room, or that there is none.
    open_pulls: int
    #: `held` never exceeds it: workers get nothing more until one of them settles. -1: no limit.
    max_ack_pending: int
    #: Since the oldest one that waits was stored.
    oldest_waiting_age_s: float | None
    #: Since the oldest one that is not settled was stored; while some are held, that may be one that was given up.
    oldest_age_s: float | None
    last_delivered_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class QueueState:
    """A queue at one moment; times and counts are the server's."""

    #: Its kombu name; of a foreign queue `<stream>/<durable>`.
    queue: str
    #: "durable", "transient", "foreign", or "undeclared": messages were sent to it, and nobody ever declared it.
    kind: str
    stream: str
    #: Urgent first. Empty for an undeclared queue.
    consumers: tuple[ConsumerState, ...]
    waiting: int
    held: int
    redelivered: int
    given_up: int | None
    deliveries: int
    open_pulls: int
    oldest_waiting_age_s: float | None
    oldest_age_s: float | None
    last_delivered_at: datetime | None
    #: Held by the server until their time (ETA, countdown, retries). They are not in `waiting` yet.
    scheduled: int
    #: None also where more than 10,000 schedules wait in all.
    next_due: datetime | None

    @property
    def saturated(self) -> bool:
        """Whether a consumer has as many messages out as its `max_ack_pending` allows."""
        return any(0 < each.max_ack_pending <= each.held for each in self.consumers)

    @classmethod
    def of(
        cls,
        queue: str,
        kind: str,
        stream: str,
        consumers: list[ConsumerState],
        backlog: Backlog = Backlog(),  # noqa: B008 - a frozen value
    ) -> Self:
        """The sum of its consumers."""
        return cls(
            queue=queue,
            kind=kind,
            stream=stream,
            consumers=tuple(sorted(consumers, key=lambda each: -1 if each.step is None else -each.step)),
            waiting=sum(each.waiting for each in consumers),
            held=sum(each.held for each in consumers),
            redelivered=sum(each.redelivered for each in consumers),
            given_up=None if kind == "foreign" else sum(each.given_up or 0 for each in consumers),
            deliveries=sum(each.deliveries for each in consumers),
            open_pulls=sum(each.open_pulls for each in consumers),
            oldest_waiting_age_s=_greatest(each.oldest_waiting_age_s for each in consumers),
            oldest_age_s=_greatest(each.oldest_age_s for each in consumers),
            last_delivered_at=_greatest(each.last_delivered_at for each in consumers),
            scheduled=backlog.count,
            next_due=backlog.next_due,
        )


def _greatest(values: Iterable[T | None]) -> T | None:
    return max((value for value in values if value is not None), default=None)
