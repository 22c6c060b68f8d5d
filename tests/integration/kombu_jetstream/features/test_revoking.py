"""Revoked tasks do not run, wherever they are: in a child, in the worker, in the queue, or on a schedule."""

from support.kombu_jetstream.site import Site
from support.kombu_jetstream.worker import until


def told(site: Site, task_id: str) -> bool:
    """Whether the worker has heard that the task is revoked."""
    answers = site.client.control.inspect(timeout=5, limit=1).revoked() or {}
    return any(task_id in ids for ids in answers.values())


def test_a_running_task_is_terminated_and_not_run_again(crew: Site) -> None:
    running = crew.send("work", "cut off", 30.0)
    crew.ledger.wait("began", name="cut off")
    crew.client.control.revoke(running.id, terminate=True)
    until(lambda: crew.unacked() == 0)
    crew.send("note", "after the cut")
    crew.ledger.wait("ran", name="after the cut")
    assert len(crew.ledger.lines("began", name="cut off")) == 1
    assert crew.ledger.lines("ended", name="cut off") == []


def test_tasks_waiting_in_the_worker_and_in_the_server_are_dropped(site: Site) -> None:
    site.worker("one", worker_prefetch_multiplier=2)
    site.send("work", "busy", 1.5)
    site.ledger.wait("began", name="busy")
    waiting = [site.send("note", f"revoked {number}") for number in range(4)]
    site.send("note", "kept")
    for each in waiting:
        site.client.control.revoke(each.id)
    site.ledger.wait("ran", name="kept")
    until(lambda: site.unacked() == 0)
    assert [line["name"] for line in site.ledger.lines("ran")] == ["kept"]


def test_a_revoked_schedule_is_dropped_when_it_is_due(crew: Site) -> None:
    held = crew.send("note", "unwanted", countdown=2)
    crew.client.control.revoke(held.id)
    until(lambda: told(crew, held.id))
    assert crew.pending() == 1
    until(lambda: crew.pending() == 0)
    crew.send("note", "after the schedule")
    crew.ledger.wait("ran", name="after the schedule")
    until(lambda: crew.unacked() == 0)
    assert crew.ledger.lines("ran", name="unwanted") == []


def test_tasks_are_revoked_by_their_stamp(crew: Site) -> None:
    def stamped(batch: str, name: str) -> None:
        signature = crew.client.signature("support.kombu_jetstream.celery_app.note", args=(name,))
        signature.stamp(batch=batch)
        signature.apply_async(countdown=2)

    stamped("bad", "stamped out")
    stamped("good", "stamped fine")
    crew.client.control.revoke_by_stamped_headers({"batch": ["bad"]})
    crew.ledger.wait("ran", name="stamped fine")
    until(lambda: crew.unacked() == 0 and crew.pending() == 0)
    assert crew.ledger.lines("ran", name="stamped out") == []
