"""From events to tasks: a Celery bootstep that reads a durable consumer.

Events that wait are taken together, so that a service can make one task of many of them. An event is settled only after
its tasks were stored by the broker; the task ids derive from the event's id, so that a redelivered event orders nothing
twice within the broker's deduplication window, and idempotent effects do the rest.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from celery import Celery, bootsteps
from celery.exceptions import ImproperlyConfigured
from kombu import Connection, Consumer, Queue
from kombu.exceptions import OperationalError
from opentelemetry.trace import Span
from pydantic import ValidationError

from contracts.events import DomainEvent, parse_envelope, parse_event
from kombu_jetstream import DURABLE_ARGUMENT, STREAM_ARGUMENT
from telemetry import fail, failure_of
from worker_kit._metrics import EVENTS_REJECTED, EVENTS_TAKEN, HANDED_BACK
from worker_kit._skew import BACK_S, KNOWN_WITHIN_S
from worker_kit._traces import begin_event_span, headers_from

#: Refused again and again, an event waits up to 2**3 times as long: its orders that were taken go out each time.
_DOUBLINGS_MAX = 3

log = structlog.get_logger()


@dataclass(frozen=True)
class Order:
    """A task to send because of some events."""

    task: str
    queue: str
    args: tuple[Any, ...]
    task_id: UUID
    #: Ids of the events that this order settles a part of.
    because_of: tuple[UUID, ...]
    #: 0-9, 9 first; only in a queue that has priorities.
    priority: int | None = None


@dataclass(frozen=True, kw_only=True)
class EventSource:
    """The NATS server of the events, where that is not Celery's broker."""

    url: str = field(repr=False)
    #: As `kombu_jetstream.TransportOptions`.
    transport: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class EventStepConfig:
    #: None: Celery's broker is the NATS server with the events.
    source: EventSource | None = None
    stream: str
    durable: str
    #: Which tasks these events ask for. Called with one batch at a time.
    route: Callable[[Sequence[DomainEvent]], Sequence[Order]]
    batch_max: int = 32
    #: How long the first event of a batch waits for company.
    gather_s: float = 0.05
    #: While this queue has tasks that nobody took yet, events go on gathering, up to `hold_s`: batches grow with load.
    batch_queue: str | None = None
    hold_s: float = 5.0
    #: An event comes again after so long where the broker was away,
    retry_s: float = 2.0
    #: and after so long where it is of another version; or at first, where its order was refused.
    back_s: float = BACK_S


@dataclass(frozen=True)
class _Taken:
    event: DomainEvent
    message: Any
    span: Span


@dataclass
class _Batch:
    messages: list[_Taken] = field(default_factory=list[_Taken])
    began_s: float = 0.0


def install_event_step(app: Celery, config: EventStepConfig) -> None:
    """Have every worker of `app` read the durable consumer."""

    class EventStep(_EventStep):
        settings = config

    app.steps["consumer"].add(EventStep)


