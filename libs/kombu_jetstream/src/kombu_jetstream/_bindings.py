"""Bindings of queues to named exchanges, kept in the metadata of the queues' consumers: everybody finds them there."""

import json
from typing import Any, TypeAlias

#: (exchange, type, routing key)
Binding: TypeAlias = tuple[str, str, str]

QUEUE_KEY = "kombu.queue"
BINDINGS_KEY = "kombu.bindings"


def metadata_of(queue: str, bindings: list[Binding]) -> dict[str, str]:
    return {QUEUE_KEY: queue, BINDINGS_KEY: json.dumps(bindings)}


def bindings_of(config: dict[str, Any]) -> list[Binding]:
    """The bindings kept with a consumer."""
    stored = json.loads((config.get("metadata") or {}).get(BINDINGS_KEY, "[]"))
    return [(exchange, kind, routing_key) for exchange, kind, routing_key in stored]
