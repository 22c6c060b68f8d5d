"""Composition: from settings to a Celery app that reads events, runs tasks, and heeds the model server's absence."""

from celery import Celery

from contracts.topology import ENRICHMENT_DURABLE
from enrichment_worker.pipeline import PipelineConfig
from enrichment_worker.routes import EMBED_QUEUE, QUEUES, route
from enrichment_worker.settings import Settings
from enrichment_worker.tasks import TaskContext, register_tasks
from worker_kit import Backoff, ServiceSpec, create_service_app


def create_app(settings: Settings) -> Celery:
    """Nothing is connected yet."""
    spec = ServiceSpec(
        name="enrichment-worker",
        queues=QUEUES,
        durable=ENRICHMENT_DURABLE,
        route=route,
        batch_max=settings.embed_batch,
        batch_queue=EMBED_QUEUE.name,
    )
    app = create_service_app(spec, settings)
    backoff = Backoff(base_s=settings.retry_base_s)
    register_tasks(app, TaskContext(pipeline_config(settings), backoff, settings.deadline_s))
    return app


def pipeline_config(settings: Settings) -> PipelineConfig:
    return PipelineConfig(
        gateway=settings.gateway,
        ollama=settings.ollama,
        index=settings.index,
        lexicon=settings.lexicon,
        rebuild_index=settings.rebuild_index,
        embedding_model=settings.embedding_model,
        chat_model=settings.chat_model,
        mood_method=settings.mood_method,
        mood_context_tokens=settings.mood_context_tokens,
    )
