"""What goes wrong on the server's side is told with stream, consumer and remedy."""

import contextlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import kombu
import pytest
from nats.js import JetStreamContext

import kombu_jetstream
from kombu_jetstream import queue_states
from kombu_jetstream.errors import (
    ApiError,
    JetStreamUnavailable,
    NotPermitted,
    PublishNotConfirmed,
    ServerTooOld,
    TopologyConflict,
    TopologyMissing,
)
from support.kombu_jetstream.administration import as_operator, create_events
from support.kombu_jetstream.old_server import Greeter
from support.kombu_jetstream.worker import until
from support.nats_server import PASSWORD, USER, NatsServer

Connect = Callable[..., kombu.Connection]


@pytest.fixture
def connect(shared_server: NatsServer, prefix: str) -> Iterator[Connect]:
    made: list[kombu.Connection] = []

    def make(**options: object) -> kombu.Connection:
        given = {"ack_wait_s": 2, "publish_timeout_s": 2, "api_timeout_s": 1, **options}
        made.append(kombu.Connection(shared_server.url(prefix), transport_options=given))
        return made[-1]

    yield make
    for connection in made:
        connection.release()


def connect_once(connection: kombu.Connection) -> None:
    """kombu would wait two seconds and try again."""
    connection.transport.establish_connection()


def ask(server: NatsServer, verb: str, body: dict[str, object]) -> None:
    async def work(jetstream: JetStreamContext) -> None:
        answer = await jetstream._nc.request(f"$JS.API.{verb}", json.dumps(body).encode(), timeout=5)
        assert "error" not in json.loads(answer.data), answer.data

    as_operator(server.url(), work)


def create_stream(server: NatsServer, prefix: str, **changes: object) -> None:
    """The task stream as `stream_specs` has it, but for `changes`."""
    spec = kombu_jetstream.stream_specs(prefix)[0]
    ask(server, f"STREAM.CREATE.{spec.name}", {**spec.config(), **changes})


def delayed(connection: kombu.Connection) -> None:
    eta = (datetime.now(UTC) + timedelta(seconds=500)).isoformat()
    connection.Producer().publish({}, routing_key="q", headers={"id": "x", "task": "t", "eta": eta})


def test_a_server_that_would_lose_delayed_tasks_is_refused() -> None:
    with Greeter("2.11.9") as old, pytest.raises(ServerTooOld, match=r"nats-server 2\.11\.9 .* use 2\.12 or later"):
        connect_once(kombu.Connection(f"nats://u:p@127.0.0.1:{old.port}/x"))


def test_a_server_without_jetstream_is_told_within_seconds(tmp_path: Path) -> None:
    with NatsServer(tmp_path, storage="enabled: false") as server:
        began_s = time.monotonic()
        with (
            kombu.Connection(server.url("x")) as connection,
            pytest.raises(JetStreamUnavailable, match=r"\$JS\.API\..*X_.*JetStream is off .*jetstream \{\}"),
        ):
            connect_once(connection)
        assert time.monotonic() - began_s < 10


def test_an_account_without_jetstream_is_told(tmp_path: Path) -> None:
    accounts = (
        "accounts {\n A { users = [{user: a, password: b}] }\n"
        " B { jetstream: enabled, users = [{user: c, password: d}] }\n}"
    )
    with (
        NatsServer(tmp_path, authorization="", more=accounts) as server,
        kombu.Connection(server.url("x", "a", "b")) as connection,
        pytest.raises(ApiError, match=r"X_TASKS: .*add `jetstream: enabled`"),
    ):
        connect_once(connection)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"retention": "limits"}, "its retention is limits, and workqueue is needed; compare it with stream_specs"),
        ({"subjects": ["{prefix}.tasks.>"]}, r"it does not take {prefix}\.later\.>"),
    ],
)
def test_a_stream_made_for_something_else_is_refused(
    connect: Connect, shared_server: NatsServer, prefix: str, changes: dict[str, object], told: str
) -> None:
    made = json.loads(json.dumps(changes).replace("{prefix}", prefix))
    # Schedules and their rollups need no more than the stream itself.
    create_stream(shared_server, prefix, **made)
    with pytest.raises(TopologyConflict, match=f"stream {prefix.upper()}_TASKS: {told.replace('{prefix}', prefix)}"):
        connect_once(connect())


