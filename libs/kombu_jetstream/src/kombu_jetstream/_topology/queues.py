"""Kombu queues as JetStream sees them: which consumers of which stream stand behind each."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kombu_jetstream._topology.bindings import QUEUE_KEY, Binding, metadata_of
from kombu_jetstream._topology.filters import filters_of
from kombu_jetstream._topology.naming import PRIORITY_STEPS, Names, token
from kombu_jetstream._topology.options import TransportOptions
from kombu_jetstream._topology.streams import NANOSECONDS
from kombu_jetstream.errors import InvalidOption

STREAM_ARGUMENT = "x-jetstream-stream"
DURABLE_ARGUMENT = "x-jetstream-durable"
DEFAULT_EXPIRES_MS = 300_000


@dataclass(kw_only=True)
class Queue:
    """A declared queue. Exactly one of durable, transient and foreign describes it."""

    name: str
    kind: str  # "durable", "transient" or "foreign"
    #: One consumer per priority step instead of one for all (`x-max-priority`).
    prioritized: bool = False
    #: A transient queue without a consumer goes after this.
    expires_ms: int = DEFAULT_EXPIRES_MS
    message_ttl_ms: int | None = None
    #: Bindings to named exchanges: (exchange, type, routing key).
    bindings: list[Binding] = field(default_factory=list[Binding])
    #: Of a foreign queue: the stream and the durable consumer that somebody else made.
    stream: str = ""
    durable: str = ""
    #: As the server has it.
    ack_wait_s: float = 30.0

    def consumers(self, names: Names) -> list[tuple[str, str]]:
        """(stream, consumer) behind the queue, urgent first."""
        match self.kind:
            case "foreign":
                return [(self.stream, self.durable)]
            case "transient":
                stream = names.transient_stream
            case _:
                stream = names.task_stream
        consumer = token(self.name)
        return (
            [(stream, f"{consumer}=p{step}") for step in PRIORITY_STEPS] if self.prioritized else [(stream, consumer)]
        )

    def consumer_configs(self, names: Names, options: TransportOptions) -> list[tuple[str, dict[str, Any]]]:
        """(stream, configuration) of each consumer to create, as JetStream's JSON. Empty for a foreign queue."""
        shared: dict[str, Any] = {
            "ack_policy": "explicit",
            "deliver_policy": "all",
            "ack_wait": int(options.ack_wait_s * NANOSECONDS),
            "max_deliver": options.max_deliver,
        }
        if self.kind == "foreign":
            return []
        steps: tuple[int | str, ...] = PRIORITY_STEPS if self.prioritized else ("*",)
        return [
            (stream, {"durable_name": name, **shared, **self._own_config(names, options, step)})
            for (stream, name), step in zip(self.consumers(names), steps, strict=True)
        ]

    def _own_config(self, names: Names, options: TransportOptions, step: int | str) -> dict[str, Any]:
        if self.kind == "durable":
            return {
                "filter_subject": names.task(self.name, step),
                "max_ack_pending": options.max_ack_pending,
                "metadata": {QUEUE_KEY: self.name},
            }
        return {
            "filter_subjects": [names.inbox(self.name, step), *filters_of(names, self.bindings, step)],
            "inactive_threshold": max(1000, self.expires_ms) * 1_000_000,
            "max_ack_pending": -1,
            "mem_storage": True,
            # Several processes may consume the queue: what one binds holds for all, as in AMQP.
            "metadata": metadata_of(self.name, self.bindings),
        }


def queue_from_arguments(name: str, arguments: Mapping[str, Any], *, auto_delete: bool, exclusive: bool) -> Queue:
    """The queue that a declaration describes.

    Raises:
        InvalidOption: only one of the two arguments of a foreign queue is given.
    """
    stream, durable = arguments.get(STREAM_ARGUMENT), arguments.get(DURABLE_ARGUMENT)
    if (stream is None) != (durable is None):
        raise InvalidOption(name, f"queue_arguments need both {STREAM_ARGUMENT} and {DURABLE_ARGUMENT}")
    ttl = arguments.get("x-message-ttl")
    if stream is not None and durable is not None:
        return Queue(name=name, kind="foreign", stream=str(stream), durable=str(durable))
    return Queue(
        name=name,
        kind="transient" if auto_delete or exclusive or "x-expires" in arguments else "durable",
        prioritized=bool(arguments.get("x-max-priority")),
        expires_ms=int(arguments.get("x-expires") or DEFAULT_EXPIRES_MS),
        message_ttl_ms=math.ceil(ttl) if ttl else None,
    )
