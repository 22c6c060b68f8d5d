"""A received message, with the one verdict that AMQP has no word for."""

from typing import Any

from kombu.transport import virtual


class Message(virtual.Message):
    def requeue_after(self, delay_s: float) -> None:
        """Give the message back; the server delivers it again, to anyone, after `delay_s`.

        Raises:
            MessageStateError: it was settled before.
        """
        if self.acknowledged:
            raise self.MessageStateError(f"Message already acknowledged with state: {self._state}")
        channel: Any = self.channel
        channel.basic_requeue_after(self.delivery_tag, delay_s)
        self._state = "REQUEUED"
