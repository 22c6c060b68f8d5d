"""A worker of the version that `VERSION` names, `old` or `new`: the new one has a task and a parameter more."""

import os
from collections.abc import Sequence
from typing import Any

from contracts.events import DomainEvent, EntryCreated, EntryRef
from contracts.identifiers import derived_id
from support.kombu_jetstream.celery_app import write
from worker_kit import EventStepConfig, Order, QueueSpec, WorkerConfig, create_celery, install_event_step, pipeline_task

VERSION = os.environ["VERSION"]
STREAM, DURABLE, SUBJECT = "SKEWED", "reader", "skewed.events"
NOTE, LATER = "skewed.note", "skewed.later"
QUEUE = QueueSpec("tasks", needs_model=False)

app = create_celery(
    WorkerConfig(name="skewed", broker_url=os.environ["BROKER_URL"], queues=(QUEUE,), concurrency=1, back_s=0.5)
)


def _route(events: Sequence[DomainEvent]) -> list[Order]:
    return [
        Order(NOTE, QUEUE.name, ("event", event.data.model_dump(mode="json")), derived_id(NOTE, event.id), (event.id,))
        for event in events
        if isinstance(event, EntryCreated)
    ]


install_event_step(app, EventStepConfig(stream=STREAM, durable=DURABLE, route=_route, back_s=0.5))

if VERSION == "old":

    @pipeline_task(app, name=NOTE, queue=QUEUE.name)
    def note(task: Any, name: str, ref: dict[str, Any]) -> None:
        write("ran", name=name, version=VERSION, revision=EntryRef.model_validate(ref).revision)

else:

    @pipeline_task(app, name=NOTE, queue=QUEUE.name)
    def note_with_more(task: Any, name: str, ref: dict[str, Any], more: str = "") -> None:
        write("ran", name=name, version=VERSION, more=more)

    @pipeline_task(app, name=LATER, queue=QUEUE.name)
    def later(task: Any, name: str) -> None:
        write("ran", name=name, version=VERSION)
