"""What becomes of a task's message: acks late and early, rejects, and retries that the server holds."""

import os
import signal
from itertools import pairwise

import pytest

from support.kombu_jetstream.site import Site
from support.kombu_jetstream.worker import until


def test_a_task_acked_early_does_not_come_back_when_its_worker_dies(site: Site) -> None:
    first = site.worker("one")
    site.send("work_acked_early", "gone", 30.0)
    site.ledger.wait("began", name="gone")
    until(lambda: site.unacked() == 0)
    first.kill_group()
    site.worker("two")
    site.send("note", "after")
    site.ledger.wait("ran", name="after")
    until(lambda: site.unacked() == 0)
    assert len(site.ledger.lines("began", name="gone")) == 1


@pytest.mark.features
def test_a_task_acked_late_comes_back_when_its_child_dies(site: Site) -> None:
    site.worker("one")
    site.send("work", "again", 2.0)
    child = site.ledger.wait("began", name="again")[0]["pid"]
    assert site.unacked() == 1
    os.kill(child, signal.SIGKILL)
    site.ledger.wait("ended", name="again")
    assert len(site.ledger.lines("began", name="again")) == 2


def test_a_task_that_raises_is_done_with(crew: Site) -> None:
    crew.send("fail", "once")
    crew.send("note", "after failure")
    crew.ledger.wait("ran", name="after failure")
    until(lambda: crew.unacked() == 0)


@pytest.mark.features
def test_backoff_doubles_and_the_server_holds_the_retries(crew: Site) -> None:
    crew.send("back_off", "doubling")
    crew.ledger.wait("tried", name="doubling")
    # The retry is published before the attempt is acked.
    until(lambda: crew.pending() == 1 and crew.unacked() == 0)
    tried = crew.ledger.wait("tried", 3, name="doubling")
    first, second = (after["at"] - before["at"] for before, after in pairwise(tried))
    assert 2 <= first < 4
    assert 4 <= second < 6
    assert [line["retries"] for line in tried] == [0, 1, 2]


@pytest.mark.features
def test_jitter_retries_within_the_backoff(crew: Site) -> None:
    crew.send("back_off_with_jitter", "jitter")
    tried = crew.ledger.wait("tried", 2, name="jitter")
    assert tried[1]["at"] - tried[0]["at"] < 4 + 2
