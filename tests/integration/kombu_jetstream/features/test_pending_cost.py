"""What five thousand pending tasks cost a worker that has nothing to do."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.kombu_jetstream.site import Site

PENDING = 5_000
WINDOW_S = 5.0


def cpu_s(pid: int) -> float:
    """Processor time that a process and its children have used."""
    total = 0.0
    for each in (pid, *children_of(pid)):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    return total


def rss_kib(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def children_of(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def idle_share(pid: int) -> float:
    """Of one core, over a window."""
    before_s = cpu_s(pid)
    time.sleep(WINDOW_S)
    return (cpu_s(pid) - before_s) / WINDOW_S


@pytest.mark.features
def test_thousands_of_pending_tasks_cost_an_idle_worker_nothing(site: Site) -> None:
    worker = site.worker("one", concurrency=2)
    site.send("note", "warm")
    site.ledger.wait("ran")
    share, memory_kib = idle_share(worker.pid), rss_kib(worker.pid)
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda number: site.send("note", str(number), countdown=3600), range(PENDING)))
    assert site.pending() == PENDING
    share_with, memory_with_kib = idle_share(worker.pid), rss_kib(worker.pid)
    assert share_with < share + 0.01
    assert memory_with_kib < memory_kib + 1024
    site.send("note", "after")
    site.ledger.wait("ran", name="after")
