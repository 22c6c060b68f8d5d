"""A received message, with the verdict that AMQP has no word for, and with what is known of its earlier runs."""

from typing import Any

from kombu.transport import virtual

from kombu_jetstream._messages.lost_runs import Runs


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

    @property
    def earlier_runs(self) -> Runs:
        """What was noted of runs before this delivery; nobody is asked on the first one.

        Raises:
            TransportError: nobody says.
        """
        channel: Any = self.channel
        return channel.read_runs(self.delivery_info) if self.delivery_info["redelivered"] else Runs()

    def note_runs(self, runs: Runs, keep_s: float) -> None:
        """Note it beside the message for `keep_s`, for whoever gets it next.

        What is noted as unfinished is noted as finished when this message is handed back, by whatever way.

        Raises:
            TransportError: it is not noted.
        """
        channel: Any = self.channel
        channel.note_runs(self.delivery_tag, self.delivery_info, runs, keep_s)
