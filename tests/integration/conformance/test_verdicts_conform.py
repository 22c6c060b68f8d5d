"""Ack, reject and requeue, and what happens to a message that gets none, on every broker."""

import threading
from collections.abc import Callable

import kombu
import pytest

from support.conformance.mailbox import arrive, consuming, declared, fetched, let_come, send, take

Connect = Callable[..., kombu.Connection]


def test_an_acked_message_is_gone(connect: Connect, name: str) -> None:
    first = connect()
    queue = declared(first, name)
    send(first, name, "done", "next")
    fetched(queue).ack()
    first.release()
    assert take(connect(), kombu.Queue(name), count=1) == ["next"]


def test_a_rejected_message_is_gone(connect: Connect, name: str) -> None:
    first = connect()
    queue = declared(first, name)
    send(first, name, "bad", "next")
    fetched(queue).reject()
    first.release()
    assert take(connect(), kombu.Queue(name), count=1) == ["next"]


@pytest.mark.parametrize("how", ["requeue", "reject"])
def test_a_requeued_message_comes_again_and_says_so(connection: kombu.Connection, name: str, how: str) -> None:
    queue = declared(connection, name)
    send(connection, name, "again")
    first = fetched(queue)
    assert not first.delivery_info.get("redelivered")
    first.requeue() if how == "requeue" else first.reject(requeue=True)
    second = fetched(queue)
    assert second.payload == "again"
    assert second.delivery_info["redelivered"] is True
    second.ack()


def test_a_requeued_message_comes_before_those_behind_it(connection: kombu.Connection, name: str) -> None:
    queue = declared(connection, name)
    send(connection, name, "first", "second", "third")
    fetched(queue).requeue()
    assert take(connection, queue, count=3) == ["first", "second", "third"]


@pytest.mark.parametrize("whole", ["channel", "connection"])
def test_closing_hands_back_what_is_not_settled(connect: Connect, name: str, whole: str) -> None:
    first = connect()
    queue = declared(first, name)
    send(first, name, "kept")
    with consuming(first, queue) as arrived:
        arrive(first, arrived, 1)
    first.default_channel.close() if whole == "channel" else first.release()
    assert take(connect(), kombu.Queue(name), count=1) == ["kept"]


def test_a_message_without_ack_is_gone_when_delivered(connect: Connect, name: str) -> None:
    first = connect()
    queue = declared(first, name)
    send(first, name, "once")
    with consuming(first, queue, no_ack=True) as arrived:
        arrive(first, arrived, 1)
    first.release()
    assert declared(connect(), name).get() is None


def test_prefetch_bounds_what_is_held_and_an_ack_makes_room(connection: kombu.Connection, name: str) -> None:
    queue = declared(connection, name)
    send(connection, name, *range(10))
    with consuming(connection, queue, prefetch_count=3) as arrived:
        arrive(connection, arrived, 3)
        let_come(connection)
        assert len(arrived) == 3
        arrived[0].ack()
        arrive(connection, arrived, 4)
        let_come(connection)
        assert [message.payload for message in arrived] == [0, 1, 2, 3]


def test_what_one_consumer_cannot_hold_goes_to_another(connect: Connect, name: str) -> None:
    slow, fast = connect(), connect()
    queue = declared(slow, name)
    send(slow, name, *range(6))
    with consuming(slow, queue, prefetch_count=2) as held:
        arrive(slow, held, 2)
        rest = take(fast, kombu.Queue(name), count=4)
    assert sorted([*rest, *(message.payload for message in held)]) == list(range(6))


def test_no_message_goes_to_two_consumers(connect: Connect, name: str) -> None:
    declared(connect(), name)
    send(connect(), name, *range(100))
    taken: list[int] = []
    barrier = threading.Barrier(2)

    def work() -> None:
        own = connect()
        with consuming(own, kombu.Queue(name), prefetch_count=5) as arrived:
            barrier.wait(10)
            while len(taken) < 100:
                try:
                    own.drain_events(timeout=0.2)
                except TimeoutError:
                    continue
                while arrived:
                    message = arrived.pop(0)
                    taken.append(message.payload)
                    message.ack()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(taken) == list(range(100))


def test_a_cancelled_consumer_gets_nothing_more(connection: kombu.Connection, name: str) -> None:
    queue = declared(connection, name)
    with consuming(connection, queue) as arrived:
        let_come(connection, 0.2)
    send(connection, name, "later")
    let_come(connection)
    assert not arrived
    assert take(connection, queue, count=1) == ["later"]


def test_the_urgent_message_comes_first(broker, connection: kombu.Connection, name: str) -> None:
    queue = declared(connection, name, max_priority=9)
    for priority in sorted(broker.priorities):
        send(connection, name, priority, priority=priority)
        send(connection, name, priority, priority=priority)
    expected = [priority for priority in broker.priorities for _ in range(2)]
    assert take(connection, queue, count=8) == expected


def test_a_transient_queue_gives_the_urgent_message_first(broker, connection: kombu.Connection, name: str) -> None:
    queue = declared(connection, name, max_priority=9, auto_delete=True, durable=False)
    for priority in sorted(broker.priorities):
        send(connection, name, priority, priority=priority)
    assert take(connection, queue, count=4) == list(broker.priorities)
