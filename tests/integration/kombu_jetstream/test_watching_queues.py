"""All that can be seen from outside at once: from replicas that lag behind, and with few permissions."""

import contextlib
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import kombu
import pytest

from kombu_jetstream import given_up, monitor_permissions, pending_schedules, queue_states, run_again, withdraw
from support.kombu_jetstream.administration import create_events, publish_events
from support.kombu_jetstream.queues import declared, give_up, only
from support.nats_cluster import NatsCluster
from support.nats_server import PASSWORD, USER, NatsServer


@pytest.mark.slow
def test_replicas_that_lag_behind_give_no_false_figures(tmp_path: Path) -> None:
    options = {"replicas": 3}
    with (
        NatsCluster(tmp_path) as cluster,
        kombu.Connection(cluster.url("lag"), transport_options=options) as connection,
        kombu.Connection(cluster.url("lag"), transport_options=options) as working,
    ):
        declared(connection)
        stop = threading.Event()

        def publish() -> None:
            with connection.clone() as own:
                while not stop.is_set():
                    own.Producer().publish("x", routing_key="q")

        def work() -> None:
            queue = kombu.Queue("q")(working.default_channel)
            with kombu.Consumer(working.default_channel, [queue], on_message=lambda message: message.ack()):
                while not stop.is_set():
                    with contextlib.suppress(TimeoutError):
                        working.drain_events(timeout=0.5)

        threads = [threading.Thread(target=publish), threading.Thread(target=work)]
        for thread in threads:
            thread.start()
        counts = {only(connection).given_up for _ in range(40)}
        listed = given_up(connection, "q")
        stop.set()
        for thread in threads:
            thread.join(20)
        assert (counts, listed) == ({0}, [])
        eta = (datetime.now(UTC) + timedelta(seconds=500)).isoformat()
        for number in range(50):
            connection.Producer().publish({}, routing_key="q", headers={"id": f"{number}", "task": "t", "eta": eta})
            assert [each.task for each in pending_schedules(connection)] == ["t"] * (number + 1)


def test_users_with_the_listed_permissions_only_look_and_operate(tmp_path: Path) -> None:
    users = [f"{{user: {USER}, password: {PASSWORD}}}"]
    for name, operate in (("watcher", False), ("operator", True)):
        allowed = monitor_permissions(
            "tight", inbox_prefix=f"_INBOX_{name}", bound=[("EVENTS", "reader")], operate=operate
        )
        lists = f"publish: {json.dumps(allowed.publish)}, subscribe: {json.dumps(allowed.subscribe)}"
        users.append(f"{{user: {name}, password: pw, permissions: {{{lists}}}}}")
    with NatsServer(tmp_path / "tight", authorization=f"users = [{', '.join(users)}]") as server:
        create_events(server.url(), "EVENTS", "reader", "events.v1")
        publish_events(server.url(), "events.v1.created", [{"n": 1}])
        with kombu.Connection(server.url("tight"), transport_options={"max_deliver": 1}) as full:
            queue = declared(full)
            full.Producer().publish("poison", routing_key="q")
            give_up(full, queue)
            eta = (datetime.now(UTC) + timedelta(seconds=500)).isoformat()
            full.Producer().publish({}, routing_key="q", headers={"id": "x", "task": "t", "eta": eta})
        for name in ("watcher", "operator"):
            options = {"inbox_prefix": f"_INBOX_{name}", "api_timeout_s": 1}
            with kombu.Connection(server.url("tight", name, "pw"), transport_options=options) as connection:
                states = queue_states(connection, bound=[("EVENTS", "reader")], transient=True)
                assert [(state.queue, state.given_up, state.scheduled, state.waiting) for state in states] == [
                    ("q", 1, 1, 0),
                    ("EVENTS/reader", None, 0, 1),
                ]
                assert [each.task for each in pending_schedules(connection)] == ["t"]
                assert len(given_up(connection, "q")) == 1
                if name == "operator":
                    assert (withdraw(connection, "x"), run_again(connection, "q")) == (1, 1)
