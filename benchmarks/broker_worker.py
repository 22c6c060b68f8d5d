"""The worker that `broker.py` measures: what its tasks wrote, and what processor time it spent."""

import os
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from broker_servers import RunningBroker

from devstack.process import ServerProcess

HERE = Path(__file__).parent
#: As `broker_tasks` writes it: sent, began.
RECORD = struct.Struct("dd")
TICKS = os.sysconf("SC_CLK_TCK")


class Records:
    """What the tasks wrote."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)

    def wait(self, count: int, within_s: float = 300.0) -> list[tuple[float, float]]:
        """(sent, began) of `count` tasks, in the order of their starts."""
        deadline_s = time.monotonic() + within_s
        while not self.path.exists() or self.path.stat().st_size < count * RECORD.size:
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"{count} tasks did not run within {within_s:g} s")
            time.sleep(0.01)
        return sorted(RECORD.iter_unpack(self.path.read_bytes()), key=lambda record: record[1])


def cpu_s(roots: tuple[int, ...]) -> float:
    """Processor seconds of these processes and all that they started."""
    parents: dict[int, int] = {}
    spent: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            values = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry.name)] = int(values[1])
        spent[int(entry.name)] = (int(values[11]) + int(values[12])) / TICKS

    def descends(pid: int) -> bool:
        while pid > 1:
            if pid in roots:
                return True
            pid = parents.get(pid, 0)
        return False

    return sum(seconds for pid, seconds in spent.items() if descends(pid))


@contextmanager
def worker(broker: RunningBroker, directory: Path, records: Records) -> Iterator[ServerProcess]:
    log = directory / "worker.log"
    log.unlink(missing_ok=True)
    process = ServerProcess(
        "worker",
        [sys.executable, "-m", "celery", "-A", "broker_tasks", "worker", "-c", "2", "-l", "WARNING", "-n", "w@bench"],
        log=log,
        env={"BENCH_BROKER": broker.url, "BENCH_RECORDS": str(records.path), "PYTHONPATH": str(HERE)},
        cwd=directory,
    )
    process.start()
    try:
        yield process
    finally:
        process.stop()
        process.kill()
