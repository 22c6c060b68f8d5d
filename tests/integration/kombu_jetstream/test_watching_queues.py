"""Looking at queues from outside, on a real nats-server."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import kombu
import pytest
from celery import Celery

from kombu_jetstream import (
    QueueState,
    discard,
    given_up,
    monitor_permissions,
    pending_schedules,
    queue_states,
    run_again,
    withdraw,
)
from kombu_jetstream._watch import pending_schedules as pending_schedules_room
from kombu_jetstream.errors import InvalidUrl, TopologyMissing
from support.kombu_jetstream.administration import as_operator, create_events, publish_events
from support.kombu_jetstream.worker import Ledger, Worker, until
from support.nats_cluster import NatsCluster
from support.nats_server import PASSWORD, USER, NatsServer

NOTE = "support.kombu_jetstream.celery_app.note"


@pytest.fixture
def connection(shared_server: NatsServer, prefix: str) -> Iterator[kombu.Connection]:
    with kombu.Connection(shared_server.url(prefix), transport_options={"ack_wait_s": 60}) as made:
        yield made


def declared(connection: kombu.Connection, name: str = "q", **settings: object) -> kombu.Queue:
    queue = kombu.Queue(name, **settings)(connection.default_channel)
    queue.declare()
    return queue


def only(connection: kombu.Connection | str, **asked: object) -> QueueState:
    (state,) = queue_states(connection, **asked)
    return state


def test_a_queue_tells_what_waits_what_is_held_and_what_came_again(connection: kombu.Connection) -> None:
    queue = declared(connection)
    for number in range(3):
        connection.Producer().publish(number, routing_key="q")
    fresh = only(connection)
    assert (fresh.queue, fresh.kind, fresh.waiting, fresh.held, fresh.redelivered) == ("q", "durable", 3, 0, 0)
    assert fresh.last_delivered_at is None
    assert 0 <= (fresh.oldest_waiting_age_s or 0) < 30
    first = queue.get()
    taken = only(connection)
    assert (taken.waiting, taken.held, taken.deliveries) == (2, 1, 1)
    assert taken.oldest_age_s > taken.oldest_waiting_age_s, "the one that is held is older"
    first.requeue()
    again = until(lambda: (found := queue.get()) and found.delivery_info["redelivered"] and found)
    assert only(connection).redelivered == 1
    again.ack()
    until(lambda: only(connection).held == 0)


def test_an_empty_queue_has_no_age(connection: kombu.Connection) -> None:
    declared(connection)
    state = only(connection)
    assert (state.waiting, state.held, state.given_up, state.scheduled) == (0, 0, 0, 0)
    assert (state.oldest_age_s, state.oldest_waiting_age_s, state.next_due) == (None, None, None)
    assert not state.saturated


@pytest.mark.parametrize("name", ["with.dots and * > /", "a.p9", "=p9", "x=p9", "é=", "a=2e=b"])
def test_a_queue_of_any_name_is_told_under_that_name(connection: kombu.Connection, name: str) -> None:
    declared(connection, name)
    connection.Producer().publish("x", routing_key=name)
    state = only(connection)
    assert (state.queue, state.waiting, [each.step for each in state.consumers]) == (name, 1, [None])


def test_a_queue_with_priorities_tells_each_step(connection: kombu.Connection) -> None:
    declared(connection, max_priority=9)
    for priority in (0, 9, 9, 7):
        connection.Producer().publish("x", routing_key="q", priority=priority)
    state = only(connection)
    assert [(each.step, each.waiting) for each in state.consumers] == [(9, 2), (6, 1), (3, 0), (0, 1)]
    assert state.waiting == 4


def test_what_was_sent_to_a_queue_nobody_declared_is_told(connection: kombu.Connection) -> None:
    connection.default_channel.basic_publish(
        connection.default_channel.prepare_message("x", properties={"delivery_mode": 2}), "", "forgotten"
    )
    state = only(connection)
    assert (state.queue, state.kind, state.waiting, state.consumers) == ("forgotten", "undeclared", 1, ())
    assert state.oldest_age_s is not None


def test_more_queues_than_a_page_of_the_server_holds_are_all_told(connection: kombu.Connection) -> None:
    names = sorted(f"many-{number}" for number in range(300))
    for name in names:
        declared(connection, name)
    connection.Producer().publish("x", routing_key=names[-1])
    states = queue_states(connection)
    assert [state.queue for state in states] == names
    assert [state.waiting for state in states] == [0] * 299 + [1]


def test_a_worker_that_waits_for_work_shows_as_an_open_pull(connection: kombu.Connection) -> None:
    queue = declared(connection)
    with kombu.Consumer(connection.default_channel, [queue], on_message=lambda _: None, prefetch_count=1):
        until(lambda: only(connection).open_pulls == 1)
        connection.Producer().publish("x", routing_key="q")
        until(lambda: (state := only(connection)).held == 1 and state.open_pulls == 0)


def test_foreign_and_transient_queues_are_told_where_asked_for(
    connection: kombu.Connection, shared_server: NatsServer, prefix: str
) -> None:
    create_events(shared_server.url(), f"{prefix}_EVENTS", "reader", f"{prefix}.v1")
    publish_events(shared_server.url(), f"{prefix}.v1.created", [{"n": 1}, {"n": 2}])
    declared(connection)
    declared(connection, "passing", auto_delete=True)
    connection.Producer().publish("x", routing_key="passing", delivery_mode=1)
    bound = [(f"{prefix}_EVENTS", "reader")]
    states = until(lambda: (found := queue_states(connection, bound=bound, transient=True))[1].waiting and found)
    assert [(state.queue, state.kind, state.waiting) for state in states] == [
        ("q", "durable", 0),
        ("passing", "transient", 1),
        (f"{prefix}_EVENTS/reader", "foreign", 2),
    ]
    assert states[2].given_up is None
    assert states[2].oldest_waiting_age_s is not None
    assert [state.queue for state in queue_states(connection)] == ["q"]


def test_looking_creates_nothing_and_tells_what_is_missing(shared_server: NatsServer, prefix: str) -> None:
    for _ in range(2):
        with pytest.raises(TopologyMissing, match=f"{prefix.upper()}_TASKS.*stream_specs"):
            queue_states(shared_server.url(prefix))


def test_another_broker_is_refused_without_its_password() -> None:
    with pytest.raises(InvalidUrl, match="no NATS connection") as caught:
        queue_states("memory://user:s3cret@localhost/")
    assert "s3cret" not in str(caught.value)


def send_later(client: Celery, task_id: str, countdown: float, *, retries: int = 0, queue: str = "tasks") -> None:
    client.send_task(NOTE, args=(task_id,), task_id=task_id, countdown=countdown, retries=retries, queue=queue)


def test_schedules_are_told_soonest_first_with_the_names_of_their_tasks(client: Celery) -> None:
    for name, countdown in (("late", 900), ("soon", 300), ("middle", 600)):
        send_later(client, name, countdown)
    send_later(client, "elsewhere", 100, queue="other")
    with client.connection_for_read() as connection:
        schedules = pending_schedules(connection, queue="tasks")
        assert [(each.task_id, each.task, each.queue, each.attempt) for each in schedules] == [
            (name, NOTE, "tasks", "0") for name in ("soon", "middle", "late")
        ]
        assert abs(schedules[0].due - datetime.now(UTC) - timedelta(seconds=300)) < timedelta(seconds=20)
        assert [each.task_id for each in pending_schedules(connection, limit=2)] == ["elsewhere", "soon"]
        states = {state.queue: state for state in queue_states(connection)}
        assert (states["tasks"].scheduled, states["tasks"].waiting, states["other"].scheduled) == (3, 0, 1)
        assert states["tasks"].next_due == schedules[0].due


def test_what_is_no_task_and_odd_ids_are_told_as_well(connection: kombu.Connection) -> None:
    eta = (datetime.now(UTC) + timedelta(seconds=500)).isoformat()
    connection.Producer().publish({}, routing_key="a.b", headers={"eta": eta, "id": "x:1.*", "task": "t"})
    connection.Producer().publish({}, routing_key="a.b", headers={"eta": eta})
    found = pending_schedules(connection, queue="a.b")
    assert {(each.task_id, each.task, each.queue) for each in found} >= {("x:1.*", "t", "a.b")}
    assert [each.task for each in found if each.task_id != "x:1.*"] == [None]
    assert withdraw(connection, "x:1.*") == 1


def test_a_withdrawn_task_never_runs_and_its_neighbours_do(
    client: Celery, worker: Callable[..., Worker], ledger: Ledger
) -> None:
    worker()
    send_later(client, "gone", 3)
    send_later(client, "gone", 3.1, retries=1)
    send_later(client, "gone-2", 3)
    with client.connection_for_read() as connection:
        assert withdraw(connection, "gone", queue="another") == 0
        assert withdraw(connection, "gone") == 2
        assert withdraw(connection, "gone") == 0
        ledger.wait("ran", name="gone-2")
        assert ledger.lines("ran", name="gone") == []
        assert pending_schedules(connection) == []


def test_thousands_of_schedules_are_counted_and_the_soonest_are_told(client: Celery, prefix: str) -> None:
    for number in range(1200):
        send_later(client, f"task-{number}", 10_000 - number)
    with client.connection_for_read() as connection:
        assert only(connection).scheduled == 1200
        assert [each.task_id for each in pending_schedules(connection, limit=150)] == [
            f"task-{number}" for number in range(1199, 1049, -1)
        ]


def test_very_many_schedules_are_counted_only(client: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending_schedules_room, "COUNTED_ONE_BY_ONE", 2)
    with client.connection_for_read() as connection:
        declared(connection, "other")
        for number in range(3):
            send_later(client, f"task-{number}", 500)
        told = {state.queue: (state.scheduled, state.next_due) for state in queue_states(connection)}
        assert told == {"tasks": (3, None), "other": (0, None)}


@pytest.fixture
def impatient(shared_server: NatsServer, prefix: str) -> Iterator[kombu.Connection]:
    """One delivery a message, no more."""
    options = {"max_deliver": 1, "ack_wait_s": 60}
    with kombu.Connection(shared_server.url(prefix), transport_options=options) as made:
        yield made


def test_messages_given_up_after_max_deliver_are_counted(impatient: kombu.Connection) -> None:
    queue = declared(impatient)
    for number in range(4):
        impatient.Producer().publish(number, routing_key="q")
    queue.get().requeue()
    queue.get().requeue()
    # The server gives a message up when the next one is asked for.
    third = until(queue.get)
    state = until(lambda: (found := only(impatient)).held == 1 and found)
    assert (state.given_up, state.waiting) == (2, 1), "counted while others are held"
    assert given_up(impatient, "q") == [], "and told apart from what is held later"
    third.ack()
    until(lambda: only(impatient).held == 0)
    assert [each.sequence for each in given_up(impatient, "q")] == [1, 2]
    assert (only(impatient).given_up, only(impatient).waiting) == (2, 1)


def give_up(connection: kombu.Connection, queue: kombu.Queue) -> None:
    """Have the only message of `queue` given up."""
    queue.get().requeue()
    assert queue.get() is None
    until(lambda: only(connection).given_up == 1)


def test_a_task_given_up_is_told_by_name_and_runs_again_once(impatient: kombu.Connection) -> None:
    queue = declared(impatient, "odd name*")
    headers = {"id": "poison", "task": "diary.note"}
    impatient.Producer().publish({"n": 1}, routing_key="odd name*", headers=headers)
    give_up(impatient, queue)
    (told,) = given_up(impatient, "odd name*")
    assert (told.queue, told.task_id, told.task) == ("odd name*", "poison", "diary.note")
    assert run_again(impatient, "odd name*") == 1
    assert run_again(impatient, "odd name*") == 0
    again = until(queue.get)
    assert (again.payload, again.headers) == ({"n": 1}, headers)
    again.ack()
    until(lambda: (state := only(impatient)).held == state.waiting == state.given_up == 0)


def test_what_was_given_up_can_be_discarded_and_the_rest_stays(impatient: kombu.Connection) -> None:
    queue = declared(impatient)
    impatient.Producer().publish("poison", routing_key="q")
    give_up(impatient, queue)
    impatient.Producer().publish("good", routing_key="q")
    assert given_up(impatient, "another") == []
    assert discard(impatient, "q") == 1
    state = only(impatient)
    assert (state.given_up, state.waiting) == (0, 1)


def test_nothing_counts_as_given_up_while_a_queue_is_busy(connection: kombu.Connection) -> None:
    queue = declared(connection, max_priority=9)
    stop = threading.Event()

    def work() -> None:
        with connection.clone() as own:
            number = 0
            while not stop.is_set():
                own.Producer().publish(number := number + 1, routing_key="q", priority=number % 10)
                if number % 3 and (message := kombu.Queue("q")(own.default_channel).get()):
                    message.ack()

    thread = threading.Thread(target=work)
    thread.start()
    counts = {only(connection).given_up for _ in range(20)}
    stop.set()
    thread.join(20)
    assert counts == {0}
    assert queue.get() is not None


def test_the_server_tells_when_it_gives_a_message_up(
    impatient: kombu.Connection, shared_server: NatsServer, prefix: str
) -> None:
    queue = declared(impatient)
    impatient.Producer().publish("poison", routing_key="q")

    async def advisory(jetstream) -> bytes:
        subject = f"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{prefix.upper()}_TASKS.q"
        subscription = await jetstream._nc.subscribe(subject)
        await jetstream._nc.flush()
        await asyncio.to_thread(give_up, impatient, queue)
        return (await subscription.next_msg(10)).data

    told = json.loads(as_operator(shared_server.url(), advisory))
    assert (told["stream_seq"], told["deliveries"]) == (1, 1)


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
