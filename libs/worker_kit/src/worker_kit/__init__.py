"""What every Celery worker of Daybook shares: app, event step, `run_async`, fates, the gateway's API.

Workers only: the gateway knows no Celery. It knows no prompt; those are the services' own.
"""

from worker_kit._backoff import Backoff
from worker_kit._celery_app import QueueSpec, WorkerConfig, create_celery, pipeline_task
from worker_kit._event_step import EventSource, EventStepConfig, Order, install_event_step
from worker_kit._evidence import Evidence, gather_evidence, note_call
from worker_kit._evidence_reporter import EvidenceReporter, EvidenceReporterConfig
from worker_kit._fates import DeadLetter, Fate, RetryLater, count_fate, decide_fate, reason_of, told_of
from worker_kit._gateway_client import GatewayClient, GatewayConfig
from worker_kit._losses import fresh_headers, lost_for_good, lost_runs
from worker_kit._model_facts import ModelFacts, model_facts
from worker_kit._model_gate import ModelGateConfig, install_model_gate
from worker_kit._passages import (
    PASSAGE_TOKENS,
    SMALLEST_PASSAGE_TOKENS,
    Span,
    beginning_and_end,
    estimate_tokens,
    split,
)
from worker_kit._run import run_async
from worker_kit._service_app import TASK_PREFIX, ServiceSpec, create_service_app
from worker_kit._serving import serve_beat, serve_worker
from worker_kit._settings import WorkerSettings
from worker_kit.errors import (
    DeadlineExceeded,
    GatewayOutdated,
    GatewayRefused,
    GatewayUnreachable,
    RequestTooLarge,
    WorkerError,
    WorkerLost,
)

__all__ = [
    "PASSAGE_TOKENS",
    "SMALLEST_PASSAGE_TOKENS",
    "TASK_PREFIX",
    "Backoff",
    "DeadLetter",
    "DeadlineExceeded",
    "EventSource",
    "EventStepConfig",
    "Evidence",
    "EvidenceReporter",
    "EvidenceReporterConfig",
    "Fate",
    "GatewayClient",
    "GatewayConfig",
    "GatewayOutdated",
    "GatewayRefused",
    "GatewayUnreachable",
    "ModelFacts",
    "ModelGateConfig",
    "Order",
    "QueueSpec",
    "RequestTooLarge",
    "RetryLater",
    "ServiceSpec",
    "Span",
    "WorkerConfig",
    "WorkerError",
    "WorkerLost",
    "WorkerSettings",
    "beginning_and_end",
    "count_fate",
    "create_celery",
    "create_service_app",
    "decide_fate",
    "estimate_tokens",
    "fresh_headers",
    "gather_evidence",
    "install_event_step",
    "install_model_gate",
    "lost_for_good",
    "lost_runs",
    "model_facts",
    "note_call",
    "pipeline_task",
    "reason_of",
    "run_async",
    "serve_beat",
    "serve_worker",
    "split",
    "told_of",
]
