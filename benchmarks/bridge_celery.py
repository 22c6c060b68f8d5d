"""Tasks a second of each option, in one worker with one pool child, one option after another in rounds."""

import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bridge_options import C_CONTEXT, C_DAYBOOK, C_KEPT, C_NAIVE, C_OURS, A, B
from celery import Celery

import kombu_jetstream
from devstack.nats import NatsServer
from devstack.process import ServerProcess

OPTIONS = (A, B, C_NAIVE, C_CONTEXT, C_OURS, C_KEPT, C_DAYBOOK)
#: The naive one is some thirty times as slow.
NAIVE_SHARE = 10
WITHIN_S = 300.0


def tasks_per_s(server: str, tasks: int, rounds: int) -> dict[str, float]:
    """By option, the median of the rounds."""
    kombu_jetstream.register()
    found: dict[str, list[float]] = {option: [] for option in OPTIONS}
    with TemporaryDirectory(prefix="bench-bridge-") as folder, NatsServer(Path(folder) / "nats") as nats:
        directory, broker = Path(folder), f"{nats.url}/bridge"
        records = directory / "records"
        with (
            _worker(broker, server, records, directory),
            Celery("client", broker=broker, set_as_current=False) as client,
        ):
            client.conf.task_ignore_result = True
            client.conf.task_default_queue = "bridge"
            for _ in range(rounds):
                for option in OPTIONS:
                    count = tasks // NAIVE_SHARE if option == C_NAIVE else tasks
                    # One more, whose end is the beginning.
                    ends_s = _ends(client, option, count + 1, records)
                    found[option].append(count / (ends_s[-1] - ends_s[0]))
    return {option: statistics.median(rates) for option, rates in found.items()}


def _ends(client: Celery, option: str, count: int, records: Path) -> list[float]:
    records.unlink(missing_ok=True)
    for _ in range(count):
        client.send_task("bridge_tasks.bridged", args=(option,))
    deadline_s = time.monotonic() + WITHIN_S
    while not records.exists() or len(ends := records.read_text().splitlines()) < count:
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"{option}: not all of {count} tasks ran")
        time.sleep(0.05)
    return sorted(map(float, ends))


@contextmanager
def _worker(broker: str, server: str, records: Path, directory: Path) -> Iterator[None]:
    process = ServerProcess(
        "worker",
        [sys.executable, "-m", "celery", "-A", "bridge_tasks", "worker", "-c", "1", "-l", "WARNING"],
        log=directory / "worker.log",
        env={
            "BENCH_BROKER": broker,
            "BENCH_SERVER": server,
            "BENCH_RECORDS": str(records),
            "PYTHONPATH": str(Path(__file__).parent),
            # Not Celery's own settings of this machine.
            "PATH": os.environ["PATH"],
        },
        cwd=directory,
    )
    process.start()
    try:
        yield
    finally:
        process.stop()
        process.kill()
