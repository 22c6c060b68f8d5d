"""Exchanges and bindings as any kombu program uses them, on a real nats-server."""

import kombu
import pytest

from support.kombu_jetstream.queues import Connect, declared, received


def test_bindings_that_overlap_give_a_transient_queue_one_copy(connect: Connect) -> None:
    connection = connect()
    exchange = kombu.Exchange("news", type="topic")
    queue = declared(connection, exchange=exchange, routing_key="uk.sport", auto_delete=True)
    for key in ("uk.#", "uk.*", "#"):
        queue.bind_to(exchange, key)
    connection.Producer().publish("a", exchange=exchange, routing_key="uk.sport")
    connection.Producer().publish("b", exchange=exchange, routing_key="fr")
    assert received(connection, [queue], 2) == [("a", "q"), ("b", "q")]
    assert queue.get() is None
    queue.unbind_from(exchange, "#")
    connection.Producer().publish("c", exchange=exchange, routing_key="fr")
    connection.Producer().publish("d", exchange=exchange, routing_key="uk.x.y")
    assert received(connection, [queue], 1) == [("d", "q")]


@pytest.mark.parametrize("kind", ["direct", "topic", "fanout"])
@pytest.mark.parametrize("auto_delete", [False, True], ids=["durable", "transient"])
def test_an_exchange_gives_each_bound_queue_its_copy(connect: Connect, kind: str, auto_delete: bool) -> None:
    publishing, consuming = connect(), connect()
    exchange = kombu.Exchange("news", type=kind)
    keys = {"direct": ("uk", "fr"), "topic": ("uk.#", "*.sport"), "fanout": ("", "")}[kind]
    queues = [
        declared(consuming, name, exchange=exchange, routing_key=key, auto_delete=auto_delete)
        for name, key in zip(("one", "two"), keys, strict=True)
    ]
    producer = publishing.Producer()
    sent = {"direct": "uk", "topic": "uk.sport", "fanout": "any"}[kind]
    producer.publish("a", exchange=exchange, routing_key=sent, declare=[exchange])
    expected = {"direct": [("a", "one")]}.get(kind, [("a", "one"), ("a", "two")])
    assert sorted(received(consuming, queues, len(expected))) == expected


def test_an_unbound_queue_gets_nothing_more(connect: Connect) -> None:
    connection = connect()
    exchange = kombu.Exchange("news", type="direct")
    for name, transient in (("kept", False), ("passing", True)):
        queue = declared(connection, name, exchange=exchange, routing_key="k", auto_delete=transient)
        queue.unbind_from(exchange, "k")
        connection.Producer().publish("a", exchange=exchange, routing_key="k")
        assert queue.get() is None
