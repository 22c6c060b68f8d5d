"""Where a message goes: to each durable queue it is for, confirmed, and once to the server for all transient ones."""

from datetime import UTC, datetime
from typing import Any

import nats.errors
from kombu.log import get_logger

from kombu_jetstream._link.link import Link
from kombu_jetstream._messages.codec import to_wire
from kombu_jetstream._messages.identity import KEY, message_id, message_key, task_and_attempt
from kombu_jetstream._messages.schedules import TTL, due_at, schedule_headers, ttl_seconds
from kombu_jetstream._publish.publishing import MESSAGE_ID, check_size, publish_confirmed
from kombu_jetstream._publish.routes import Routes
from kombu_jetstream._topology.naming import Names, priority_step
from kombu_jetstream._topology.queues import Queue

log = get_logger(__name__)

#: AMQP's delivery mode of messages that need not survive a restart.
TRANSIENT = 1


class Publisher:
    """Lives on the io thread."""

    def __init__(self, link: Link, names: Names, routes: Routes) -> None:
        self._link = link
        self._names = names
        self._routes = routes

    async def to_queue(self, message: dict[str, Any], name: str, queue: Queue | None) -> None:
        """Through the default exchange. An undeclared queue is durable, unless the message is transient."""
        transient = queue.kind == "transient" if queue else message["properties"].get("delivery_mode") == TRANSIENT
        if transient:
            await self._publish_transient(self._names.inbox(name, step_of(message)), message)
        else:
            await self._publish_durable(message, name, queue.message_ttl_ms if queue else None)

    async def to_exchange(self, message: dict[str, Any], exchange: str, routing_key: str) -> None:
        """Through a named exchange. Transient messages reach transient queues only; the others, durable ones too."""
        await self._publish_transient(self._names.exchange(exchange, routing_key, step_of(message)), message)
        if message["properties"].get("delivery_mode") != TRANSIENT:
            for name in await self._routes.queues(exchange, routing_key):
                await self._publish_durable(message, name, None)

    async def _publish_durable(self, message: dict[str, Any], name: str, queue_ttl_ms: int | None) -> None:
        body, headers = to_wire(message)
        properties = message["properties"]
        # Made by prepare_message: kombu publishing the same message again, over a new connection, is no second message.
        key = properties.get(KEY) or message_key(message.get("headers"), message.get("body"))
        now = datetime.now(UTC)
        ttl_s = ttl_seconds(properties.get("expiration"), queue_ttl_ms)
        due = due_at(message.get("headers"), now, self._link.options.min_schedule_s)
        subject = self._names.task(name, step_of(message))
        headers[MESSAGE_ID] = message_id(key, name)
        if due is not None:
            headers |= schedule_headers(due, subject, ttl_s, now)
            subject = self._names.later(name, *task_and_attempt(key), due)
        elif ttl_s is not None:
            headers[TTL] = f"{ttl_s}s"
        timeout_s = self._link.options.publish_timeout_s
        await publish_confirmed(self._link.client, subject, body, headers, timeout_s=timeout_s)

    async def _publish_transient(self, subject: str, message: dict[str, Any]) -> None:
        body, headers = to_wire(message)
        check_size(self._link.client, body, headers)
        ttl_s = ttl_seconds(message["properties"].get("expiration"), None)
        if ttl_s is not None:
            headers[TTL] = f"{ttl_s}s"
        try:
            await self._link.client.publish(subject, body, headers=headers)
        except nats.errors.OutboundBufferLimitError:
            # Disconnected for so long that the buffer is full. Events and remote control are worth nothing afterwards.
            log.debug("dropped a transient message on %s while disconnected", subject)


def step_of(message: dict[str, Any]) -> int:
    return priority_step(message["properties"].get("priority"))
