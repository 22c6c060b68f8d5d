"""What every Celery worker of Daybook shares: app, event step, `run_async`, fates, the gateway's API.

Workers only: the gateway knows no Celery. It knows no prompt and no model; those are the services' own.
"""

from worker_kit._backoff import Backoff
from worker_kit._celery_app import QueueSpec, WorkerConfig, create_celery, pipeline_task
from worker_kit._event_step import EventSource, EventStepConfig, Order, install_event_step
from worker_kit._fates import DeadLetter, Fate, RetryLater, decide_fate
from worker_kit._gateway_client import GatewayClient, GatewayConfig
from worker_kit._model_gate import ModelGateConfig, install_model_gate
from worker_kit._run import run_async
from worker_kit.errors import DeadlineExceeded, GatewayRefused, GatewayUnreachable, WorkerError

__all__ = [
    "Backoff",
    "DeadLetter",
    "DeadlineExceeded",
    "EventSource",
    "EventStepConfig",
    "Fate",
    "GatewayClient",
    "GatewayConfig",
    "GatewayRefused",
    "GatewayUnreachable",
    "ModelGateConfig",
    "Order",
    "QueueSpec",
    "RetryLater",
    "WorkerConfig",
    "WorkerError",
    "create_celery",
    "decide_fate",
    "install_event_step",
    "install_model_gate",
    "pipeline_task",
    "run_async",
]
