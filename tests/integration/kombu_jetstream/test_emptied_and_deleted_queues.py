"""Purging and deleting queues as any kombu program does, on a real nats-server."""

import time

import pytest
from amqp.exceptions import NotFound
from kombu.exceptions import ChannelError

from support.kombu_jetstream.queues import Connect, declared
from support.kombu_jetstream.worker import until


@pytest.mark.parametrize("auto_delete", [False, True], ids=["durable", "transient"])
@pytest.mark.parametrize("max_priority", [None, 9], ids=["plain", "prioritized"])
def test_purge_counts_and_removes_what_waits(connect: Connect, auto_delete: bool, max_priority: int | None) -> None:
    connection = connect()
    queue = declared(connection, auto_delete=auto_delete, max_priority=max_priority)
    for number in range(3):
        connection.Producer().publish(number, routing_key="q", priority=number * 3)
    assert queue.purge() == 3
    assert queue.get() is None


@pytest.mark.parametrize("max_priority", [None, 9], ids=["plain", "prioritized"])
def test_purge_leaves_what_a_worker_holds(connect: Connect, max_priority: int | None) -> None:
    working, purging = connect(ack_wait_s=60), connect(ack_wait_s=60)
    queue = declared(working, max_priority=max_priority)
    for number in range(3):
        working.Producer().publish(number, routing_key="q")
    held, handed_back = queue.get(), queue.get()
    handed_back.requeue()
    working.Producer().publish("more", routing_key="q")
    until(lambda: declared(purging, max_priority=max_priority).queue_declare().message_count == 2)
    assert declared(purging, max_priority=max_priority).purge() == 3
    assert queue.get() is None
    held.requeue()
    again = until(queue.get)
    assert (again.payload, again.delivery_info["redelivered"]) == (0, True)


def test_purge_takes_more_than_one_batch_out(connect: Connect) -> None:
    connection = connect()
    queue = declared(connection)
    for number in range(1200):
        connection.Producer().publish(number, routing_key="q")
    held = queue.get()
    assert queue.purge() == 1199
    held.ack()


def test_a_deleted_queue_is_not_found_any_more(connect: Connect) -> None:
    connection = connect()
    queue = declared(connection)
    queue.queue_declare(passive=True)
    queue.delete(if_empty=True)
    with pytest.raises((ChannelError, NotFound), match="NOT_FOUND"):
        connect().channel().queue_declare("q", passive=True)


def test_what_was_held_of_a_deleted_queue_keeps_nobody_waiting(connect: Connect) -> None:
    connection = connect()
    queue = declared(connection)
    for number in range(3):
        connection.Producer().publish(number, routing_key="q")
    acked, rejected, _ = queue.get(), queue.get(), queue.get()
    queue.delete()
    began_s = time.monotonic()
    acked.ack()
    rejected.requeue()
    connection.release()
    assert time.monotonic() - began_s < 1.5
    again = connect()
    queue = declared(again)
    again.Producer().publish("new", routing_key="q")
    message = queue.get()
    assert message.payload == "new"
    message.ack()
