"""Tasks that wait for their time: told, counted and withdrawn, on a real nats-server."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import kombu
import pytest
from celery import Celery

from kombu_jetstream import pending_schedules, queue_states, withdraw
from kombu_jetstream._watch import pending_schedules as pending_schedules_room
from support.kombu_jetstream.queues import declared, only
from support.kombu_jetstream.worker import Ledger, Worker

NOTE = "support.kombu_jetstream.celery_app.note"


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
