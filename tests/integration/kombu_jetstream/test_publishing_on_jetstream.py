"""Publishing as any kombu program does, on a real nats-server: what arrives, and what is refused or lost."""

import threading

import pytest

from kombu_jetstream.errors import ApiError, MessageTooLarge, PublishNotConfirmed, TopologyMissing
from support.kombu_jetstream.administration import as_operator
from support.kombu_jetstream.queues import Connect, declared, received
from support.nats_server import NatsServer


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