class _EventStep(bootsteps.ConsumerStep):
    requires = ("celery.worker.consumer:Tasks",)
    settings: EventStepConfig

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._parent = parent
        self._batch = _Batch()
        self._connection: Connection | None = None

    def start(self, c: Any) -> None:
        """Begin to read, over the broker's connection or over one of its own in the same event loop."""
        source = self.settings.source
        if source is None:
            super().start(c)
            return
        if c.hub is None:
            raise ImproperlyConfigured(
                "events from NATS beside another broker need a worker with an event loop: the prefork or threads pool"
            )
        self._connection = Connection(source.url, transport_options=source.transport)
        self.consumers = self.get_consumers(self._connection.channel())
        for consumer in self.consumers:
            consumer.consume()
        self._connection.transport.register_with_event_loop(self._connection.connection, c.hub)

    def stop(self, c: Any) -> None:
        super().stop(c)
        self._release()

    def shutdown(self, c: Any) -> None:
        super().shutdown(c)
        self._release()

    def _release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.release()

    def get_consumers(self, channel: Any) -> list[Consumer]:
        arguments = {STREAM_ARGUMENT: self.settings.stream, DURABLE_ARGUMENT: self.settings.durable}
        queue = Queue(f"events.{self.settings.durable}", queue_arguments=arguments)
        self._batch = _Batch()  # what an earlier connection held goes to somebody by redelivery
        return [
            Consumer(
                channel,
                queues=[queue],
                on_message=self.on_message,
                accept=["json"],
                prefetch_count=2 * self.settings.batch_max,
            )
        ]

    def on_message(self, message: Any) -> None:
        try:
            event = parse_event(message.body)
        except ValidationError as error:
            self._refuse(message, error)
            return
        if not self._batch.messages:
            self._batch.began_s = time.monotonic()
            self._parent.timer.call_after(self.settings.gather_s, self._flush_when_due)
        self._batch.messages.append(_Taken(event, message, begin_event_span(event, self.settings.durable)))
        if len(self._batch.messages) >= self.settings.batch_max:
            self._flush()

    def _refuse(self, message: Any, error: ValidationError) -> None:
        subject = message.delivery_info.get("subject")
        envelope = parse_envelope(message.body)
        if envelope is not None and (datetime.now(UTC) - envelope.time).total_seconds() < KNOWN_WITHIN_S:
            # All workers of this kind read one durable: one of a newer version knows it.
            HANDED_BACK.labels("event").inc()
            log.warning("event.unknown", type=envelope.type, event_id=str(envelope.id), back_s=self.settings.back_s)
            message.requeue_after(self.settings.back_s)
            return
        # It will never become an event: terminated, not redelivered for ever.
        EVENTS_REJECTED.inc()
        log.warning("event.rejected", faults=len(error.errors()), subject=subject)
        message.reject()

    def _flush_when_due(self) -> None:
        if not self._batch.messages:
            return
        held_s = time.monotonic() - self._batch.began_s
        if held_s < self.settings.gather_s or (held_s < self.settings.hold_s and self._tasks_are_waiting()):
            self._parent.timer.call_after(self.settings.gather_s, self._flush_when_due)
        else:
            self._flush()

    def _tasks_are_waiting(self) -> bool:
        if self.settings.batch_queue is None:
            return False
        connection: Connection = self._parent.connection
        try:
            channel: Any = connection.default_channel
            return channel.queue_declare(self.settings.batch_queue, passive=True).message_count > 0
        except (*connection.channel_errors, *connection.connection_errors):
            # To Redis an empty queue is no queue. And a broker that is away is met again by sending, which gives back.
            return False
        except Exception as error:  # noqa: BLE001 - the timer would swallow it, and the batch wait for another event
            log.error("event.queue_unknown", queue=self.settings.batch_queue, **failure_of(error))
            return False

    def _flush(self) -> None:
        """Order and settle what was gathered; after this nothing of it is in hand any more."""
        batch, self._batch = self._batch, _Batch()
        try:
            self._order(batch)
        except Exception as error:  # noqa: BLE001 - swallowed by the timer, the events stay ours for ever, by heartbeats
            log.error("event.batch_failed", events=len(batch.messages), **failure_of(error))
            for taken in batch.messages:
                if not taken.message.acknowledged:
                    self._give_back(taken, type(error).__name__, self._back_in_s(taken, error))

    def _back_in_s(self, taken: _Taken, error: Exception) -> float:
        """A broker that is away is there again soon; one that refuses does so until somebody has seen to it."""
        if _is_away(error):
            return self.settings.retry_s
        deliveries: int = taken.message.delivery_info["deliveries"]
        return self.settings.back_s * 2 ** min(deliveries - 1, _DOUBLINGS_MAX)

    def _give_back(self, taken: _Taken, why: str, delay_s: float) -> None:
        try:
            taken.message.requeue_after(delay_s)
        except Exception as error:  # noqa: BLE001 - the others are given back all the same
            log.error("event.not_given_back", event_id=str(taken.event.id), **failure_of(error))
        fail(taken.span, why)
        taken.span.end()

    def _order(self, batch: _Batch) -> None:
        orders = self.settings.route([taken.event for taken in batch.messages])
        spans = {taken.event.id: taken.span for taken in batch.messages}
        unsent: dict[UUID, Exception] = {}
        for order in orders:
            try:
                self._parent.app.send_task(
                    order.task,
                    args=order.args,
                    queue=order.queue,
                    task_id=str(order.task_id),
                    priority=order.priority,
                    headers=headers_from([spans[event_id] for event_id in order.because_of]),
                    retry=False,
                )
            except Exception as error:  # noqa: BLE001 - the orders that are taken would be given back with it, and sent again
                unsent.update(dict.fromkeys(order.because_of, error))
                if _is_away(error):
                    log.warning("event.not_ordered", task=order.task, error=type(error).__name__)
                else:
                    log.error("event.not_ordered", task=order.task, **failure_of(error))
        for taken in batch.messages:
            error = unsent.get(taken.event.id)
            if error is not None:
                self._give_back(taken, "not_ordered", self._back_in_s(taken, error))
            else:
                taken.message.ack()
                EVENTS_TAKEN.labels(taken.event.type).inc()
                taken.span.end()
        log.info("event.batch_ordered", events=len(batch.messages), orders=len(orders), unsent=len(unsent))


def _is_away(error: Exception) -> bool:
    return isinstance(error, (OperationalError, OSError, TimeoutError)) or getattr(error, "retryable", False)
