"""Tasks that end their own process, or have it ended, in an app with Daybook's own settings."""

import os
import signal
import time
from contextlib import suppress
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded

from support.kombu_jetstream.celery_app import write
from worker_kit import QueueSpec, WorkerConfig, create_celery, lost_for_good, lost_runs, pipeline_task

app = create_celery(
    WorkerConfig(
        name="lost",
        broker_url=os.environ["BROKER_URL"],
        queues=(QueueSpec("tasks", needs_model=False),),
        transport={"ack_wait_s": 2},
        lost_max=int(os.environ["LOST_MAX"]),
        lost_base_s=0.1,
    )
)


@pipeline_task(app, name="lost.run", queue="tasks")
def run(task: Any, name: str, how: str) -> None:
    error = lost_for_good(task)
    if error is not None:
        write("ended", name=name, runs=error.runs)
        return
    write("began", name=name, lost=lost_runs(task))
    match how:
        case "kill the child":
            os.kill(os.getpid(), signal.SIGKILL)
        case "kill the worker":
            os.killpg(os.getppid(), signal.SIGKILL)
        case "obey nobody":
            _sleep(60)
        case "take long":
            time.sleep(60)
    write("did", name=name)


def _sleep(seconds: float) -> None:
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        with suppress(SoftTimeLimitExceeded):
            time.sleep(0.1)
