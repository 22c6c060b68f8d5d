"""A Celery app for real worker processes. A task tells what it did by appending one line to a file of the test's."""

import json
import os
import time
from pathlib import Path

from celery import Celery, bootsteps
from celery.exceptions import Reject
from kombu import Consumer, Queue

import kombu_jetstream

kombu_jetstream.register()

LEDGER = Path(os.environ.get("LEDGER", os.devnull))
OPTIONS = json.loads(os.environ.get("TRANSPORT_OPTIONS", "{}"))

app = Celery("conformance", broker=os.environ.get("BROKER_URL", "nats://broker:s3cret@127.0.0.1:4222/conformance"))
app.conf.update(
    broker_transport_options=OPTIONS,
    broker_connection_retry_on_startup=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_send_task_events=True,
    worker_hijack_root_logger=False,
    task_default_queue="tasks",
    worker_cancel_long_running_tasks_on_connection_loss=False,
)


def write(word: str, **what: object) -> None:
    """O_APPEND: lines of several processes do not mix."""
    line = json.dumps({"word": word, "pid": os.getpid(), "at": time.time(), **what}) + "\n"
    descriptor = os.open(LEDGER, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, line.encode())
    os.close(descriptor)


@app.task(bind=True)
def note(self, name: str) -> None:
    write("ran", name=name, retries=self.request.retries, parent=os.getppid())


@app.task(bind=True)
def work(self, name: str, seconds: float) -> None:
    write("began", name=name)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.02)
    write("ended", name=name)


@app.task(bind=True, max_retries=3)
def retry_twice(self, name: str) -> None:
    write("tried", name=name, retries=self.request.retries)
    if self.request.retries < 2:
        raise self.retry(countdown=0.2)


@app.task(bind=True)
def refuse(self, name: str, *, requeue: bool) -> None:
    redelivered = bool((self.request.delivery_info or {}).get("redelivered"))
    write("refused", name=name, redelivered=redelivered)
    if not redelivered:
        raise Reject("not now", requeue=requeue)


@app.task(bind=True)
def replace_itself(self, name: str) -> None:
    if not self.request.replaced_task_nesting:
        raise self.replace(replace_itself.s(name))
    write("ran", name=name)


@app.task
def pass_on(name: str) -> None:
    note.delay(name)


class EventStep(bootsteps.ConsumerStep):
    """Reads a stream that is no business of Celery's: the way a service takes in events."""

    def get_consumers(self, channel):
        queue = Queue(
            "events",
            queue_arguments={
                kombu_jetstream.STREAM_ARGUMENT: os.environ["EVENT_STREAM"],
                kombu_jetstream.DURABLE_ARGUMENT: os.environ["EVENT_DURABLE"],
            },
        )
        return [Consumer(channel, queues=[queue], callbacks=[self.on_event], accept=["json"], prefetch_count=10)]

    def on_event(self, body, message):
        info = message.delivery_info
        write("event", body=body, subject=info["subject"], deliveries=info["deliveries"], headers=message.headers)
        match body.get("fate"):
            case "requeue" if info["deliveries"] == 1:
                message.requeue()
            case "later" if info["deliveries"] == 1:
                message.requeue_after(1.0)
            case "reject":
                message.reject()
            case _:
                note.delay(body["name"])
                message.ack()


if "EVENT_STREAM" in os.environ:
    app.steps["consumer"].add(EventStep)
