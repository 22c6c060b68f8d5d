"""The server, the connection or the process goes away in the middle: nothing confirmed is lost, nothing runs twice."""

import json
import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path

import kombu
import pytest
from celery import Celery

from kombu_jetstream.errors import CannotConnect, LinkClosed
from support.kombu_jetstream.worker import Ledger, Worker, until
from support.nats_server import NatsServer

NOTE = "support.kombu_jetstream.celery_app.note"


@pytest.fixture
def restartable(own_server: NatsServer, tmp_path: Path, ledger: Ledger) -> Iterator[Celery]:
    """A client of a server that the test may break, with a worker on it."""
    options = {"ack_wait_s": 2}
    environment = {
        "BROKER_URL": own_server.url("faults"),
        "LEDGER": str(ledger.path),
        "TRANSPORT_OPTIONS": json.dumps(options),
    }
    worker = Worker(tmp_path, "worker", environment).start()
    with Celery("client", broker=environment["BROKER_URL"], set_as_current=False) as app:
        app.conf.broker_transport_options = options
        app.conf.task_ignore_result = True
        app.conf.task_default_queue = "tasks"
        yield app
    worker.kill_group()


def test_a_task_under_way_while_the_server_restarts_is_done_once(
    restartable: Celery, own_server: NatsServer, ledger: Ledger
) -> None:
    restartable.send_task(NOTE.replace("note", "work"), args=("through", 3.0))
    ledger.wait("began", name="through")
    own_server.kill()
    # Longer than ack_wait: the server will deliver it again, to the worker that still has it.
    time.sleep(2.5)
    own_server.start()
    ledger.wait("ended", name="through")
    restartable.send_task(NOTE, args=("after",))
    ledger.wait("ran", name="after")
    time.sleep(2.5)
    assert len(ledger.lines("began", name="through")) == 1
    assert restartable.control.ping(timeout=5, limit=1), "remote control comes back as well"


def test_a_message_settled_while_disconnected_stays_settled(own_server: NatsServer) -> None:
    options = {"ack_wait_s": 1}
    with kombu.Connection(own_server.url("acks"), transport_options=options) as connection:
        queue = kombu.Queue("q")(connection.channel())
        queue.declare()
        connection.Producer().publish({"n": 1}, routing_key="q")
        message = queue.get()
        own_server.kill()
        message.ack()
        own_server.start()
        time.sleep(1.5)
        assert queue.get() is None
        until(lambda: queue.queue_declare().message_count == 0)


@pytest.mark.parametrize(
    "settings", [{}, {"max_priority": 9}, {"auto_delete": True}], ids=["plain", "priorities", "transient"]
)
def test_a_consumer_goes_on_after_the_server_restarts(own_server: NatsServer, settings: dict[str, object]) -> None:
    held: list[kombu.Message] = []
    with kombu.Connection(own_server.url("again"), transport_options={"ack_wait_s": 1}) as connection:
        queue = kombu.Queue("q", **settings)(connection.default_channel)
        queue.declare()
        producer = connection.Producer()
        with kombu.Consumer(connection.default_channel, [queue], on_message=held.append, prefetch_count=2):
            producer.publish("first", routing_key="q")
            connection.drain_events(timeout=5)
            held[0].ack()
            connection.transport.broker.run(connection.transport.broker.link.settlements.drain(5))
            own_server.restart()

            def arrived() -> bool:
                # A transient queue is made again when its consumer notices; what is sent before may be lost.
                producer.publish("second", routing_key="q")
                try:
                    connection.drain_events(timeout=0.5)
                except TimeoutError:
                    return False
                return True

            until(arrived)
            assert held[1].payload == "second"


def test_a_held_message_is_kept_beyond_ack_wait_until_max_hold(own_server: NatsServer) -> None:
    options = {"ack_wait_s": 0.5, "max_hold_s": 2}
    with kombu.Connection(own_server.url("held"), transport_options=options) as connection:
        queue = kombu.Queue("q")(connection.default_channel)
        queue.declare()
        connection.Producer().publish("x", routing_key="q")
        message = queue.get()
        began_s = time.monotonic()
        with kombu.Connection(own_server.url("held"), transport_options={"ack_wait_s": 0.5}) as other:
            elsewhere = kombu.Queue("q")(other.default_channel)
            again = until(elsewhere.get)
            assert 2.0 <= time.monotonic() - began_s < 4
            assert again.delivery_info["redelivered"]
            again.requeue_after(0.1)
            once_more = until(elsewhere.get)
            once_more.reject()
        assert not message.acknowledged


def _publish(inherited: kombu.Connection, channel: object) -> None:
    with pytest.raises(LinkClosed):
        channel.queue_declare("forked")
    # kombu sees that the connection is not the child's, and makes a new one.
    inherited.Producer().publish({"from": "child"}, routing_key="forked")
    inherited.release()


def test_a_forked_child_publishes_and_leaves_the_parents_connection_alone(
    shared_server: NatsServer, prefix: str
) -> None:
    url = shared_server.url(prefix)
    with kombu.Connection(url) as connection:
        queue = kombu.Queue("forked")(connection.channel())
        queue.declare()
        channel = connection.default_channel
        child = multiprocessing.get_context("fork").Process(target=_publish, args=(connection, channel))
        child.start()
        child.join(20)
        assert child.exitcode == 0
        message = until(queue.get)
        assert message.payload == {"from": "child"}
        message.ack()


def test_connections_of_a_process_share_one_socket_and_the_last_one_closes_it(
    shared_server: NatsServer, prefix: str
) -> None:
    # Options of this test's own: others on the same server may still have a connection.
    own = {"transport_options": {"ack_wait_s": 31}}
    url = shared_server.url
    with kombu.Connection(url(prefix), **own) as first, kombu.Connection(url("other"), **own) as second:
        first.connect()
        second.connect()
        link = first.transport.broker.link
        assert second.transport.broker.link is link
        second.release()
        assert not link.closed
    assert link.closed


def test_no_server_is_told_at_once(own_server: NatsServer) -> None:
    own_server.kill()
    began_s = time.monotonic()
    with pytest.raises(CannotConnect, match="no NATS server at"):
        kombu.Connection(own_server.url("nobody")).connect()
    assert time.monotonic() - began_s < 3


def test_a_wrong_password_is_told(shared_server: NatsServer) -> None:
    with pytest.raises(CannotConnect, match="uthorization"):
        kombu.Connection(shared_server.url("x", password="wrong")).connect()


def test_the_class_path_works_where_kombu_takes_one(shared_server: NatsServer) -> None:
    connection = kombu.Connection(shared_server.url("x"), transport="kombu_jetstream.transport:Transport")
    with connection:
        connection.connect()
        assert connection.transport.driver_type == "nats"
