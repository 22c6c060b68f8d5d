"""What Celery promises about tasks, with a real prefork worker, on every broker."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from celery import chain, chord, group
from celery.exceptions import ChordError, TaskRevokedError

from support.conformance.celery_app import add, die_once, echo, fail, note, refuse, replaced, retry_until, total, work
from support.kombu_jetstream.worker import Ledger, until

pytestmark = pytest.mark.usefixtures("worker")
WITHIN_S = 20


def test_a_task_returns_its_result_and_gets_its_arguments(name: str) -> None:
    assert add.delay(2, 3).get(WITHIN_S) == 5
    assert echo.delay("é", [1, {"a": None}], key=1.5).get(WITHIN_S) == [["é", [1, {"a": None}]], {"key": 1.5}]


def test_a_failure_is_raised_where_the_result_is_asked_for(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        fail.delay(name).get(WITHIN_S)


def test_thirty_tasks_run_once_each(name: str, ledger: Ledger) -> None:
    results = [note.delay(f"{name}-{number}") for number in range(30)]
    assert [result.get(WITHIN_S) for result in results] == [f"{name}-{number}" for number in range(30)]
    ran = [line["name"] for line in ledger.lines("ran") if line["name"].startswith(name)]
    assert sorted(ran) == sorted(f"{name}-{number}" for number in range(30))


def test_a_task_retries_as_often_as_it_wants(ledger: Ledger) -> None:
    result = retry_until.delay(2, 0.2)
    assert result.get(WITHIN_S) == 2
    assert [line["retries"] for line in ledger.lines("tried", name=result.id)] == [0, 1, 2]


@pytest.mark.brokers
def test_a_countdown_is_kept(name: str, ledger: Ledger) -> None:
    sent_s = time.time()
    note.apply_async((name,), countdown=2).get(WITHIN_S)
    ran = ledger.lines("ran", name=name)
    assert len(ran) == 1
    assert 2 <= ran[0]["at"] - sent_s < 2 + 5


def test_an_eta_that_is_past_is_due_at_once(name: str) -> None:
    assert note.apply_async((name,), eta=datetime.now(UTC) - timedelta(hours=1)).get(WITHIN_S) == name


def test_an_expired_task_does_not_run(name: str, ledger: Ledger) -> None:
    result = note.apply_async((name,), expires=datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(TaskRevokedError):
        result.get(WITHIN_S)
    assert not ledger.lines("ran", name=name)


def test_a_chain_hands_on_its_results() -> None:
    assert chain(add.s(1, 2), add.s(3), replaced.s(), add.s(4))().get(WITHIN_S) == 10


def test_a_group_gives_its_results_in_order() -> None:
    assert group(add.s(number, number) for number in range(10))().get(WITHIN_S) == [2 * n for n in range(10)]


def test_a_chords_body_gets_the_results_of_its_header() -> None:
    assert chord(add.s(number, 1) for number in range(5))(total.s()).get(WITHIN_S) == 15


def test_a_chord_with_a_failure_tells_it(name: str) -> None:
    body = chord([add.s(1, 1), fail.s(name)])(total.s())
    # The body's own failure; asked with its parents it would be theirs.
    body.parent = None
    with pytest.raises(ChordError, match=name):
        body.get(WITHIN_S)


def test_callbacks_run_after_success_and_after_failure(name: str, ledger: Ledger) -> None:
    note.apply_async((f"{name}-first",), link=note.si(f"{name}-linked"))
    fail.apply_async((name,), link_error=note.si(f"{name}-failed"))
    ledger.wait("ran", name=f"{name}-linked")
    ledger.wait("ran", name=f"{name}-failed")


def test_a_task_may_replace_itself_under_its_own_id() -> None:
    assert replaced.delay(7).get(WITHIN_S) == 7


def test_a_task_that_requeues_itself_comes_again_and_says_so(name: str, ledger: Ledger) -> None:
    refuse.delay(name, requeue=True)
    refused = ledger.wait("refused", 2, name=name)
    assert [line["redelivered"] for line in refused] == [False, True]


def test_a_task_that_rejects_itself_is_gone(name: str, ledger: Ledger) -> None:
    refuse.delay(name, requeue=False)
    ledger.wait("refused", name=name)
    add.delay(1).get(WITHIN_S)
    assert len(ledger.lines("refused", name=name)) == 1


@pytest.mark.brokers
def test_a_task_whose_process_dies_runs_again(name: str, ledger: Ledger) -> None:
    result = die_once.delay(name)
    ledger.wait("ran", name=name)
    assert len(ledger.lines("died", name=name)) == 1
    assert result.id


def test_a_soft_time_limit_reaches_the_task(name: str) -> None:
    assert work.apply_async((name, 15), soft_time_limit=1).get(WITHIN_S) == "limited"


@pytest.mark.brokers
def test_the_urgent_task_runs_first(broker, name: str, ledger: Ledger) -> None:
    urgent, *_, lazy = broker.priorities
    busy = [work.delay(f"{name}-busy-{number}", 1.5) for number in range(4)]
    for number in range(3):
        note.apply_async((f"{name}-lazy-{number}",), priority=lazy)
    note.apply_async((f"{name}-urgent",), priority=urgent)
    ran = until(
        lambda: len(lines := [line for line in ledger.lines("ran") if line["name"].startswith(name)]) == 4 and lines
    )
    assert ran[0]["name"] == f"{name}-urgent"
    for result in busy:
        result.get(WITHIN_S)
