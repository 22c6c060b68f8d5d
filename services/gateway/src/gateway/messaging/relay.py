"""The outbox relay: every stored event reaches JetStream at least once, and is deleted when it is there (ADR 0002).

Several gateways may run one each: they skip each other's rows. An event that was published but not deleted, because the
process died in between, is published again under the same message id, which JetStream drops within its window of two
minutes; consumers cope with the rest.
"""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog
from nats.js import JetStreamContext
from opentelemetry.trace import SpanKind

from contracts.events import CONTENT_TYPE
from contracts.topology import EVENT_STREAM
from gateway.db import outbox
from gateway.db.outbox import StoredEvent
from gateway.db.store import Store
from gateway.domain.errors import StoreUnavailable
from gateway.messaging.nats_link import NatsAway, NatsLink
from gateway.metrics import EVENT_DELAY, EVENTS_RELAYED, RELAY_FAILURES
from telemetry import TRACEPARENT, span, traceparent_of

_ACK_TIMEOUT_S = 5.0
_BACKOFF_BASE_S = 0.2
_BACKOFF_CAP_S = 5.0

log = structlog.get_logger()


class PublishFailed(Exception):
    """Retryable: JetStream did not acknowledge every event of a batch. The others are done."""

    def __init__(self, failures: Sequence[BaseException]) -> None:
        super().__init__(f"{len(failures)} events: {type(failures[0]).__name__}")
        self.failures = tuple(failures)


class OutboxRelay:
    def __init__(self, store: Store, link: NatsLink, *, batch_max: int, poll_s: float) -> None:
        self._store = store
        self._link = link
        self._batch_max = batch_max
        self._poll_s = poll_s
        self._woken = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """There may be something to relay."""
        self._woken.set()

    def stop(self) -> None:
        """Have `run` return once the outbox is empty, or at its next failure: what is left is relayed later."""
        self._stopping = True
        self.wake()

    async def run(self) -> None:
        failures = 0
        while True:
            # Before the look into the outbox, so that a notification during it is not lost.
            self._woken.clear()
            try:
                relayed = await self.relay_batch()
            except (NatsAway, PublishFailed, StoreUnavailable) as error:
                RELAY_FAILURES.labels(reason=type(error).__name__).inc()
                if failures == 0:
                    log.warning("outbox.relay_failed", reason=type(error).__name__, detail=str(error))
                failures += 1
                relayed = 0
                wait_s = random.uniform(0, min(_BACKOFF_CAP_S, _BACKOFF_BASE_S * 2**failures))  # noqa: S311 - jitter
            else:
                if failures:
                    log.info("outbox.relay_recovered", failures=failures)
                failures = 0
                wait_s = self._poll_s
            if self._stopping and relayed == 0:
                return
            if relayed == 0:
                await self._sleep(wait_s)

    async def relay_batch(self) -> int:
        """How many of the oldest events JetStream has now.

        Raises:
            NatsAway: no connection; nothing was tried.
            PublishFailed: some were not acknowledged; they stay in the outbox.
            StoreUnavailable: PostgreSQL is away. What was acknowledged meanwhile is published again later.
        """
        jetstream = self._link.client.jetstream(timeout=_ACK_TIMEOUT_S)
        async with self._store.transaction() as connection:
            events = await outbox.claim(connection, limit=self._batch_max)
            answers = await asyncio.gather(*(_publish(jetstream, event) for event in events), return_exceptions=True)
            done = [event for event, answer in zip(events, answers, strict=True) if answer is None]
            await outbox.delete(connection, [event.position for event in done])
        _count(done)
        if failed := [answer for answer in answers if answer is not None]:
            raise PublishFailed(failed)
        return len(done)

    async def _sleep(self, at_most_s: float) -> None:
        try:
            async with asyncio.timeout(at_most_s):
                await self._woken.wait()
        except TimeoutError:
            return


async def _publish(jetstream: JetStreamContext, event: StoredEvent) -> None:
    """Returns with JetStream's acknowledgement: the event is on disk."""
    headers = {"Nats-Msg-Id": str(event.event_id), "Content-Type": CONTENT_TYPE}
    body = event.event
    with span(
        f"publish {event.subject}", kind=SpanKind.PRODUCER, attributes=_attributes(event), parent=event.traceparent
    ) as publishing:
        traceparent = traceparent_of(publishing)
        if traceparent is not None:
            headers[TRACEPARENT] = traceparent
            body = _traced(body, traceparent)
        await jetstream.publish(event.subject, body.encode(), stream=EVENT_STREAM, headers=headers)


def _attributes(event: StoredEvent) -> dict[str, str]:
    return {
        "messaging.system": "nats",
        "messaging.operation.name": "publish",
        "messaging.operation.type": "send",
        "messaging.destination.name": event.subject,
        "messaging.message.id": str(event.event_id),
    }


def _traced(event: str, traceparent: str) -> str:
    """The stored object with one more member; every other byte is as it was written."""
    return f'{event[:-1]},"{TRACEPARENT}":"{traceparent}"}}'


def _count(done: Sequence[StoredEvent]) -> None:
    now = datetime.now(UTC)
    EVENTS_RELAYED.inc(len(done))
    for event in done:
        EVENT_DELAY.observe(max(0.0, (now - event.created_at).total_seconds()))
    if done:
        log.debug("outbox.relayed", events=len(done))
