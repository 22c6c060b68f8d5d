"""One message through a broker and back: the shortest proof that a connection has what it needs."""

from typing import Any

import kombu

DEADLINE_S = 20


def attempt(url: str, *, ssl: Any = None, **options: Any) -> None:
    """Connect once. kombu itself would try again two seconds later, and hide our error in one of its own."""
    with kombu.Connection(url, ssl=ssl, transport_options=options) as connection:
        transport = connection.transport
        transport.close_connection(transport.establish_connection())


def round_trip(url: str, *, ssl: Any = None, **options: Any) -> None:
    """Declare, publish, receive, ack, delete."""
    with kombu.Connection(url, ssl=ssl, transport_options={"publish_timeout_s": 10, **options}) as connection:
        queue = kombu.Queue("round_trip")(connection.default_channel)
        queue.declare()
        connection.Producer().publish("there and back", routing_key="round_trip")
        got: list[Any] = []

        def take(body: Any, message: kombu.Message) -> None:
            got.append(body)
            message.ack()

        with kombu.Consumer(connection.default_channel, [queue], callbacks=[take]):
            connection.drain_events(timeout=DEADLINE_S)
        assert got == ["there and back"]
