"""Tasks whose runs are lost, in real prefork workers: they end; what was handed back is not counted."""

import signal
from pathlib import Path

from kombu_jetstream import Runs
from support.kombu_jetstream.worker import until
from support.worker_kit.lost_site import LostSite

LOST_MAX = 2


def test_a_task_ends_after_so_many_lost_runs_and_its_neighbours_run(tmp_path: Path) -> None:
    with LostSite(tmp_path, lost_max=LOST_MAX) as site:
        site.send("killer", "kill the child")
        site.send("sleeper", "obey nobody", soft_time_limit=0.5, time_limit=1)
        site.send("neighbour")
        worker = site.worker(concurrency=2)
        for name in ("killer", "sleeper"):
            (ended,) = site.ledger.wait("ended", deadline_s=60, name=name)
            assert ended["runs"] == LOST_MAX
            began = site.ledger.lines("began", name=name)
            assert [line["lost"] for line in began] == list(range(LOST_MAX)), worker.text()
        assert len(site.ledger.wait("did", name="neighbour")) == 1


def test_what_a_worker_hands_back_when_it_is_stopped_is_no_lost_run(tmp_path: Path) -> None:
    with LostSite(tmp_path, lost_max=1) as site:
        site.send("long", "take long")
        site.handed_back()
        worker = site.worker()
        site.ledger.wait("began", name="long")
        # Whatever became of the worker now, its run would not go unseen.
        assert site.notes() == 1
        worker.ask_to_stop(signal.SIGQUIT)
        worker.wait_for_exit(deadline_s=60)
        assert site.handed_back() == Runs()


def test_a_worker_that_was_told_to_stop_and_is_killed_before_its_task_is_done_lost_no_run(tmp_path: Path) -> None:
    with LostSite(tmp_path, lost_max=1) as site:
        site.send("long", "take long")
        site.handed_back()
        worker = site.worker()
        site.ledger.wait("began", name="long")
        assert site.notings() == 1
        worker.ask_to_stop(signal.SIGTERM)
        until(lambda: site.notings() == 2)
        worker.kill_group()
        assert site.handed_back() == Runs()
