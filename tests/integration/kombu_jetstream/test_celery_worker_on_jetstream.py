"""Real Celery prefork workers over a real nats-server. What ran is what the tasks themselves wrote down."""

import json
import time
from collections.abc import Callable

from celery import Celery

from support.kombu_jetstream.worker import Ledger, Worker, until

TASKS = "support.kombu_jetstream.celery_app."
Start = Callable[..., Worker]


def test_tasks_run_once_each_in_the_pool(client: Celery, worker: Start, ledger: Ledger) -> None:
    worker()
    for number in range(30):
        client.send_task(TASKS + "note", args=(str(number),))
    ran = ledger.wait("ran", 30)
    assert sorted(int(line["name"]) for line in ran) == list(range(30))
    # Short ones may all find the same child free; of two long ones each has a child of its own.
    for name in ("left", "right"):
        client.send_task(TASKS + "work", args=(name, 1.0))
    assert len({line["pid"] for line in ledger.wait("ended", 2)}) == 2


def test_a_task_that_requeues_itself_comes_back_and_one_that_rejects_itself_does_not(
    client: Celery, worker: Start, ledger: Ledger
) -> None:
    worker()
    client.send_task(TASKS + "refuse", args=("again",), kwargs={"requeue": True})
    client.send_task(TASKS + "refuse", args=("gone",), kwargs={"requeue": False})
    again = ledger.wait("refused", 2, name="again")
    assert [line["redelivered"] for line in again] == [False, True]
    client.send_task(TASKS + "note", args=("after",))
    ledger.wait("ran", name="after")
    assert len(ledger.lines("refused", name="gone")) == 1


def test_a_countdown_is_held_by_the_server_and_survives_the_worker(
    client: Celery, worker: Start, ledger: Ledger
) -> None:
    first = worker("one")
    sent_s = time.time()
    client.send_task(TASKS + "note", args=("later",), countdown=3)
    client.send_task(TASKS + "note", args=("now",))
    ledger.wait("ran", name="now")
    assert "later" not in first.text()
    first.kill_group()
    worker("two")
    due_s = max(sent_s + 3, time.time())
    ran = ledger.wait("ran", name="later")
    assert ran[0]["at"] - sent_s >= 3
    assert ran[0]["at"] - due_s < 3, "whoever can run it when it is due has it then"
    assert len(ledger.lines("ran", name="later")) == 1


def test_retries_within_the_dedup_window_are_not_dropped(client: Celery, worker: Start, ledger: Ledger) -> None:
    worker()
    client.send_task(TASKS + "retry_twice", args=("stubborn",))
    tried = ledger.wait("tried", 3)
    assert [line["retries"] for line in tried] == [0, 1, 2]


def test_a_task_may_replace_itself_under_its_own_id(client: Celery, worker: Start, ledger: Ledger) -> None:
    worker()
    client.send_task(TASKS + "replace_itself", args=("chameleon",))
    ledger.wait("ran", name="chameleon")


def test_the_same_message_published_twice_runs_once(client: Celery, worker: Start, ledger: Ledger) -> None:
    worker()
    for _ in range(2):
        client.send_task(TASKS + "note", args=("same",), task_id="0197-same")
    client.send_task(TASKS + "note", args=("after",))
    ledger.wait("ran", name="after")
    assert len(ledger.lines("ran", name="same")) == 1


def test_a_task_publishes_from_the_forked_child_it_runs_in(client: Celery, worker: Start, ledger: Ledger) -> None:
    worker()
    for number in range(5):
        client.send_task(TASKS + "pass_on", args=(f"child {number}",))
    ran = ledger.wait("ran", 5)
    assert {line["name"] for line in ran} == {f"child {number}" for number in range(5)}


def test_remote_control_reaches_every_worker_and_shows_what_is_active(
    client: Celery, worker: Start, ledger: Ledger
) -> None:
    worker("one")
    worker("two")
    answers = client.control.ping(timeout=3, limit=2)
    assert sorted(name for answer in answers for name in answer) == ["one@test", "two@test"]
    client.send_task(TASKS + "work", args=("seen", 2.0))
    ledger.wait("began", name="seen")
    active = client.control.inspect(timeout=3, limit=2).active()
    assert [task["args"] for tasks in active.values() for task in tasks] == [["seen", 2.0]]


def test_events_tell_a_task_from_received_to_succeeded(client: Celery, worker: Start, ledger: Ledger) -> None:
    worker()
    seen: list[str] = []
    with client.connection() as connection:
        receiver = client.events.Receiver(connection, handlers={"*": lambda event: seen.append(event["type"])})
        with receiver.consumer_context() as (consuming, _, _):
            client.send_task(TASKS + "note", args=("watched",))

            def succeeded() -> bool:
                consuming.drain_events(timeout=20)
                return "task-succeeded" in seen

            until(succeeded)
    assert [kind for kind in seen if kind.startswith("task-")] == ["task-received", "task-started", "task-succeeded"]


def test_a_warm_shutdown_hands_back_what_has_not_begun(client: Celery, worker: Start, ledger: Ledger) -> None:
    first = worker("one", concurrency=1, TRANSPORT_OPTIONS=json.dumps({"ack_wait_s": 60}))
    for number in range(4):
        client.send_task(TASKS + "work", args=(str(number), 0.3))
    ledger.wait("began")
    first.stop()
    worker("two", concurrency=1, TRANSPORT_OPTIONS=json.dumps({"ack_wait_s": 60}))
    ledger.wait("ended", 4, deadline_s=15)
    assert len(ledger.lines("began")) == 4
