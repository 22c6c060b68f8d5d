"""Urgent messages come first, as any kombu program sends them, on a real nats-server."""

import kombu
import pytest
from amqp.exceptions import NotFound
from kombu.exceptions import ChannelError

from support.kombu_jetstream.queues import Connect, declared, received


@pytest.mark.parametrize("auto_delete", [False, True], ids=["durable", "transient"])
def test_urgent_messages_come_first(connect: Connect, auto_delete: bool) -> None:
    connection = connect()
    queue = declared(connection, max_priority=9, auto_delete=auto_delete)
    producer = connection.Producer()
    for priority in (0, 4, 9, 6, 1, 9):
        producer.publish(priority, routing_key="q", priority=priority)
    assert [payload for payload, _ in received(connection, [queue], 6)] == [9, 9, 6, 4, 0, 1]
    producer.publish("late", routing_key="q", priority=3)
    assert received(connection, [queue], 1) == [("late", "q")]
    assert queue.get() is None


@pytest.mark.parametrize("auto_delete", [False, True], ids=["durable", "transient"])
@pytest.mark.parametrize("priorities", [(9, None), (None, 9)], ids=["with first", "without first"])
def test_two_processes_may_differ_about_priorities_of_a_queue(
    connect: Connect, auto_delete: bool, priorities: tuple[int | None, int | None]
) -> None:
    first, second = connect(), connect()
    declared(first, max_priority=priorities[0], auto_delete=auto_delete)
    queue = declared(second, max_priority=priorities[1], auto_delete=auto_delete)
    first.Producer().publish("x", routing_key="q", priority=7)
    assert queue.get(no_ack=True).payload == "x"
    assert queue.get() is None
    queue.delete()
    with pytest.raises((ChannelError, NotFound), match="NOT_FOUND"):
        connect().channel().queue_declare("q", passive=True)


def test_urgent_messages_to_an_exchange_come_first_on_a_transient_queue(connect: Connect) -> None:
    connection = connect()
    exchange = kombu.Exchange("news", type="topic")
    queue = declared(connection, exchange=exchange, routing_key="uk.#", max_priority=9, auto_delete=True)
    for priority in (0, 9, 6, 3):
        connection.Producer().publish(priority, exchange=exchange, routing_key="uk.sport", priority=priority)
    assert [payload for payload, _ in received(connection, [queue], 4)] == [9, 6, 3, 0]
