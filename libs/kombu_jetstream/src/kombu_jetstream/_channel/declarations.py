"""What a channel declares: queues and their bindings. Nothing here publishes or consumes."""

from typing import Any

from amqp.protocol import queue_declare_ok_t
from kombu.exceptions import ChannelError
from kombu.transport import base, virtual
from kombu.utils.uuid import uuid
from typing_extensions import override

from kombu_jetstream._topology.queues import Queue, queue_from_arguments


class Declarations(virtual.Channel):
    """The half of `Channel` that makes queues, binds them and takes them away."""

    def __init__(self, connection: Any, **kwargs: Any) -> None:
        self._broker = connection.broker
        super().__init__(connection, **kwargs)

    @override
    def prepare_queue_arguments(self, arguments: dict[str, Any] | None, **kwargs: Any) -> dict[str, Any]:
        return getattr(base, "to_rabbitmq_queue_arguments")(arguments or {}, **kwargs)  # noqa: B009 - the stubs lack it

    @override
    def queue_declare(self, queue: str | None = None, passive: bool = False, **kwargs: Any) -> queue_declare_ok_t:
        name = queue or f"amq.gen-{uuid()}"
        if passive:
            count = self._broker.run(self._broker.consumers.look(name))
            if count is None:
                raise ChannelError(f"NOT_FOUND - no queue {name!r}", (50, 10), "Channel.queue_declare", 404)
            return queue_declare_ok_t(name, count, 0)
        known = self._broker.queues.get(name)
        if known is None:
            auto_delete, exclusive = bool(kwargs.get("auto_delete")), bool(kwargs.get("exclusive"))
            arguments = kwargs.get("arguments") or {}
            known = queue_from_arguments(name, arguments, auto_delete=auto_delete, exclusive=exclusive)
            waiting = 0 if self._granted(known) else self._broker.run(self._broker.consumers.declare(known))
            self._broker.queues[name] = known
        elif self._granted(known):
            waiting = 0
        elif known.kind == "transient":
            # It may have expired since: the mailbox declares its reply queue anew for each question.
            waiting = self._broker.run(self._broker.consumers.declare(known))
        else:
            waiting = self._size(name)
        return queue_declare_ok_t(name, waiting, 0)

    def _queue_bind(self, exchange: str, routing_key: str, _pattern: Any, queue: str) -> None:
        declared = self._queue(queue)
        if not self._granted(declared):
            self._broker.run(self._broker.bind(declared, exchange, self._kind(exchange), routing_key or ""))

    @override
    def queue_unbind(
        self,
        queue: str,
        exchange: str | None = None,
        routing_key: str = "",
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().queue_unbind(queue, exchange, routing_key, arguments, **kwargs)
        name = exchange or "amq.direct"
        self._broker.run(self._broker.unbind(self._queue(queue), name, self._kind(name), routing_key))

    @override
    def queue_delete(self, queue: str, if_unused: bool = False, if_empty: bool = False, **kwargs: Any) -> None:
        if if_empty and self._size(queue):
            return
        self._broker.run(self._broker.delete(self._queue(queue)))
        self.state.queue_bindings_delete(queue)

    @override
    def after_reply_message_received(self, queue: str) -> None:
        """Keep the reply queue: it expires by itself, and the mailbox uses it again."""

    def _granted(self, queue: Queue) -> bool:
        """Whether the queue is taken for granted: it is for others to make it."""
        return queue.kind == "durable" and not self._broker.link.options.declare_queues

    def _queue(self, name: str) -> Queue:
        """What was declared here, else what somebody else declared, else a durable queue made now."""
        if name not in self._broker.queues:
            found = self._broker.run(self._broker.consumers.find(name))
            if found is None:
                self.queue_declare(name)
            else:
                self._broker.queues[name] = found
        return self._broker.queues[name]

    def _kind(self, exchange: str) -> str:
        return (self.state.exchanges or {}).get(exchange, {}).get("type", "direct")

    @override
    def _size(self, queue: str) -> int:
        return self._broker.run(self._broker.consumers.waiting(self._queue(queue)))

    @override
    def _purge(self, queue: str) -> int:
        return self._broker.run(self._broker.purge(self._queue(queue)))
