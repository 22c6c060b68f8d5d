"""Bindings of queues to named exchanges, kept in the metadata of the queues' consumers: everybody finds them there."""

import json
import re
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


def matches(kind: str, pattern: str, routing_key: str) -> bool:
    """Whether an AMQP binding of an exchange of type `kind` takes a message with this routing key."""
    if kind == "fanout":
        return True
    if kind != "topic":
        return pattern == routing_key
    expression = r"\.".join({"*": r"[^.]+", "#": r".*"}.get(word, re.escape(word)) for word in pattern.split("."))
    # `#` stands for no word at all too, and then its dot goes with it.
    expression = expression.replace(r"\..*", r"(?:\..*)?").replace(r".*\.", r"(?:.*\.)?")
    return re.fullmatch(expression, routing_key) is not None
