"""Tasks a second of each option, in one worker with one pool child, one option after another in rounds."""

import os
import random
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Round:
    """One option's tasks of one round: how many a second, and the child's processor time of each."""

    tasks_per_s: float
    cpu_us: float


def measure_tasks(server: str, tasks: int, rounds: int) -> dict[str, list[Round]]:
    """By option, in the order of the rounds: what is compared is compared within a round."""
    kombu_jetstream.register()
    found: dict[str, list[Round]] = {option: [] for option in OPTIONS}
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
                for option in random.sample(OPTIONS, len(OPTIONS)):
                    count = max(2, tasks // NAIVE_SHARE) if option == C_NAIVE else tasks
                    # One more, whose end is the beginning.
                    ends = _ends(client, option, count + 1, records)
                    (began_s, cpu_began_s), (ended_s, cpu_ended_s) = ends[0], ends[-1]
                    cpu_us = (cpu_ended_s - cpu_began_s) / count * 1e6
                    found[option].append(Round(count / (ended_s - began_s), cpu_us))
    return found


def ratio(found: dict[str, list[Round]], option: str, beside: str) -> float:
    """Of tasks a second, the median over the rounds."""
    pairs = zip(found[option], found[beside], strict=True)
    return statistics.median(one.tasks_per_s / other.tasks_per_s for one, other in pairs)


def _ends(client: Celery, option: str, count: int, records: Path) -> list[tuple[float, float]]:
    """Of each task: when it ended, and the child's processor time by then; in seconds."""
    records.unlink(missing_ok=True)
    gate = records.with_name("gate")
    gate.unlink(missing_ok=True)
    client.send_task("bridge_tasks.hold", args=(str(gate),))
    for _ in range(count):
        client.send_task("bridge_tasks.bridged", args=(option,))
    gate.touch()
    deadline_s = time.monotonic() + WITHIN_S
    while not records.exists() or len(ends := records.read_text().splitlines()) < count:
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"{option}: not all of {count} tasks ran")
        time.sleep(0.05)
    return sorted((float(wall), float(cpu)) for wall, cpu in map(str.split, ends))


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
