"""A worker service's Celery app: its queues, the events it reads, and its heed of the model server's absence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from celery import Celery

from contracts.events import DomainEvent
from contracts.topology import EVENT_STREAM
from ollama_client import OllamaClient
from worker_kit._celery_app import QueueSpec, WorkerConfig, create_celery
from worker_kit._event_step import EventSource, EventStepConfig, Order, install_event_step
from worker_kit._model_gate import ModelGateConfig, install_model_gate
from worker_kit._settings import WorkerSettings

#: Prefix of the task streams and subjects, beside Daybook's own.
TASK_PREFIX = "daybook"


@dataclass(frozen=True, kw_only=True)
class ServiceSpec:
    name: str
    queues: tuple[QueueSpec, ...]
    #: The durable consumer of the event stream that this service reads.
    durable: str
    route: Callable[[Sequence[DomainEvent]], Sequence[Order]]
    batch_max: int = 32
    #: While tasks wait in this queue, events go on gathering.
    batch_queue: str | None = None


def create_service_app(spec: ServiceSpec, settings: WorkerSettings) -> Celery:
    """Nothing is connected yet; register the tasks next."""
    over_nats = settings.broker.startswith("nats")
    app = create_celery(
        WorkerConfig(
            name=spec.name,
            broker_url=settings.broker,
            queues=spec.queues,
            concurrency=settings.concurrency,
            deadline_s=settings.deadline_s,
            lost_max=settings.lost_max,
            lost_base_s=settings.retry_base_s,
            # Other brokers take none of these.
            transport=_jetstream(settings) if over_nats else {},
        )
    )
    install_event_step(
        app,
        EventStepConfig(
            source=None if over_nats else _event_source(settings),
            stream=EVENT_STREAM,
            durable=spec.durable,
            route=spec.route,
            batch_max=spec.batch_max,
            batch_queue=spec.batch_queue,
        ),
    )

    async def probe() -> str:
        async with OllamaClient(settings.ollama) as ollama:
            return await ollama.version()

    gated = tuple(queue.name for queue in spec.queues if queue.needs_model)
    install_model_gate(app, ModelGateConfig(queues=gated, probe=probe, every_s=settings.model_probe_s))
    return app


def _event_source(settings: WorkerSettings) -> EventSource:
    url = settings.nats_url.get_secret_value()
    return EventSource(url=url, transport={**_jetstream(settings), "create_streams": False})


def _jetstream(settings: WorkerSettings) -> dict[str, object]:
    """Options of the JetStream transport."""
    return {
        "prefix": TASK_PREFIX,
        "create_streams": settings.create_streams,
        "inbox_prefix": settings.nats_inbox_prefix,
        "replicas": settings.nats_replicas,
        "ack_wait_s": settings.ack_wait_s,
    }
