"""Remote control, events and the end of a worker, on every broker."""

import pytest
from celery import Celery
from celery.exceptions import TaskRevokedError

from support.conformance.celery_app import add, note, work
from support.kombu_jetstream.worker import Ledger, Worker, until

WITHIN_S = 20
NODE = "conformance@test"
WORK = "support.conformance.celery_app.work"

pytestmark = pytest.mark.usefixtures("worker")


def test_a_worker_answers_a_ping(app: Celery) -> None:
    assert app.control.ping(timeout=5, limit=1) == [{NODE: {"ok": "pong"}}]


def test_what_is_active_is_told(app: Celery, name: str, ledger: Ledger) -> None:
    result = work.delay(name, 1.5)
    ledger.wait("began", name=name)
    active = app.control.inspect(timeout=5, limit=1).active()
    assert [task["args"] for task in active[NODE] if task["id"] == result.id] == [[name, 1.5]]
    result.get(WITHIN_S)


def test_tasks_queues_and_figures_are_told(app: Celery) -> None:
    inspect = app.control.inspect(timeout=5, limit=1)
    assert WORK in inspect.registered()[NODE]
    assert [queue["name"] for queue in inspect.active_queues()[NODE]] == [app.conf.task_default_queue]
    assert inspect.stats()[NODE]["pool"]["max-concurrency"] == 2


@pytest.mark.brokers
def test_a_revoked_task_does_not_run(app: Celery, name: str, ledger: Ledger) -> None:
    busy = [work.delay(f"{name}-{number}", 1.0) for number in range(4)]
    result = note.delay(name)
    result.revoke()
    with pytest.raises(TaskRevokedError):
        result.get(WITHIN_S)
    for each in busy:
        each.get(WITHIN_S)
    assert not ledger.lines("ran", name=name)


def test_a_running_task_is_terminated(app: Celery, name: str, ledger: Ledger) -> None:
    result = work.delay(name, 30)
    ledger.wait("began", name=name)
    result.revoke(terminate=True)
    with pytest.raises(TaskRevokedError):
        result.get(WITHIN_S)
    assert add.delay(1, 1).get(WITHIN_S) == 2
    assert not ledger.lines("ended", name=name)


@pytest.mark.brokers
def test_a_rate_limit_holds_a_task_back(app: Celery, name: str, ledger: Ledger) -> None:
    app.control.rate_limit("support.conformance.celery_app.note", "1/s", reply=True, timeout=5, limit=1)
    try:
        for result in [note.delay(f"{name}-{number}") for number in range(3)]:
            result.get(WITHIN_S)
        at = sorted(line["at"] for line in ledger.lines("ran") if line["name"].startswith(name))
        assert at[-1] - at[0] > 1.5
    finally:
        app.control.rate_limit("support.conformance.celery_app.note", "0", reply=True, timeout=5, limit=1)


def test_a_worker_takes_up_another_queue_and_lets_go_of_it(app: Celery, name: str, ledger: Ledger) -> None:
    app.control.add_consumer(name, reply=True, timeout=5, limit=1)
    assert add.apply_async((1, 2), queue=name).get(WITHIN_S) == 3
    app.control.cancel_consumer(name, reply=True, timeout=5, limit=1)
    # It answers before it has done so.
    inspect = app.control.inspect(timeout=5, limit=1)
    until(lambda: name not in [queue["name"] for queue in inspect.active_queues()[NODE]])
    note.apply_async((name,), queue=name)
    add.delay(1).get(WITHIN_S)
    assert not ledger.lines("ran", name=name)


def test_events_tell_a_task_from_sending_to_success(app: Celery, name: str) -> None:
    seen: list[str] = []
    with app.connection() as connection:

        def on_event(event) -> None:
            seen.append((event["type"], event.get("uuid")))

        receiver = app.events.Receiver(connection, handlers={"*": on_event})
        with receiver.consumer_context(wakeup=False) as (consuming, _, _):
            # Some brokers subscribe when a consumer first waits.
            until(lambda: _drained(consuming) and seen)
            task_id = note.delay(name).id
            until(lambda: _drained(consuming) and ("task-succeeded", task_id) in seen)
    assert [kind for kind, uuid in seen if uuid == task_id] == ["task-received", "task-started", "task-succeeded"]


def test_purge_takes_away_what_no_worker_has(app: Celery, name: str) -> None:
    for number in range(3):
        note.apply_async((f"{name}-{number}",), queue=name)
    with app.connection() as connection:
        assert app.amqp.queues[name](connection.default_channel).purge() == 3


@pytest.mark.brokers
def test_a_warm_shutdown_finishes_what_runs_and_leaves_the_rest(start, name: str, ledger: Ledger) -> None:
    first: Worker = start("leaving", QUEUE=name)
    for number in range(4):
        work.apply_async((f"{name}-{number}", 0.5), queue=name)
    began = ledger.wait("began", 1, name=f"{name}-0")
    first.stop()
    assert began
    start("staying", QUEUE=name)
    names = {f"{name}-{number}" for number in range(4)}
    until(lambda: {line["name"] for line in ledger.lines("ended")} >= names)
    assert len([line for line in ledger.lines("began") if line["name"] in names]) == 4


def _drained(connection) -> bool:
    try:
        connection.drain_events(timeout=0.3)
    except TimeoutError:
        return True
    return True
