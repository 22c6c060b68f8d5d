"""Declaring, binding, purging and deleting queues, on every broker."""

from collections.abc import Callable

import kombu
import pytest
from amqp.exceptions import NotFound
from kombu.exceptions import ChannelError

from support.conformance.mailbox import arrive, consuming, declared, fetched, let_come, send, take
from support.eventually import wait_until

Connect = Callable[..., kombu.Connection]
KINDS = pytest.mark.parametrize("auto_delete", [False, True], ids=["durable", "transient"])


def test_nothing_is_got_from_an_empty_queue(connection: kombu.Connection, name: str) -> None:
    assert declared(connection, name).get() is None


def test_a_queue_tells_how_many_messages_wait(connection: kombu.Connection, name: str) -> None:
    queue = declared(connection, name)
    send(connection, name, *range(3))
    wait_until(lambda: queue.queue_declare(passive=True).message_count == 3)
    fetched(queue).ack()
    wait_until(lambda: queue.queue_declare(passive=True).message_count == 2)


@KINDS
@pytest.mark.parametrize(
    ("kind", "keys", "sent", "takers"),
    [
        ("direct", ("uk", "fr"), "uk", (0,)),
        ("direct", ("uk", "uk"), "uk", (0, 1)),
        ("topic", ("uk.*", "*.sport"), "uk.sport", (0, 1)),
        ("topic", ("uk.*", "uk.*.x"), "uk.sport", (0,)),
        ("topic", ("uk.#", "fr.#"), "uk.a.b", (0,)),
        ("topic", ("uk.#", "#"), "uk.a", (0, 1)),
    ],
)
def test_an_exchange_gives_each_queue_whose_binding_matches_its_copy(
    connect: Connect,
    name: str,
    auto_delete: bool,
    kind: str,
    keys: tuple[str, str],
    sent: str,
    takers: tuple[int, ...],
) -> None:
    publishing, consuming = connect(), connect()
    exchange = kombu.Exchange(name, type=kind)
    queues = [
        declared(consuming, f"{name}-{number}", exchange=exchange, routing_key=key, auto_delete=auto_delete)
        for number, key in enumerate(keys)
    ]
    publishing.Producer().publish("news", exchange=exchange, routing_key=sent, declare=[exchange])
    for number, queue in enumerate(queues):
        if number in takers:
            assert fetched(queue).payload == "news"
        assert queue.get() is None


@KINDS
def test_a_fanout_gives_each_consumer_its_copy(connect: Connect, name: str, auto_delete: bool) -> None:
    exchange = kombu.Exchange(name, type="fanout")
    one, two = connect(), connect()
    queues = [
        declared(connection, f"{name}-{number}", exchange=exchange, auto_delete=auto_delete)
        for number, connection in enumerate((one, two))
    ]
    with consuming(one, queues[0]) as first, consuming(two, queues[1]) as second:
        # Redis subscribes when the consumer first waits.
        for connection in (one, two):
            let_come(connection, 0.2)
        connect().Producer().publish("news", exchange=exchange, declare=[exchange])
        for connection, arrived in ((one, first), (two, second)):
            arrive(connection, arrived, 1)
            arrived[0].ack()


@KINDS
def test_a_fanout_keeps_its_message_for_a_queue_that_nobody_consumes(
    connection: kombu.Connection, name: str, auto_delete: bool
) -> None:
    exchange = kombu.Exchange(name, type="fanout")
    queue = declared(connection, name, exchange=exchange, auto_delete=auto_delete)
    connection.Producer().publish("news", exchange=exchange)
    assert take(connection, queue, count=1) == ["news"]


