"""A ConsumerStep reads an existing durable consumer of somebody else's stream."""

import json
from collections.abc import Callable
from pathlib import Path

import kombu
import pytest
from celery import Celery

import kombu_jetstream
from kombu_jetstream.errors import InvalidOption, TopologyMissing
from support.kombu_jetstream.administration import (
    consumer_state,
    create_events,
    create_task_streams,
    publish_events,
)
from support.kombu_jetstream.worker import Ledger, Worker, until
from support.nats_server import PASSWORD, USER, NatsServer

Start = Callable[..., Worker]


@pytest.fixture
def stream(shared_server: NatsServer, prefix: str) -> str:
    name = f"{prefix}_EVENTS"
    create_events(shared_server.url(), name, "reader", f"{prefix}.v1")
    return name


def test_each_verdict_of_the_step_reaches_the_durable(
    worker: Start, ledger: Ledger, shared_server: NatsServer, prefix: str, stream: str
) -> None:
    before = consumer_state(shared_server.url(), stream, "reader")[2]
    worker(EVENT_STREAM=stream, EVENT_DURABLE="reader")
    names = {"plain": "ack", "again": "requeue", "slow": "later", "bad": "reject"}
    events = [{"name": name, "fate": fate} for name, fate in names.items()]
    publish_events(
        shared_server.url(), f"{prefix}.v1.created", events, {"Nats-Msg-Id": "x", "traceparent": "00-a-b-01"}
    )
    publish_events(shared_server.url(), f"{prefix}.v1.created", events[1:])
    ran = ledger.wait("ran", 3)
    assert {line["name"] for line in ran} == {"plain", "again", "slow"}
    until(lambda: consumer_state(shared_server.url(), stream, "reader")[:2] == (0, 0))
    deliveries = {
        name: [seen["deliveries"] for seen in ledger.lines("event") if seen["body"]["name"] == name] for name in names
    }
    assert deliveries == {"plain": [1], "again": [1, 2], "slow": [1, 2], "bad": [1]}
    slow = [seen["at"] for seen in ledger.lines("event") if seen["body"]["name"] == "slow"]
    assert 0.9 <= slow[1] - slow[0] < 3
    first = ledger.lines("event")[0]
    assert first["subject"] == f"{prefix}.v1.created"
    assert first["headers"]["traceparent"] == "00-a-b-01"
    assert consumer_state(shared_server.url(), stream, "reader")[2] == before


def test_an_event_held_by_a_killed_worker_goes_to_the_next(
    worker: Start, ledger: Ledger, shared_server: NatsServer, prefix: str, stream: str
) -> None:
    first = worker("one", EVENT_STREAM=stream, EVENT_DURABLE="reader")
    publish_events(shared_server.url(), f"{prefix}.v1.created", [{"name": "kept", "fate": "later"}])
    ledger.wait("event")
    first.kill_group()
    worker("two", EVENT_STREAM=stream, EVENT_DURABLE="reader")
    ledger.wait("ran", name="kept")


def test_a_user_with_the_listed_permissions_only_runs_tasks_and_reads_events(
    tmp_path: Path, ledger: Ledger, worker: Start
) -> None:
    allowed = kombu_jetstream.worker_permissions("tight", inbox_prefix="_INBOX_worker", bound=[("EVENTS", "reader")])
    authorization = (
        f"users = [{{user: {USER}, password: {PASSWORD}}},"
        f" {{user: worker, password: w0rker, permissions: {{publish: {json.dumps(allowed.publish)},"
        f" subscribe: {json.dumps(allowed.subscribe)}}}}}]"
    )
    with NatsServer(tmp_path / "tight", authorization=authorization) as server:
        create_task_streams(server.url(), "tight")
        create_events(server.url(), "EVENTS", "reader", "events.v1")
        options = {"create_streams": False, "inbox_prefix": "_INBOX_worker", "ack_wait_s": 2}
        started = worker(
            BROKER_URL=server.url("tight", "worker", "w0rker"),
            TRANSPORT_OPTIONS=json.dumps(options),
            EVENT_STREAM="EVENTS",
            EVENT_DURABLE="reader",
        )
        publish_events(server.url(), "events.v1.created", [{"name": "one", "fate": "requeue"}])
        ledger.wait("ran", name="one")
        with Celery("client", broker=server.url("tight", "worker", "w0rker"), set_as_current=False) as client:
            client.conf.broker_transport_options = options
            client.send_task("support.kombu_jetstream.celery_app.note", args=("later",), countdown=1.5, queue="tasks")
            ledger.wait("ran", name="later")
            assert client.control.ping(timeout=3, limit=1)
        until(lambda: consumer_state(server.url(), "EVENTS", "reader")[:2] == (0, 0))
        assert "Permissions Violation" not in started.text()


def test_a_missing_durable_is_told_with_its_name(shared_server: NatsServer, prefix: str, stream: str) -> None:
    arguments = {kombu_jetstream.STREAM_ARGUMENT: stream, kombu_jetstream.DURABLE_ARGUMENT: "nobody"}
    with (
        kombu.Connection(shared_server.url(prefix)) as connection,
        pytest.raises(TopologyMissing, match="consumer nobody"),
    ):
        kombu.Queue("events", queue_arguments=arguments)(connection.channel()).declare()


def test_half_a_binding_is_refused(shared_server: NatsServer, prefix: str) -> None:
    arguments = {kombu_jetstream.STREAM_ARGUMENT: "EVENTS"}
    with kombu.Connection(shared_server.url(prefix)) as connection, pytest.raises(InvalidOption, match="need both"):
        kombu.Queue("events", queue_arguments=arguments)(connection.channel()).declare()


def test_a_message_on_a_foreign_stream_looks_like_kombus(shared_server: NatsServer, prefix: str, stream: str) -> None:
    headers = {"Content-Type": "application/cloudevents+json; charset=utf-8", "Nats-Msg-Id": "event-1"}
    publish_events(shared_server.url(), f"{prefix}.v1.created", [{"name": "é"}], headers)
    arguments = {kombu_jetstream.STREAM_ARGUMENT: stream, kombu_jetstream.DURABLE_ARGUMENT: "reader"}
    with kombu.Connection(shared_server.url(prefix)) as connection:
        queue = kombu.Queue("events", queue_arguments=arguments)(connection.channel())
        queue.declare()
        message = queue.get(accept=["json"])
        assert message.payload == {"name": "é"}
        assert message.content_type == "application/json"
        assert message.headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
        assert message.properties["message_id"] == "event-1"
        assert message.delivery_info["routing_key"] == f"{prefix}.v1.created"
        message.ack()
        with pytest.raises(message.MessageStateError):
            message.requeue_after(1)
