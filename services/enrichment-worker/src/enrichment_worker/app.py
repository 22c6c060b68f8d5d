"""Composition: from settings to a Celery app that reads events, runs tasks, and heeds the model server's absence."""

from celery import Celery

from contracts.topology import ENRICHMENT_DURABLE, EVENT_STREAM
from enrichment_worker.pipeline import PipelineConfig
from enrichment_worker.routes import EMBED_QUEUE, QUEUES, route
from enrichment_worker.settings import Settings
from enrichment_worker.tasks import TaskContext, register_tasks
from entry_index import IndexConfig
from ollama_client import OllamaClient, OllamaConfig
from worker_kit import (
    Backoff,
    EventSource,
    EventStepConfig,
    GatewayConfig,
    ModelGateConfig,
    WorkerConfig,
    create_celery,
    install_event_step,
    install_model_gate,
)

#: Prefix of the task streams and subjects, beside Daybook's own.
TASK_PREFIX = "daybook"
_INDEX_TIMEOUT_S = 30.0


def create_app(settings: Settings) -> Celery:
    """Nothing is connected yet."""
    pipeline = pipeline_config(settings)
    app = create_celery(
        WorkerConfig(
            name="enrichment-worker",
            broker_url=settings.broker,
            queues=QUEUES,
            concurrency=settings.concurrency,
            deadline_s=settings.deadline_s,
            transport=_jetstream(settings) if _is_nats(settings.broker) else {},
        )
    )
    register_tasks(app, TaskContext(pipeline, Backoff(base_s=settings.retry_base_s), settings.deadline_s))
    install_event_step(
        app,
        EventStepConfig(
            source=_event_source(settings),
            stream=EVENT_STREAM,
            durable=ENRICHMENT_DURABLE,
            route=route,
            batch_max=settings.embed_batch,
            batch_queue=EMBED_QUEUE.name,
        ),
    )

    async def probe() -> str:
        async with OllamaClient(pipeline.ollama) as ollama:
            return await ollama.version()

    gated = tuple(queue.name for queue in QUEUES if queue.needs_model)
    install_model_gate(app, ModelGateConfig(queues=gated, probe=probe, every_s=settings.model_probe_s))
    return app


def pipeline_config(settings: Settings) -> PipelineConfig:
    key = settings.qdrant_api_key
    return PipelineConfig(
        gateway=GatewayConfig(
            nats_url=settings.nats_url.get_secret_value(),
            key=settings.key,
            inbox_prefix=settings.nats_inbox_prefix,
        ),
        ollama=OllamaConfig(base_url=settings.ollama_url, allow_remote=settings.ollama_allow_remote),
        index=IndexConfig(
            url=settings.qdrant_url,
            timeout_s=_INDEX_TIMEOUT_S,
            api_key=key.get_secret_value() if key else None,
        ),
        embedding_model=settings.embedding_model,
        chat_model=settings.chat_model,
        mood_method=settings.mood_method,
        mood_context_tokens=settings.mood_context_tokens,
    )


def _event_source(settings: Settings) -> EventSource | None:
    if _is_nats(settings.broker):
        return None
    url = settings.nats_url.get_secret_value()
    return EventSource(url=url, transport={**_jetstream(settings), "create_streams": False})


def _is_nats(url: str) -> bool:
    return url.startswith("nats")


def _jetstream(settings: Settings) -> dict[str, object]:
    """Options of the JetStream transport; other brokers take none of them."""
    return {
        "prefix": TASK_PREFIX,
        "create_streams": settings.create_streams,
        "inbox_prefix": settings.nats_inbox_prefix,
        "ack_wait_s": settings.ack_wait_s,
    }
