"""What a test does with queues: declare, send, and take in what comes, on any broker."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import kombu

ARRIVES_S = 10.0
#: Long enough to see that nothing comes.
SILENCE_S = 0.5
ACCEPTED = ["json", "pickle", "yaml", "application/data", "text/plain"]


def declared(connection: kombu.Connection, name: str, **settings: Any) -> kombu.Queue:
    queue = kombu.Queue(name, **settings)(connection.default_channel)
    queue.declare()
    return queue


def send(connection: kombu.Connection, queue: str, *payloads: object, **properties: Any) -> None:
    """Through the default exchange, and as Celery does: persistent, again after a lost connection."""
    producer = connection.Producer()
    for payload in payloads:
        producer.publish(payload, routing_key=queue, retry=True, **properties)


@contextmanager
def consuming(
    connection: kombu.Connection, *queues: kombu.Queue, prefetch_count: int | None = None, no_ack: bool = False
) -> Iterator[list[kombu.Message]]:
    """What arrives, in its order; nothing is settled."""
    arrived: list[kombu.Message] = []
    consumer = kombu.Consumer(
        connection.default_channel,
        list(queues),
        on_message=arrived.append,
        prefetch_count=prefetch_count,
        no_ack=no_ack,
        accept=ACCEPTED,
    )
    with consumer:
        yield arrived


def arrive(connection: kombu.Connection, arrived: list[kombu.Message], count: int, within_s: float = ARRIVES_S) -> None:
    """Return once `count` messages are in `arrived`."""
    deadline_s = time.monotonic() + within_s
    while len(arrived) < count:
        assert time.monotonic() < deadline_s, f"{len(arrived)} of {count} messages came"
        with suppress(TimeoutError):
            connection.drain_events(timeout=0.5)


def let_come(connection: kombu.Connection, for_s: float = SILENCE_S) -> None:
    """Take in whatever is delivered within this time."""
    deadline_s = time.monotonic() + for_s
    while (left_s := deadline_s - time.monotonic()) > 0:
        with suppress(TimeoutError):
            connection.drain_events(timeout=left_s)


def take(connection: kombu.Connection, *queues: kombu.Queue, count: int) -> list[Any]:
    """The payloads of the next `count` messages, acked as they come, and no more than these."""
    with consuming(connection, *queues, prefetch_count=1) as arrived:
        for number in range(count):
            arrive(connection, arrived, number + 1)
            arrived[number].ack()
    return [message.decode() for message in arrived]


def fetched(queue: kombu.Queue, within_s: float = ARRIVES_S) -> kombu.Message:
    """The next message, as soon as there is one."""
    deadline_s = time.monotonic() + within_s
    while (message := queue.get(accept=ACCEPTED)) is None:
        assert time.monotonic() < deadline_s, "nothing came"
        time.sleep(0.02)
    return message
