"""The Celery app that `broker.py` runs on each broker. A task writes when it was sent and when it began."""

import os
import time

from broker_worker import RECORD
from celery import Celery

import kombu_jetstream

kombu_jetstream.register()

app = Celery("bench", broker=os.environ["BENCH_BROKER"])
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    task_default_queue="bench",
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)


@app.task
def measure(sent_s: float, sleep_s: float) -> None:
    # The machine's monotonic clock is the same in every process.
    began_s = time.monotonic()
    if sleep_s:
        time.sleep(sleep_s)
    # Appended as one write: records of several processes do not mix.
    descriptor = os.open(os.environ["BENCH_RECORDS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, RECORD.pack(sent_s, began_s))
    os.close(descriptor)
