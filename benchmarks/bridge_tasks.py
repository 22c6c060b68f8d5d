"""The options as tasks of a real Celery worker."""

import os
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from bridge_options import LOOPS, options
from celery import Celery

import kombu_jetstream

kombu_jetstream.register()

app = Celery("bridge", broker=os.environ["BENCH_BROKER"])
app.conf.update(
    task_acks_late=True, task_ignore_result=True, task_default_queue="bridge", worker_hijack_root_logger=False
)


@cache
def _works() -> dict[str, Callable[[], object]]:
    """Made in the pool's child, at its first task."""
    return options(os.environ["BENCH_SERVER"], LOOPS["asyncio"])


@app.task
def bridged(option: str) -> None:
    _works()[option]()
    descriptor = os.open(os.environ["BENCH_RECORDS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{time.monotonic()} {time.process_time()}\n".encode())
    os.close(descriptor)


@app.task
def hold(gate: str) -> None:
    """Keep the one child busy while tasks gather: sending them would take part of its processor."""
    while not Path(gate).exists():
        time.sleep(0.01)
