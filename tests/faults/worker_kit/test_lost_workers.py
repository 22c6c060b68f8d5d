"""A task that takes its whole worker with it, as a container out of memory does: nobody is left to count its runs."""

from pathlib import Path

import pytest

from support.worker_kit.lost_site import LostSite

LOST_MAX = 2


@pytest.mark.faults
def test_a_task_that_kills_whole_workers_ends_too(tmp_path: Path) -> None:
    with LostSite(tmp_path, lost_max=LOST_MAX) as site:
        site.send("killer", "kill the worker")
        # Of the first run nothing is noted.
        for run in range(1, LOST_MAX + 2):
            worker = site.worker()
            site.ledger.wait("began", run, name="killer")
            assert worker.wait_for_exit() != 0
        last = site.worker(concurrency=2)
        site.send("neighbour")
        (ended,) = site.ledger.wait("ended", name="killer")
        assert ended["runs"] == LOST_MAX, last.text()
        assert [line["lost"] for line in site.ledger.lines("began", name="killer")] == [0, 0, 1]
        site.ledger.wait("did", name="neighbour")
