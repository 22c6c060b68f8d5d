"""What a channel holds, and the verdicts on it. The server settles; nothing is ever published again by the client."""

import time
from typing import Any

from kombu.transport import virtual
from typing_extensions import override

from kombu_jetstream._link.settlements import ACK, TERMINATE, requeue_verdict


class QoS(virtual.QoS):
    """kombu's interface over a plain dict: messages are settled from other threads too, and each step here is atomic.

    kombu's own restores by publishing again, and does so at exit, in forked children as well, whose parent holds the
    messages. None of that is wanted, so its constructor is not called.
    """

    def __init__(self, channel: Any, prefetch_count: int = 0) -> None:
        self.channel = channel
        self.prefetch_count = prefetch_count
        self._unsettled: dict[str, Any] = {}
        self._settled_s = float("-inf")

    @property
    def unsettled(self) -> int:
        return len(self._unsettled)

    @property
    def full_since(self) -> float | None:
        """Since when (monotonic) all that may be held is held and nothing was settled; None while there is room."""
        return None if self.can_consume() else self._settled_s

    @override
    def can_consume(self) -> bool:
        return not self.prefetch_count or len(self._unsettled) < self.prefetch_count

    @override
    def can_consume_max_estimate(self) -> int:
        return max(0, self.prefetch_count - len(self._unsettled)) if self.prefetch_count else 1

    @override
    def append(self, message: Any, delivery_tag: str) -> None:
        self._unsettled[delivery_tag] = message

    @override
    def get(self, delivery_tag: str) -> Any:
        return self._unsettled[delivery_tag]

    @override
    def ack(self, delivery_tag: str) -> None:
        self._settle(delivery_tag, ACK)

    @override
    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if requeue:
            self.requeue_after(delivery_tag, self._channel.options.requeue_delay_s)
        else:
            self._settle(delivery_tag, TERMINATE)

    def requeue_after(self, delivery_tag: str, delay_s: float) -> None:
        self._settle(delivery_tag, requeue_verdict(delay_s))

    @override
    def restore_unacked(self) -> None:
        """Hand everything back at once, so that nobody has to wait for ack_wait."""
        for tag in list(self._unsettled):
            self._settle(tag, requeue_verdict())

    @override
    def restore_unacked_once(self, stderr: Any | None = None) -> None:
        self.restore_unacked()

    @property
    def _channel(self) -> Any:
        return self.channel

    def _settle(self, delivery_tag: str, word: bytes) -> None:
        self._channel.settle(delivery_tag, word)
        self._unsettled.pop(delivery_tag, None)
        self._settled_s = time.monotonic()
        self._channel.pump()
