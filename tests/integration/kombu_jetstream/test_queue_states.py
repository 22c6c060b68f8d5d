"""What queues tell of themselves from outside, on a real nats-server."""

import kombu
import pytest

from kombu_jetstream import queue_states
from kombu_jetstream.errors import InvalidUrl, TopologyMissing
from support.kombu_jetstream.administration import create_events, publish_events
from support.kombu_jetstream.queues import declared, only
from support.kombu_jetstream.worker import until
from support.nats_server import NatsServer


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
