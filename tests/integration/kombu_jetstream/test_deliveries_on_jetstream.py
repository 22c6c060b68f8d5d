"""Messages and verdicts as any kombu program uses them, on a real nats-server."""

import threading
import time

import kombu
import pytest

from support.kombu_jetstream.administration import consumer_state
from support.kombu_jetstream.queues import Connect, declared
from support.kombu_jetstream.worker import until
from support.nats_server import NatsServer


def test_a_published_message_is_there_to_get_at_once(connect: Connect) -> None:
    connection = connect()
    queue = declared(connection)
    for number in range(500):
        connection.Producer().publish(number, routing_key="q")
        assert queue.get(no_ack=True).payload == number


def test_prefetch_bounds_what_is_held_and_an_ack_makes_room(
    connect: Connect, shared_server: NatsServer, prefix: str
) -> None:
    connection = connect()
    queue = declared(connection)
    for number in range(10):
        connection.Producer().publish(number, routing_key="q")
    held: list[kombu.Message] = []
    with kombu.Consumer(connection.default_channel, [queue], on_message=held.append, prefetch_count=3):
        while len(held) < 3:
            connection.drain_events(timeout=5)
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.3)
        state = consumer_state(shared_server.url(), f"{prefix.upper()}_TASKS", "q")
        assert state[:2] == (7, 3)
        # From another thread, as pools do.
        acking = threading.Thread(target=held[0].ack)
        acking.start()
        acking.join(5)
        connection.drain_events(timeout=5)
        assert len(held) == 4


def test_two_queues_of_one_channel_share_its_prefetch(connect: Connect) -> None:
    connection = connect()
    queues = [declared(connection, name) for name in ("one", "two")]
    for number in range(8):
        connection.Producer().publish(number, routing_key="one" if number % 2 else "two")
    held: list[kombu.Message] = []
    with kombu.Consumer(connection.default_channel, queues, on_message=held.append, prefetch_count=2):
        seen = 0
        while seen < 8:
            connection.drain_events(timeout=5)
            assert len(held) <= 2
            while held:
                held.pop(0).ack()
                seen += 1


def test_a_cancelled_consumer_hands_back_what_it_had_not_delivered(connect: Connect) -> None:
    connection = connect(ack_wait_s=60)
    queue = declared(connection)
    for number in range(5):
        connection.Producer().publish(number, routing_key="q")
    consumer = kombu.Consumer(connection.default_channel, [queue], on_message=lambda _: None, prefetch_count=5)
    consumer.consume()
    until(lambda: len(connection.transport.ready) == 5)
    consumer.cancel()
    assert sorted(until(queue.get).payload for _ in range(5)) == list(range(5))


@pytest.mark.parametrize("max_priority", [None, 9], ids=["plain", "prioritized"])
def test_what_a_cancelled_consumer_had_is_requeued_in_its_order(connect: Connect, max_priority: int | None) -> None:
    connection = connect()
    queue = declared(connection, max_priority=max_priority)
    for _ in range(60):
        for number in range(3):
            connection.Producer().publish(number, routing_key="q")
        for verdict in ("requeue", "ack"):
            got: list[kombu.Message] = []
            with kombu.Consumer(connection.default_channel, [queue], on_message=got.append):
                while len(got) < 3:
                    connection.drain_events(timeout=5)
            assert [message.payload for message in got] == [0, 1, 2]
            for message in got:
                getattr(message, verdict)()


def test_closing_a_channel_hands_back_what_is_not_settled(connect: Connect) -> None:
    connection = connect(ack_wait_s=60)
    declared(connection)
    connection.Producer().publish("x", routing_key="q")
    channel = connection.channel()
    assert kombu.Queue("q")(channel).get().payload == "x"
    channel.close()
    again = until(kombu.Queue("q")(connection.default_channel).get)
    assert again.delivery_info["redelivered"] is True


def test_a_message_lives_no_longer_than_its_expiration(connect: Connect) -> None:
    connection = connect()
    queue = declared(connection)
    connection.Producer().publish("short", routing_key="q", expiration=1)
    connection.Producer().publish("long", routing_key="q", expiration=60)
    until(lambda: queue.queue_declare().message_count == 1)
    assert queue.get().payload == "long"


def test_an_idle_consumer_costs_no_cpu(connect: Connect) -> None:
    connection = connect()
    queue = declared(connection)
    with kombu.Consumer(connection.default_channel, [queue], on_message=lambda _: None):
        before_s = time.process_time()
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=2)
        assert time.process_time() - before_s < 0.1
