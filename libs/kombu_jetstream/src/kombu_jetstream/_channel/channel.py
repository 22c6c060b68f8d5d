"""Kombu's channel: publishing and consuming, each handed to the io thread. Declarations are next door."""

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty
from typing import Any

from typing_extensions import override

from kombu_jetstream._channel.consuming import Consumption, share_room
from kombu_jetstream._channel.declarations import Declarations
from kombu_jetstream._channel.message import Message
from kombu_jetstream._channel.qos import QoS
from kombu_jetstream._channel.run_notes import RunNotes
from kombu_jetstream._consume.ready import Arrival
from kombu_jetstream._consume.surplus import Surplus
from kombu_jetstream._link.settlements import ACK, requeue_verdict
from kombu_jetstream._messages.codec import from_wire
from kombu_jetstream._messages.identity import KEY, message_key
from kombu_jetstream._messages.lost_runs import Runs
from kombu_jetstream._messages.receipt import Receipt
from kombu_jetstream.errors import ConnectionFault

DRAIN_S = 2.0


class Channel(Declarations):
    QoS = QoS
    Message = Message
    supports_fanout = True
    do_restore = False
    #: Bodies travel raw.
    body_encoding = "utf-8"
    from_transport_options = ()

    def __init__(self, connection: Any, **kwargs: Any) -> None:
        self._transport = connection
        self.options = connection.options
        self._consuming: dict[str, Consumption] = {}
        self._run_notes = RunNotes(connection.broker.link)
        self._surplus = Surplus(lambda: self._verdicts.full_since, lambda: list(self._consuming.values()))
        # Acks come from other threads too, and an older allowance must never overtake a newer one.
        self._pumping = threading.Lock()
        super().__init__(connection, **kwargs)

    # Publishing

    @override
    def prepare_message(
        self,
        body: Any,
        priority: int | None = None,
        content_type: str | None = None,
        content_encoding: str | None = None,
        headers: dict[str, Any] | None = None,
        properties: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        properties = properties if properties is not None else {}
        properties.setdefault(KEY, message_key(headers, body))
        return super().prepare_message(body, priority, content_type, content_encoding, headers, properties)

    @override
    def basic_publish(self, message: Any, exchange: str, routing_key: str, **kwargs: Any) -> None:
        self._inplace_augment_message(message, exchange, routing_key)
        publisher = self._broker.publisher
        if exchange:
            self._broker.run(publisher.to_exchange(message, exchange, routing_key or ""))
        else:
            self._broker.run(publisher.to_queue(message, routing_key, self._broker.queues.get(routing_key)))

    # Consuming

    @override
    def basic_consume(
        self, queue: str, no_ack: bool, callback: Callable[..., Any] | None, consumer_tag: str | None, **kwargs: Any
    ) -> Any:
        declared = self._queue(queue)
        super().basic_consume(queue, no_ack, callback, consumer_tag, **kwargs)
        hand_over = self._transport.take_callback(queue)
        present = self._consuming.get(queue)
        if present is not None:
            present.hand_over = hand_over
            return
        consumption = Consumption(
            self._broker,
            declared,
            self._transport.ready,
            self._deliver,
            hand_over,
            surplus=self._surplus,
            no_ack=no_ack,
        )
        self._consuming[queue] = consumption
        self._broker.run(consumption.puller.start())
        self.pump()

    @override
    def basic_cancel(self, consumer_tag: str) -> None:
        queue = self._tag_to_queue.get(consumer_tag)
        super().basic_cancel(consumer_tag)
        if queue is None or queue in self._active_queues:
            return
        consumption = self._consuming.pop(queue, None)
        if consumption is not None and self._ours:
            self._broker.run(consumption.stop())
            for arrival in self._transport.ready.withdraw(consumption.intake):
                self.settle(arrival.receipt.tag, requeue_verdict())
            self.pump()

    @override
    def basic_get(self, queue: str, no_ack: bool = False, **kwargs: Any) -> Message | None:
        try:
            payload = self._get(queue)
        except Empty:
            return None
        message, tag = Message(payload, channel=self), payload["properties"]["delivery_tag"]
        if no_ack:
            self.settle(tag, ACK)
        else:
            self.qos.append(message, tag)
        return message

    @override
    def basic_qos(self, prefetch_size: int = 0, prefetch_count: int = 0, apply_global: bool = False) -> None:
        super().basic_qos(prefetch_size, prefetch_count, apply_global)
        self.pump()

    def basic_requeue_after(self, delivery_tag: str, delay_s: float) -> None:
        """Requeue, to be delivered again after `delay_s`."""
        self._verdicts.requeue_after(delivery_tag, delay_s)

    def settle(self, tag: str, word: bytes) -> None:
        """Post the verdict on a message; the server is told until it confirms."""
        if not self._ours:
            return
        if word.startswith(b"-NAK") and self._run_notes.is_open(tag):
            # What is told to no server is delivered again by itself.
            with suppress(ConnectionFault):
                self._broker.run(self._run_notes.hand_back(tag, word))
                return
        self._run_notes.forget(tag)
        self._broker.link.post(self._broker.link.settlements.settle, tag, word)

    def read_runs(self, delivery: dict[str, Any]) -> Runs:
        """What is noted of the message with this `delivery_info`; none of another stream's. Raises TransportError."""
        if delivery["stream"] != self._broker.names.task_stream:
            return Runs()
        return self._broker.run(self._run_notes.read(delivery))

    def note_runs(self, tag: str, delivery: dict[str, Any], runs: Runs, keep_s: float) -> None:
        """As `Message.note_runs`. Raises TransportError."""
        if delivery["stream"] == self._broker.names.task_stream:
            self._broker.run(self._run_notes.write(tag, delivery, runs, keep_s))

    def pump(self, about_to_hold: int = 0) -> None:
        """Tell the pullers what the channel may hold now."""
        if self.closed or not self._consuming or not self._ours:
            return
        with self._pumping:
            consumptions = list(self._consuming.values())
            held = self._verdicts.unsettled + about_to_hold
            share_room(consumptions, self.qos.prefetch_count, held, self.options.unlimited_prefetch)
        if len(self._transport.ready):
            self._transport.ready.wakeup.set()

    @override
    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        declared = self._queue(queue)
        message = self._broker.run(self._broker.fetch_one(declared))
        if message is None:
            raise Empty
        return from_wire(message, Receipt.parse(message.reply), queue)

    def _deliver(self, arrival: Arrival) -> bool:
        intake, tag = arrival.intake, arrival.receipt.tag
        consumption = self._consuming.get(intake.queue.name)
        if consumption is None or consumption.intake is not intake:
            self.settle(tag, requeue_verdict())
            return True
        if not consumption.no_ack and not self.qos.can_consume():
            return False
        intake.delivered += 1
        payload = consumption.opened(arrival)
        if payload is not None:
            if consumption.no_ack:
                self.settle(tag, ACK)
            elif len(self._consuming) > 1:
                # A pool without processes runs the task in here: the other queues must know before, not after.
                self.pump(about_to_hold=1)
            consumption.hand_over(payload)
        self.pump()
        return True

    # Life

    @property
    def _verdicts(self) -> QoS:
        qos = self.qos
        assert isinstance(qos, QoS)
        return qos

    @property
    def _ours(self) -> bool:
        return not self._broker.link.closed

    @override
    def close(self) -> None:
        """Stop consuming and hand back what is not settled. In a forked child only the object is closed."""
        if not self.closed and self._ours:
            for tag in list(self._consumers):
                self.basic_cancel(tag)
            if self._qos is not None:
                self._qos.restore_unacked()
            self._broker.run(self._broker.link.settlements.drain(DRAIN_S))
        super().close()