@KINDS
@pytest.mark.parametrize(
    ("pattern", "matching"),
    [("uk.#", ["uk", "uk.a.end"]), ("#.sport", ["uk.a.sport", "sport"]), ("uk.#.end", ["uk.end", "uk.a.end"])],
)
def test_a_hash_stands_for_any_number_of_words_anywhere(
    connection: kombu.Connection, name: str, auto_delete: bool, pattern: str, matching: list[str]
) -> None:
    exchange = kombu.Exchange(name, type="topic")
    queue = declared(connection, name, exchange=exchange, routing_key=pattern, auto_delete=auto_delete)
    for key in ("other", "ukx.end", *matching, "fr.sports"):
        connection.Producer().publish(key, exchange=exchange, routing_key=key)
    with consuming(connection, queue) as arrived:
        arrive(connection, arrived, 2)
        let_come(connection, 0.2)
        assert [message.payload for message in arrived] == matching
        for message in arrived:
            message.ack()


@KINDS
def test_what_a_binding_does_not_match_is_not_got_either(
    connection: kombu.Connection, name: str, auto_delete: bool
) -> None:
    exchange = kombu.Exchange(name, type="topic")
    queue = declared(connection, name, exchange=exchange, routing_key="#.sport", auto_delete=auto_delete)
    for key in ("other", "uk.sport"):
        connection.Producer().publish(key, exchange=exchange, routing_key=key)
    assert fetched(queue).payload == "uk.sport"
    assert queue.get() is None


@KINDS
@pytest.mark.parametrize("keys", [("uk.#", "uk.sport"), ("uk.*", "*.sport")], ids=["within", "across"])
def test_bindings_that_overlap_give_one_copy(
    connection: kombu.Connection, name: str, auto_delete: bool, keys: tuple[str, str]
) -> None:
    exchange = kombu.Exchange(name, type="topic")
    queue = declared(connection, name, exchange=exchange, routing_key=keys[0], auto_delete=auto_delete)
    queue.bind_to(exchange, keys[1])
    connection.Producer().publish("news", exchange=exchange, routing_key="uk.sport")
    assert fetched(queue).payload == "news"
    assert queue.get() is None


@KINDS
def test_an_unbound_queue_gets_nothing_more(connection: kombu.Connection, name: str, auto_delete: bool) -> None:
    exchange = kombu.Exchange(name, type="direct")
    queue = declared(connection, name, exchange=exchange, routing_key="k", auto_delete=auto_delete)
    queue.unbind_from(exchange, "k")
    connection.Producer().publish("news", exchange=exchange, routing_key="k")
    assert queue.get() is None


def test_a_message_that_no_binding_takes_is_dropped(connection: kombu.Connection, name: str) -> None:
    exchange = kombu.Exchange(name, type="direct")
    queue = declared(connection, name, exchange=exchange, routing_key="k")
    connection.Producer().publish("lost", exchange=exchange, routing_key="other")
    assert queue.get() is None


@KINDS
def test_purge_removes_and_counts_what_waits(connection: kombu.Connection, name: str, auto_delete: bool) -> None:
    queue = declared(connection, name, auto_delete=auto_delete)
    send(connection, name, *range(3))
    assert queue.purge() == 3
    assert queue.get() is None


def test_purge_leaves_what_is_held(connect: Connect, name: str) -> None:
    working = connect()
    queue = declared(working, name)
    send(working, name, "held", "waiting")
    held = fetched(queue)
    assert declared(connect(), name).purge() == 1
    held.requeue()
    assert take(working, queue, count=1) == ["held"]


def test_a_declared_queue_is_found_though_it_is_empty(connect: Connect, name: str) -> None:
    declared(connect(), name)
    connect().default_channel.queue_declare(name, passive=True)


def test_a_queue_that_was_never_declared_or_is_deleted_is_not_found(connect: Connect, name: str) -> None:
    with pytest.raises((ChannelError, NotFound)):
        connect().channel().queue_declare(name, passive=True)
    connection = connect()
    queue = declared(connection, name)
    send(connection, name, "x")
    queue.delete()
    with pytest.raises((ChannelError, NotFound)):
        connect().channel().queue_declare(name, passive=True)


def test_a_deleted_queue_comes_back_empty(connect: Connect, name: str) -> None:
    connection = connect()
    queue = declared(connection, name)
    send(connection, name, "x")
    queue.delete()
    assert declared(connect(), name).get() is None
