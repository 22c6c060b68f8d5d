"""Composition: from settings to a Celery app that reads events, runs tasks, and heeds the model server's absence."""

from celery import Celery

from contracts.topology import INSIGHTS_DURABLE
from insights_worker.clock import set_clock
from insights_worker.config import PipelineConfig
from insights_worker.routes import QUEUES, route
from insights_worker.settings import Settings
from insights_worker.tasks import TaskContext, register_tasks
from worker_kit import Backoff, ServiceSpec, create_service_app


def create_app(settings: Settings) -> Celery:
    """Nothing is connected yet."""
    # One event is one task here: nothing is gained by gathering them.
    spec = ServiceSpec(name="insights-worker", queues=QUEUES, durable=INSIGHTS_DURABLE, route=route, batch_max=1)
    app = create_service_app(spec, settings)
    set_clock(app, every_s=settings.report_schedule_every_s)
    backoff = Backoff(base_s=settings.retry_base_s)
    register_tasks(app, TaskContext(pipeline_config(settings), backoff, settings.deadline_s))
    return app


def pipeline_config(settings: Settings) -> PipelineConfig:
    return PipelineConfig(
        gateway=settings.gateway,
        ollama=settings.ollama,
        index=settings.index,
        embedding_model=settings.embedding_model,
        chat_model=settings.chat_model,
        reflection_context_tokens=settings.reflection_context_tokens,
        report_context_tokens=settings.report_context_tokens,
        report_turn_s=settings.report_turn_s,
        reflection_checked=settings.reflection_checked,
    )
