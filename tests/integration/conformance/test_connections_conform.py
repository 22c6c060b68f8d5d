"""Connections that cannot be made, break, or are made again, on every broker."""

from collections.abc import Callable, Iterator

import kombu
import pytest
from kombu.exceptions import OperationalError
from kombu.mixins import ConsumerMixin

from devstack.ports import free_port
from support.conformance.mailbox import declared, fetched, send, take
from support.tcp_proxy import TcpProxy

Connect = Callable[..., kombu.Connection]


class Reader(ConsumerMixin):
    """kombu's own consumer that connects again; it calls `on_first` with the first message and ends with "after"."""

    def __init__(self, connection: kombu.Connection, queue: str, on_first: Callable[[], object]) -> None:
        self.connection = connection
        self.got: list[object] = []
        self._queue = queue
        self._on_first = on_first

    def get_consumers(self, consumer, channel):
        return [consumer([kombu.Queue(self._queue)], callbacks=[self.on_message])]

    def on_message(self, body, message):
        message.ack()
        self.got.append(body)
        if len(self.got) == 1:
            self._on_first()
        self.should_stop = body == "after"


@pytest.fixture
def proxy(broker_url: str) -> Iterator[TcpProxy]:
    with TcpProxy(_port(broker_url)) as proxy:
        yield proxy


@pytest.fixture
def proxied(broker_url: str, proxy: TcpProxy) -> str:
    return _through(broker_url, proxy.port)


def test_nobody_at_the_address_is_a_connection_error(connect: Connect, broker_url: str) -> None:
    connection = connect(_through(broker_url, free_port()))
    with pytest.raises(connection.connection_errors) as caught:
        connection.connect()
    assert isinstance(caught.value, connection.recoverable_connection_errors)
    with pytest.raises(OperationalError):
        connection.ensure_connection(max_retries=1, interval_start=0, interval_max=0)


def test_a_publish_goes_through_after_its_connection_was_cut(connect: Connect, name: str, proxied: str, proxy) -> None:
    watching, publishing = connect(), connect(proxied)
    queue = declared(watching, name)
    send(publishing, name, "before")
    proxy.cut()
    send(publishing, name, "after")
    assert take(watching, queue, count=2) == ["before", "after"]
    assert queue.get() is None


def test_a_consumer_goes_on_after_its_connection_was_cut(connect: Connect, name: str, proxied: str, proxy) -> None:
    declared(connect(), name)
    send(connect(), name, "before")
    reader = Reader(connect(proxied), name, lambda: (proxy.cut(), send(connect(), name, "after")))
    reader.run()
    # What was acked the moment before may come again.
    assert (reader.got[0], reader.got[-1]) == ("before", "after")


def test_a_connection_may_be_closed_and_used_again(connect: Connect, name: str) -> None:
    connection = connect()
    declared(connection, name)
    send(connection, name, "kept")
    connection.close()
    assert not connection.connected
    message = fetched(kombu.Queue(name)(connection.default_channel))
    assert message.payload == "kept"
    message.ack()


def test_two_addresses_are_tried_in_turn(connect: Connect, name: str, broker_url: str) -> None:
    connection = connect(f"{_through(broker_url, free_port())};{broker_url}")
    connection.ensure_connection(max_retries=3, interval_start=0)
    queue = declared(connection, name)
    send(connection, name, "here")
    assert take(connection, queue, count=1) == ["here"]


def _port(url: str) -> int:
    return int(url.rpartition(":")[2].partition("/")[0])


def _through(url: str, port: int) -> str:
    head, _, tail = url.rpartition(":")
    return f"{head}:{port}/{tail.partition('/')[2]}"
