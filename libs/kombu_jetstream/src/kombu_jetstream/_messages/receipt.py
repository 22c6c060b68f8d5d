"""What JetStream writes into the reply subject of a delivered message."""

from dataclasses import dataclass
from typing import Self, TypeAlias

#: `$JS.ACK.<domain>.<account>.<stream>...` has two tokens more than the old form without them.
_LONG_FORM_TOKENS = 11

MessageKey: TypeAlias = tuple[str, str, int, int]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a message came from; its `tag` is both the subject to settle it on and kombu's delivery tag."""

    tag: str
    stream: str
    consumer: str
    #: 1 on the first delivery.
    deliveries: int
    sequence: int
    published_at_ns: int

    @classmethod
    def parse(cls, tag: str) -> Self:
        """Source: https://docs.nats.io/reference/reference-protocols/nats_api_reference, `$JS.ACK`."""
        tokens = tag.split(".")
        at = 4 if len(tokens) >= _LONG_FORM_TOKENS else 2
        return cls(
            tag=tag,
            stream=tokens[at],
            consumer=tokens[at + 1],
            deliveries=int(tokens[at + 2]),
            sequence=int(tokens[at + 3]),
            published_at_ns=int(tokens[at + 5]),
        )

    @property
    def message(self) -> MessageKey:
        """The same for every delivery of one message by one consumer.

        With the time of publishing: a stream in memory counts from 1 again when the server restarts.
        """
        return self.stream, self.consumer, self.sequence, self.published_at_ns


def is_receipt(reply: str) -> bool:
    """Whether a reply subject belongs to a delivered message, not to a status of the server."""
    return reply.startswith("$JS.ACK.")
