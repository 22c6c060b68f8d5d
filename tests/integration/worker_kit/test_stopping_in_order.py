"""A worker that is told to stop while a child has a task before it, and has not said yet that it began."""

import os
import signal
import time
from pathlib import Path

from support.kombu_jetstream.worker import until
from support.worker_kit.lost_site import LostSite


def test_a_task_that_was_given_to_a_child_when_its_worker_was_told_to_stop_runs_once(tmp_path: Path) -> None:
    with LostSite(tmp_path, lost_max=0) as site:
        worker = site.worker()
        site.send("first")
        child = site.ledger.wait("did", name="first")[0]["pid"]
        os.kill(child, signal.SIGSTOP)
        site.send("second")
        until(lambda: worker.text().count("] received") == 2)
        time.sleep(1)  # Celery writes to the child's pipe in its loop's next round, and tells nobody
        worker.ask_to_stop(signal.SIGTERM)
        until(lambda: "worker.children_unheard" in worker.text())
        os.kill(child, signal.SIGCONT)
        assert worker.wait_for_exit(deadline_s=15) == 0
        site.send("third")
        site.worker()
        site.ledger.wait("did", name="third")
        assert len(site.ledger.lines("did", name="second")) == 1
