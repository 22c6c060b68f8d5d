"""Each pool of Celery that needs no patching, and pools that change their size."""

import pytest

from support.kombu_jetstream.site import Site
from support.kombu_jetstream.worker import until


@pytest.mark.features
@pytest.mark.parametrize("pool", ["solo", "threads"])
def test_tasks_run_publish_and_are_controlled_in_this_pool(site: Site, pool: str) -> None:
    worker = site.worker("one", "-P", pool, concurrency=2)
    for number in range(10):
        site.send("pass_on", f"passed {number}")
    site.send("note", "later", countdown=1.5)
    assert len(site.ledger.wait("ran", 11)) == 11
    assert site.client.control.ping(timeout=5, limit=1)
    until(lambda: site.unacked() == 0)
    worker.ask_to_stop()
    assert worker.wait_for_exit() == 0


@pytest.mark.features
def test_children_are_replaced_after_their_number_of_tasks(site: Site) -> None:
    site.worker("one", "--max-tasks-per-child", "3")
    for number in range(9):
        site.send("note", str(number))
    ran = site.ledger.wait("ran", 9)
    assert len({line["pid"] for line in ran}) == 3
    assert len(ran) == 9


@pytest.mark.features
def test_autoscale_grows_under_load_and_takes_more_messages(site: Site) -> None:
    site.worker("one", "--autoscale", "4,1")
    for number in range(40):
        site.send("work", str(number), 0.5)
    until(lambda: site.unacked() >= 4)
    ended = site.ledger.wait("ended", 40, deadline_s=60)
    assert len({line["pid"] for line in ended}) == 4
    assert len(site.ledger.lines("began")) == 40
