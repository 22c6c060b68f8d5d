"""What the server tells of one consumer, in our words."""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from kombu_jetstream._topology.bindings import QUEUE_KEY
from kombu_jetstream._topology.naming import name_of

#: The consumer of a priority step: the queue's name, in which every `=` has its fellow, and the step.
_PRIORITY = re.compile(r"((?:[^=]|=[0-9a-f]+=)*)=p(\d)")


@dataclass(frozen=True, kw_only=True)
class ConsumerInfo:
    stream: str
    name: str
    #: The kombu name, from the metadata; a consumer made before there was any is named after it.
    queue: str
    step: int | None
    filters: tuple[str, ...]
    waiting: int
    held: int
    redelivered: int
    deliveries: int
    open_pulls: int
    max_ack_pending: int
    #: Of the last message that was delivered; delivery is in the stream's order.
    delivered: int
    #: Up to this sequence every message is settled, or was given up after `max_deliver`. Above it may be more of them:
    #: the server's floor passes one that was given up only when nothing is held for a moment.
    floor: int
    last_delivered_at: datetime | None
    #: The server's clock.
    at: datetime

    @classmethod
    def read(cls, info: dict[str, Any]) -> Self:
        """From the JSON of `CONSUMER.INFO` or of one entry of `CONSUMER.LIST`."""
        config, name, held, delivered = info["config"], info["name"], info["num_ack_pending"], info["delivered"]
        step, last = _PRIORITY.fullmatch(name), delivered.get("last_active")
        metadata: dict[str, str] = config.get("metadata") or {}
        return cls(
            stream=info["stream_name"],
            name=name,
            queue=metadata.get(QUEUE_KEY) or name_of(step[1] if step else name),
            step=int(step[2]) if step else None,
            filters=tuple(config.get("filter_subjects") or [config.get("filter_subject") or ">"]),
            waiting=info["num_pending"],
            held=held,
            redelivered=info["num_redelivered"],
            deliveries=delivered["consumer_seq"],
            open_pulls=info["num_waiting"],
            max_ack_pending=config.get("max_ack_pending", -1),
            delivered=delivered["stream_seq"],
            # With nothing held the server's own may lag behind: it moves with the next ack only.
            floor=info["ack_floor"]["stream_seq"] if held else delivered["stream_seq"],
            last_delivered_at=datetime.fromisoformat(last) if last else None,
            at=datetime.fromisoformat(info["ts"]),
        )

    @property
    def figures(self) -> tuple[int, int, int]:
        """What changes with every message that comes, goes or is settled."""
        return self.waiting, self.held, self.deliveries


def by_queue(infos: list[dict[str, Any]]) -> dict[str, list[ConsumerInfo]]:
    """The consumers behind each queue."""
    found: dict[str, list[ConsumerInfo]] = defaultdict(list)
    for info in map(ConsumerInfo.read, infos):
        found[info.queue].append(info)
    return dict(found)
