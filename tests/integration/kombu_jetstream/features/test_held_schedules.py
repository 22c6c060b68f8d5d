"""ETA and countdown: the server holds the task, whatever its clock, its zone or its distance."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from support.kombu_jetstream.site import Site
from support.kombu_jetstream.worker import until


@pytest.mark.features
def test_a_restarted_worker_neither_loses_nor_hastens_what_is_held(site: Site) -> None:
    first = site.worker("one")
    due = datetime.now(UTC) + timedelta(seconds=4)
    for number in range(20):
        site.send("note", f"held {number}", eta=due)
    assert site.pending() == 20
    first.stop()
    site.worker("two")
    ran = site.ledger.wait("ran", 20)
    assert all(0 <= line["at"] - due.timestamp() < 4 for line in ran)
    assert len({line["name"] for line in ran}) == len(ran) == 20


def test_an_eta_in_the_past_runs_at_once(crew: Site) -> None:
    crew.send("note", "past", eta=datetime.now(UTC) - timedelta(days=3))
    crew.ledger.wait("ran", name="past")


def test_an_eta_is_read_in_its_own_zone_and_a_naive_one_as_utc_as_celery_does(crew: Site) -> None:
    due = datetime.now(UTC) + timedelta(seconds=2)
    crew.send("note", "aware", eta=due.astimezone(timezone(timedelta(hours=9))))
    with crew.app(timezone="Asia/Tokyo") as app:
        app.send_task("support.kombu_jetstream.celery_app.note", args=("naive",), eta=due.replace(tzinfo=None))
    until(lambda: crew.pending() == 2)
    for name in ("aware", "naive"):
        ran = crew.ledger.wait("ran", name=name)
        assert 0 <= ran[0]["at"] - due.timestamp() < 3, name


def test_months_and_a_century_ahead_are_held_and_a_purge_leaves_them(site: Site) -> None:
    for days in (40, 400, 36_500):
        site.send("note", f"{days} days", countdown=days * 86_400)
    assert site.pending() == 3
    site.worker("one")
    site.send("note", "now")
    site.ledger.wait("ran", name="now")
    site.client.control.purge()
    assert site.pending() == 3


def test_a_task_that_expires_before_its_eta_never_runs(crew: Site) -> None:
    began_s = time.time()
    crew.send("note", "too late", countdown=3, expires=1.5)
    crew.send("note", "in time", countdown=1.5, expires=30)
    ran = crew.ledger.wait("ran", name="in time")
    assert 1.5 <= ran[0]["at"] - began_s < 4
    until(lambda: crew.pending() == 0)
    crew.send("note", "after expiry")
    crew.ledger.wait("ran", name="after expiry")
    until(lambda: crew.unacked() == 0)
    assert crew.ledger.lines("ran", name="too late") == []
