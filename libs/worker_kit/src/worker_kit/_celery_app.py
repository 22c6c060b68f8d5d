"""A Celery app with the settings that Daybook's guarantees need, each with its reason."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from celery import Celery
from celery.app.task import Task
from celery.exceptions import Retry
from kombu import Queue

import kombu_jetstream
from worker_kit._evidence import gather_evidence
from worker_kit._metrics import TASK_FATES
from worker_kit._traces import task_span


@dataclass(frozen=True)
class QueueSpec:
    name: str
    #: True where the tasks call a model: the model gate closes these while the model server is away.
    needs_model: bool
    #: True where tasks carry a priority: urgent ones overtake.
    has_priorities: bool = False


@dataclass(frozen=True, kw_only=True)
class WorkerConfig:
    name: str
    broker_url: str = field(repr=False)
    queues: tuple[QueueSpec, ...]
    concurrency: int = 2
    #: The coroutine's own limit; Celery's two lie above it, so that they end only what does not obey.
    deadline_s: float = 600.0
    #: Options of the broker's transport (`kombu_jetstream.TransportOptions`).
    transport: dict[str, Any] = field(default_factory=dict)


_PRIORITY_MAX = 9
_SOFT_GRACE_S = 15.0
_HARD_GRACE_S = 30.0


def create_celery(config: WorkerConfig) -> Celery:
    """The app; nothing is connected yet."""
    kombu_jetstream.register()
    app = Celery(config.name, broker=config.broker_url)
    app.conf.update(
        broker_transport_options=config.transport,
        # The broker may start after us, and may be away for long.
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # A task is settled only after its effect is stored, so that a killed worker's task comes back.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        # And so that one ended by its hard limit does: Celery's own way is to forget it.
        task_acks_on_timeout=False,
        # Results go to the gateway; Celery keeps none.
        task_ignore_result=True,
        result_backend=None,
        # One task held beside each running one: what waits longer waits at the broker, where others can take it.
        worker_prefetch_multiplier=1,
        worker_concurrency=config.concurrency,
        # Nothing but JSON is ever decoded.
        task_serializer="json",
        accept_content=["json"],
        task_soft_time_limit=config.deadline_s + _SOFT_GRACE_S,
        task_time_limit=config.deadline_s + _HARD_GRACE_S,
        task_queues=[
            Queue(queue.name, max_priority=_PRIORITY_MAX if queue.has_priorities else None) for queue in config.queues
        ],
        task_default_queue=config.queues[0].name,
        task_create_missing_queues=False,
        # Our logs have one shape; Celery must not put handlers of its own beside them.
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        # A reconnect must not cancel tasks whose effect is idempotent and nearly done.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        # Children of the pool are replaced now and then: memory that a library leaks does not pile up for weeks.
        worker_max_tasks_per_child=2000,
        worker_send_task_events=True,
        enable_utc=True,
    )
    return app


def pipeline_task(app: Celery, *, name: str, queue: str) -> Callable[[Callable[..., None]], Task[Any, Any]]:
    """Register a bound task. Its options are these and no more; a misspelt one is a type error, not silence."""

    def register(function: Callable[..., None]) -> Task[Any, Any]:
        @wraps(function)
        def measured(*args: Any, **kwargs: Any) -> None:
            fate = "crashed"
            with task_span(args[0], queue) as attempt:
                try:
                    with gather_evidence(name):
                        function(*args, **kwargs)
                    fate = "done"
                except Retry:
                    fate = "retried"
                    raise
                finally:
                    TASK_FATES.labels(name, fate).inc()
                    attempt.set_attribute("daybook.fate", fate)

        # No limit of attempts: `Backoff.give_up_s` decides in time, not in number.
        task: Task[Any, Any] = app.task(name=name, queue=queue, bind=True, max_retries=None)(measured)
        return task

    return register
