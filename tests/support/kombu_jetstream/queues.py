"""What tests do with queues: declare one, take from it, have a message given up, look at it."""

from collections.abc import Callable

import kombu

from kombu_jetstream import QueueState, queue_states
from support.kombu_jetstream.worker import until

#: Connections of a test with the transport options it gives.
Connect = Callable[..., kombu.Connection]


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


def only(connection: kombu.Connection | str, **asked: object) -> QueueState:
    (state,) = queue_states(connection, **asked)
    return state


def give_up(connection: kombu.Connection, queue: kombu.Queue) -> None:
    """Have the only message of `queue` given up."""
    queue.get().requeue()
    assert queue.get() is None
    until(lambda: only(connection).given_up == 1)