def test_a_wider_stream_of_the_right_kind_will_do_and_is_told(
    connect: Connect, shared_server: NatsServer, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Who made it may read there what is meant for others."""
    create_stream(shared_server, prefix, subjects=[f"{prefix}.*.>"])
    with pytest.raises(ApiError, match=r"_TRANSIENT: subjects overlap .* choose another prefix, or narrow that stream"):
        connect_once(connect())
    assert f"stream {prefix.upper()}_TASKS takes more than the transport publishes" in caplog.text
    assert f"reads that: {prefix}.*.>" in caplog.text


def test_subjects_of_another_stream_are_told_with_a_remedy(
    connect: Connect, shared_server: NatsServer, prefix: str
) -> None:
    create_events(shared_server.url(), f"{prefix}_OTHER", "reader", f"{prefix}.tasks.q")
    with pytest.raises(TopologyConflict, match=f"stream {prefix.upper()}_TASKS: subjects overlap .*another prefix"):
        connect_once(connect())


def test_a_stream_without_schedules_warns_at_once_and_refuses_delayed_tasks_only(
    connect: Connect, shared_server: NatsServer, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    create_stream(shared_server, prefix, allow_msg_schedules=False)
    connection = connect()
    queue = kombu.Queue("q")(connection.default_channel)
    with caplog.at_level(logging.WARNING):
        queue.declare()
    assert f"stream {prefix.upper()}_TASKS: allow_msg_schedules is off; tasks with an ETA" in caplog.text
    with pytest.raises(TopologyConflict, match=f"stream {prefix.upper()}_TASKS: .*set allow_msg_schedules"):
        delayed(connection)
    connection.Producer().publish("now", routing_key="q")
    assert queue.get().payload == "now"


def test_a_stream_without_ttl_refuses_what_expires(connect: Connect, shared_server: NatsServer, prefix: str) -> None:
    create_stream(shared_server, prefix, allow_msg_schedules=False, allow_msg_ttl=False)
    connection = connect()
    kombu.Queue("q")(connection.default_channel).declare()
    with pytest.raises(TopologyConflict, match=r"set allow_msg_ttl on the stream, or send without expires"):
        connection.Producer().publish("x", routing_key="q", expiration=5)


def test_more_replicas_than_servers_are_told_with_a_remedy(connect: Connect) -> None:
    with pytest.raises(TopologyConflict, match=r"_TASKS: replicas > 1 not supported .*set replicas to 1"):
        connect_once(connect(replicas=3))


def test_a_deleted_stream_is_told_to_publisher_and_watcher(
    connect: Connect, shared_server: NatsServer, prefix: str
) -> None:
    connection = connect()
    connection.connect()
    ask(shared_server, f"STREAM.DELETE.{prefix.upper()}_TASKS", {})
    with pytest.raises(PublishNotConfirmed, match=rf"{prefix}\.tasks\.q\.0 .*apply stream_specs\(prefix\)"):
        connection.default_channel.basic_publish(
            connection.default_channel.prepare_message("x", properties={"delivery_mode": 2}), "", "q"
        )
    with pytest.raises(TopologyMissing, match=f"stream {prefix.upper()}_TASKS: stream not found; apply stream_specs"):
        queue_states(connection)


def test_what_the_user_may_not_do_is_told_at_once_and_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    users = (
        f"users = [{{user: {USER}, password: {PASSWORD}}},"
        ' {user: tight, password: pw, permissions: {publish: ["$JS.API.STREAM.>"], subscribe: ["_INBOX.>"]}}]'
    )
    with NatsServer(tmp_path, authorization=users) as server:
        options = {"api_timeout_s": 0.5}
        with kombu.Connection(server.url("x", "tight", "pw"), transport_options=options) as connection:
            began_s = time.monotonic()
            for _ in range(2):
                with pytest.raises(NotPermitted, match=r"\$JS\.API\.CONSUMER\.CREATE\.X_TASKS\.q; worker_permissions"):
                    connection.default_channel.queue_declare("q")
            with pytest.raises(NotPermitted, match=r"denied publish to x\.tasks\.q\.0"):
                connection.default_channel.basic_publish(
                    connection.default_channel.prepare_message("x", properties={"delivery_mode": 2}), "", "q"
                )
            assert time.monotonic() - began_s < 6
    denials = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert len([text for text in denials if "consumer.create" in text]) == 1


@pytest.mark.parametrize("settings", [{}, {"max_priority": 9}], ids=["plain", "priorities"])
def test_a_consumer_deleted_under_a_worker_is_made_again_and_told(
    connect: Connect,
    shared_server: NatsServer,
    prefix: str,
    settings: dict[str, object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    connection = connect()
    queue = kombu.Queue("q", **settings)(connection.default_channel)
    queue.declare()
    stream, got = f"{prefix.upper()}_TASKS", list[kombu.Message]()
    connection.Producer().publish("held", routing_key="q")
    with kombu.Consumer(connection.default_channel, [queue], on_message=got.append, prefetch_count=2):
        connection.drain_events(timeout=5)
        until(lambda: queue_states(connection)[0].open_pulls)
        for consumer in queue_states(connection)[0].consumers:
            ask(shared_server, f"CONSUMER.DELETE.{stream}.{consumer.consumer}", {})
        connection.Producer().publish("after", routing_key="q")

        def arrived() -> bool:
            with contextlib.suppress(TimeoutError):
                connection.drain_events(timeout=0.2)
            return [message.payload for message in got] == ["held", "after"]

        until(arrived)
        until(lambda: queue_states(connection)[0].held == 2)
        for message in got:
            message.ack()
        until(lambda: (state := queue_states(connection)[0]).held == state.waiting == state.given_up == 0)
    assert len(got) == 2, "what was held came again, and was known"
    consumers = "q=p9, q=p6, q=p3, q=p0" if settings else "q"
    assert f"queue q, stream {stream}, consumer {consumers}: Consumer Deleted; looking" in caplog.text


def test_an_urgent_step_that_may_give_no_more_does_not_keep_the_others_waiting(connect: Connect) -> None:
    holding, working = connect(max_ack_pending=1), connect(max_ack_pending=1)
    queue = kombu.Queue("q", max_priority=9)(holding.default_channel)
    queue.declare()
    for priority in (9, 9, 0):
        holding.Producer().publish(priority, routing_key="q", priority=priority)
    assert queue.get().payload == 9
    got: list[kombu.Message] = []
    with kombu.Consumer(
        working.default_channel, [kombu.Queue("q", max_priority=9)], on_message=got.append, prefetch_count=2
    ):
        working.drain_events(timeout=5)
    assert [message.payload for message in got] == [0]
    assert queue_states(working)[0].saturated


def test_a_foreign_consumer_that_is_gone_is_told_now_and_then(
    connect: Connect, shared_server: NatsServer, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    stream = f"{prefix}_EVENTS"
    create_events(shared_server.url(), stream, "reader", f"{prefix}.v1")
    arguments = {kombu_jetstream.STREAM_ARGUMENT: stream, kombu_jetstream.DURABLE_ARGUMENT: "reader"}
    connection = connect()
    queue = kombu.Queue("events", queue_arguments=arguments)(connection.default_channel)
    told = f"stream {stream}, consumer reader: consumer not found"
    with kombu.Consumer(connection.default_channel, [queue], on_message=lambda _: None):
        until(lambda: queue_states(connection, bound=[(stream, "reader")])[-1].open_pulls)
        ask(shared_server, f"CONSUMER.DELETE.{stream}.reader", {})
        until(lambda: told in caplog.text)
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=2)
    assert caplog.text.count(told) == 1, "not four times a second"
