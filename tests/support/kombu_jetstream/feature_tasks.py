"""The conformance app with a task for each feature of Celery; its settings come from the test."""

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from celery import Task
from celery.exceptions import Reject, SoftTimeLimitExceeded

from support.kombu_jetstream.celery_app import app, note, work, write

__all__ = ["app", "note", "work"]

app.conf.update(json.loads(os.environ.get("SETTINGS", "{}")))


def busy(seconds: float) -> None:
    """Interruptible by signals, as a sleep in C is not in every pool."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)


@app.task(bind=True, acks_late=False)
def work_acked_early(self: Task, name: str, seconds: float) -> None:
    write("began", name=name, redelivered=(self.request.delivery_info or {}).get("redelivered"))
    busy(seconds)
    write("ended", name=name)


@app.task(bind=True)
def work_to_a_limit(self: Task, name: str, seconds: float) -> None:
    write("began", name=name, pid_of_child=os.getpid())
    try:
        busy(seconds)
    except SoftTimeLimitExceeded:
        write("warned", name=name)
        return
    write("ended", name=name)


@app.task(bind=True, acks_on_failure_or_timeout=False)
def work_unacked_past_a_limit(self: Task, name: str, seconds: float) -> None:
    write("began", name=name)
    busy(seconds)


@app.task(bind=True, autoretry_for=(ConnectionError,), retry_backoff=2, retry_jitter=False, max_retries=2)
def back_off(self: Task, name: str) -> None:
    write("tried", name=name, retries=self.request.retries)
    raise ConnectionError(name)


@app.task(bind=True, autoretry_for=(ConnectionError,), retry_backoff=4, retry_jitter=True, max_retries=1)
def back_off_with_jitter(self: Task, name: str) -> None:
    write("tried", name=name, retries=self.request.retries)
    if not self.request.retries:
        raise ConnectionError(name)


@app.task(bind=True)
def reject_early(self: Task, name: str) -> None:
    write("tried", name=name)
    raise Reject("never", requeue=False)


@app.task(rate_limit="2/s")
def limited(name: str) -> None:
    write("ran", name=name)


@app.task
def work_at_this_workers_pace(name: str) -> None:
    write("began", name=name, pace_s=app.conf.pace_s)
    busy(app.conf.pace_s)
    write("ended", name=name, pace_s=app.conf.pace_s)


@app.task
def fail(name: str) -> None:
    raise ValueError(name)


@app.task
def publish_from_threads(name: str, count: int) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: note.delay(f"{name} {number}"), range(count)))


@app.task
def publish_from_a_fork(name: str) -> None:
    child = os.fork()
    if child == 0:
        note.delay(name)
        os._exit(0)
    os.waitpid(child, 0)
    note.delay(f"parent of {name}")


@app.task
def where(name: str) -> None:
    write(
        "ran",
        name=name,
        thread=threading.current_thread().name,
        main=threading.current_thread() is threading.main_thread(),
    )
