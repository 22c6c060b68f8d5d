"""A worker told to stop: what runs ends or comes back, what waits runs elsewhere without waiting for ack_wait."""

import signal
import time

import pytest

from support.kombu_jetstream.site import Site
from support.kombu_jetstream.worker import until

#: Celery's prefork pool itself takes 1.0 to 1.8 s, over any broker; the machine may be busy.
SOON_S = 8.0


def test_a_cold_shutdown_with_a_soft_limit_lets_short_tasks_end_and_gives_long_ones_back(site: Site) -> None:
    first = site.worker("one", concurrency=2, worker_soft_shutdown_timeout=4)
    site.send("work", "short", 1.5)
    site.send("work", "long", 30.0)
    site.ledger.wait("began", 2)
    first.ask_to_stop(signal.SIGQUIT)
    second = site.worker("two", "-P", "threads", ready=False)
    assert first.wait_for_exit(deadline_s=60) == 0
    assert len(site.ledger.lines("ended", name="short")) == 1
    second.ready()
    given_back_s = time.time()
    again = site.ledger.wait("began", 2, name="long")
    assert again[1]["at"] - given_back_s < SOON_S, "well before ack_wait is over"
    assert len(site.ledger.lines("began", name="short")) == 1


@pytest.mark.features
def test_remote_control_shuts_a_worker_down_after_its_task(site: Site) -> None:
    worker = site.worker("one", "-P", "solo")
    site.send("note", "before")
    site.ledger.wait("ran", name="before")
    site.client.control.shutdown()
    assert worker.wait_for_exit() == 0
    assert site.unacked() == 0


@pytest.mark.features
def test_a_warm_shutdown_ends_soon_after_the_last_task_and_leaves_nothing_held(site: Site) -> None:
    first = site.worker("one", worker_prefetch_multiplier=4)
    for number in range(6):
        site.send("work", str(number), 1.5)
    site.ledger.wait("began")
    until(lambda: site.unacked() == 4)
    first.ask_to_stop()
    assert first.wait_for_exit() == 0
    exited_s = time.time()
    last = max(line["at"] for line in site.ledger.lines("ended"))
    assert exited_s - last < SOON_S
    site.worker("two", concurrency=2)
    site.ledger.wait("ended", 6)
    assert len(site.ledger.lines("began")) == 6
