"""A Celery app that knows no broker: URL, options and result backend come from the environment."""

import json
import os
import time

from celery import Celery
from celery.exceptions import Ignore, Reject, SoftTimeLimitExceeded

import kombu_jetstream
from support.kombu_jetstream.celery_app import write

kombu_jetstream.register()

app = Celery("conformance", broker=os.environ.get("BROKER_URL"), backend=os.environ.get("RESULT_BACKEND"))
app.conf.update(
    broker_transport_options=json.loads(os.environ.get("TRANSPORT_OPTIONS", "{}")),
    broker_connection_retry_on_startup=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_track_started=True,
    task_default_queue=os.environ.get("QUEUE", "tasks"),
    task_queue_max_priority=9,
    worker_prefetch_multiplier=1,
    worker_send_task_events=True,
    worker_hijack_root_logger=False,
    result_extended=True,
)


@app.task
def add(*numbers: int) -> int:
    return sum(numbers)


@app.task
def total(numbers: list[int]) -> int:
    return sum(numbers)


@app.task
def echo(*args, **kwargs):
    return [list(args), kwargs]


@app.task
def fail(message: str) -> None:
    raise ValueError(message)


@app.task(bind=True, max_retries=3)
def retry_until(self, retries: int, countdown: float) -> int:
    write("tried", name=self.request.id, retries=self.request.retries)
    if self.request.retries < retries:
        raise self.retry(countdown=countdown)
    return self.request.retries


@app.task(bind=True)
def replaced(self, number: int):
    if not self.request.replaced_task_nesting:
        raise self.replace(replaced.s(number))
    return number


@app.task(bind=True)
def note(self, name: str) -> str:
    write("ran", name=name, retries=self.request.retries)
    return name


@app.task
def work(name: str, seconds: float) -> str:
    write("began", name=name)
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            time.sleep(0.02)
    except SoftTimeLimitExceeded:
        write("limited", name=name)
        return "limited"
    write("ended", name=name)
    return name


@app.task(bind=True)
def refuse(self, name: str, *, requeue: bool) -> None:
    redelivered = bool((self.request.delivery_info or {}).get("redelivered"))
    write("refused", name=name, redelivered=redelivered)
    if not redelivered:
        raise Reject("not now", requeue=requeue)
    # Nothing to tell: who asks for the result waits for the refusal.
    raise Ignore


@app.task(bind=True)
def die_once(self, name: str) -> str:
    redelivered = bool((self.request.delivery_info or {}).get("redelivered"))
    write("died" if not redelivered else "ran", name=name)
    if not redelivered:
        os._exit(9)
    return name
