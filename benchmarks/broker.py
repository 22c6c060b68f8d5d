"""The same tasks through JetStream, Redis and RabbitMQ as Celery's broker, in turn, several rounds in one run.

`python benchmarks/broker.py [--rounds N] [--tasks N] [--write FILE]`. One worker, prefork with two children, Celery's
default prefetch, acks late, no results; every broker is a real server on this machine. Throughput: a full queue, from
the first start to the last. Latency: one task at a time to an idle worker, from before the publish to the first line of
the task. Compare the ratios: every round measures each broker in turn, so that a busy moment strikes them alike.
"""

import argparse
import multiprocessing
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from broker_servers import BROKERS, RunningBroker
from broker_worker import Records, cpu_s, worker
from celery import Celery

import kombu_jetstream

TASK = "broker_tasks.measure"


@dataclass(frozen=True)
class Figures:
    """One round on one broker."""

    publishes_per_s: float
    noop_per_s: float
    ten_ms_per_s: float
    start_p50_ms: float
    start_p99_ms: float
    #: Of the worker with its pool, and of the broker's server.
    worker_cpu_us: float
    server_cpu_us: float
    #: Of one core, of a worker with nothing to do.
    idle_percent: float


def measure(broker: RunningBroker, directory: Path, tasks: int, idle_s: float) -> Figures:
    records = Records(directory / "records")
    with Celery("client", broker=broker.url, set_as_current=False) as client:
        client.conf.task_ignore_result = True
        client.conf.task_default_queue = "bench"

        def send(sleep_s: float = 0.0) -> None:
            client.send_task(TASK, args=(time.monotonic(), sleep_s))

        send()
        publishes_s = _took(lambda: [send() for _ in range(tasks)])
        with worker(broker, directory, records) as process:
            ran = records.wait(tasks + 1)
            noop_per_s = tasks / (ran[-1][1] - ran[0][1])
            assert process.pid is not None
            # Again with a worker that has started: what a task costs, without what starting costs.
            records.clear()
            before = cpu_s((process.pid,)), cpu_s(broker.pids)
            for _ in range(tasks):
                send()
            records.wait(tasks)
            worker_s, server_s = cpu_s((process.pid,)) - before[0], cpu_s(broker.pids) - before[1]

            records.clear()
            for _ in range(tasks // 5):
                send(0.01)
            ran = records.wait(tasks // 5)
            ten_ms_per_s = len(ran) / (ran[-1][1] - ran[0][1])

            records.clear()
            for _ in range(tasks // 10):
                send()
                time.sleep(0.02)
            delays_ms = [(began_s - sent_s) * 1000 for sent_s, began_s in records.wait(tasks // 10)]

            before_idle_s, began_s = cpu_s((process.pid,)), time.monotonic()
            time.sleep(idle_s)
            idle = (cpu_s((process.pid,)) - before_idle_s) / (time.monotonic() - began_s)
    return Figures(
        publishes_per_s=tasks / publishes_s,
        noop_per_s=noop_per_s,
        ten_ms_per_s=ten_ms_per_s,
        start_p50_ms=statistics.median(delays_ms),
        start_p99_ms=statistics.quantiles(delays_ms, n=100)[-1],
        worker_cpu_us=worker_s / tasks * 1e6,
        server_cpu_us=server_s / tasks * 1e6,
        idle_percent=idle * 100,
    )


def _took(work: Callable[[], object]) -> float:
    began_s = time.monotonic()
    work()
    return time.monotonic() - began_s


LABELS = {
    "publishes_per_s": "publishes/s, one thread",
    "noop_per_s": "no-op tasks/s",
    "ten_ms_per_s": "10 ms tasks/s (limit 200)",
    "start_p50_ms": "publish to start, p50 ms",
    "start_p99_ms": "publish to start, p99 ms",
    "worker_cpu_us": "worker's CPU a task, us",
    "server_cpu_us": "server's CPU a task, us",
    "idle_percent": "idle worker, % of a core",
}


def report(measured: dict[str, list[Figures]]) -> str:
    """The median of the rounds, and in brackets its ratio to Redis as Debian ships it."""
    durability = {broker.name: broker.durability for broker in BROKERS}
    lines = [
        "| | " + " | ".join(measured) + " |",
        "|---" * (len(measured) + 1) + "|",
        "| an accepted message is on disk | " + " | ".join(durability[name] for name in measured) + " |",
    ]
    for field in fields(Figures):
        medians = {
            name: statistics.median(getattr(figures, field.name) for figures in rounds)
            for name, rounds in measured.items()
        }
        base = medians.get("redis")
        cells = [f"{value:,.4g}" + (f" ({value / base:.2f})" if base else "") for value in medians.values()]
        lines.append(f"| {LABELS[field.name]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write(path: Path, table: str, rounds: int, tasks: int) -> None:
    machine = f"{platform.processor() or platform.machine()}, {multiprocessing.cpu_count()} cores"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"# Brokers\n\n`make bench-broker` on {datetime.now(UTC):%Y-%m-%d}, {machine}, "
        f"Python {platform.python_version()}, {rounds} rounds of {tasks} tasks.\n"
        "One prefork worker with two children, Celery's default prefetch, acks late, no results. In brackets: the "
        f"ratio to Redis.\n\n{table}\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--idle", type=float, default=20.0, help="seconds of idleness to measure")
    parser.add_argument("--only", nargs="*", help="names of brokers")
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    kombu_jetstream.register()
    brokers = [broker for broker in BROKERS if broker.installed() and (not chosen.only or broker.name in chosen.only)]
    for missing in [broker.name for broker in BROKERS if not broker.installed()]:
        print(f"{missing}: its server is not installed, left out")
    measured: dict[str, list[Figures]] = {broker.name: [] for broker in brokers}
    with TemporaryDirectory(prefix="bench-broker-") as directory:
        for number in range(1, chosen.rounds + 1):
            for broker in brokers:
                folder = Path(directory) / f"{broker.name.replace(', ', '-')}-{number}"
                folder.mkdir()
                with broker.serve(folder) as running:
                    figures = measure(running, folder, chosen.tasks, chosen.idle)
                measured[broker.name].append(figures)
                print(
                    f"round {number} of {chosen.rounds}, {broker.name}: {figures.noop_per_s:,.0f} tasks/s", flush=True
                )
    table = report(measured)
    print(table)
    if chosen.write:
        write(chosen.write, table, chosen.rounds, chosen.tasks)


if __name__ == "__main__":
    main()
