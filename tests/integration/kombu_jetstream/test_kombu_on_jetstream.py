"""Exchanges, queues and verdicts as any kombu program uses them, on a real nats-server."""

import threading
import time
from collections.abc import Callable, Iterator

import kombu
import pytest
from amqp.exceptions import NotFound
from kombu.exceptions import ChannelError

from kombu_jetstream.errors import ApiError, MessageTooLarge, PublishNotConfirmed, TopologyMissing
from support.kombu_jetstream.administration import as_operator, consumer_state
from support.kombu_jetstream.worker import until
from support.nats_server import NatsServer

Connect = Callable[..., kombu.Connection]


@pytest.fixture
def connect(shared_server: NatsServer, prefix: str) -> Iterator[Connect]:
    made: list[kombu.Connection] = []

    def make(**options: object) -> kombu.Connection:
        given = {"ack_wait_s": 2, "publish_timeout_s": 5, **options}
        made.append(kombu.Connection(shared_server.url(prefix), transport_options=given))
        return made[-1]

    yield make
    for connection in made:
        connection.release()


def declared(connection: kombu.Connection, name: str = "q", **settings: object) -> kombu.Queue:
    queue = kombu.Queue(name, **settings)(connection.default_channel)
    queue.declare()
    return queue


def received(connection: kombu.Connection, queues: list[kombu.Queue], count: int) -> list[tuple[object, str]]:
    """(payload, queue) of the next `count` messages, acked."""
    got: list[tuple[object, str]] = []
    consumers = []
    for queue in queues:

        def take(payload: object, message: kombu.Message, name: str = queue.name) -> None:
            got.append((payload, name))
            message.ack()

        consumers.append(kombu.Consumer(connection.default_channel, [queue], callbacks=[take]))
    for consumer in consumers:
        consumer.consume()
    while len(got) < count:
        connection.drain_events(timeout=5)
    for consumer in consumers:
        consumer.cancel()
    return got


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


def test_a_message_beyond_max_payload_is_refused_and_the_connection_lives(connect: Connect) -> None:
    connection = connect()
    queue = declared(connection)
    with pytest.raises(MessageTooLarge, match="max_payload"):
        connection.Producer().publish("x" * 1_100_000, routing_key="q")
    connection.Producer().publish("fits", routing_key="q")
    assert queue.get().payload == "fits"


def test_a_publish_nobody_confirms_is_told(connect: Connect, shared_server: NatsServer, prefix: str) -> None:
    connection = connect(publish_timeout_s=0.5)
    declared(connection)

    async def drop(jetstream) -> None:
        await jetstream.delete_stream(f"{prefix.upper()}_TASKS")

    as_operator(shared_server.url(), drop)
    with pytest.raises(PublishNotConfirmed):
        connection.default_channel.basic_publish(
            connection.default_channel.prepare_message("lost"), exchange="", routing_key="q"
        )


def test_without_streams_and_without_leave_to_make_them_the_remedy_is_told(connect: Connect) -> None:
    with pytest.raises(TopologyMissing, match="apply stream_specs"):
        connect(create_streams=False).default_channel.queue_declare("q")
    assert issubclass(TopologyMissing, ApiError)


def test_a_hundred_messages_published_by_threads_all_arrive(connect: Connect) -> None:
    connection = connect()
    queue = declared(connection)

    def publish(start: int) -> None:
        with connect() as own:
            for number in range(start, start + 25):
                own.Producer().publish(number, routing_key="q")

    threads = [threading.Thread(target=publish, args=(start,)) for start in range(0, 100, 25)]
    for thread in threads:
        thread.start()
    got = received(connection, [queue], 100)
    for thread in threads:
        thread.join(10)
    assert sorted(payload for payload, _ in got) == list(range(100))


def test_an_idle_consumer_costs_no_cpu(connect: Connect) -> None:
    connection = connect()
    queue = declared(connection)
    with kombu.Consumer(connection.default_channel, [queue], on_message=lambda _: None):
        before_s = time.process_time()
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=2)
        assert time.process_time() - before_s < 0.1
