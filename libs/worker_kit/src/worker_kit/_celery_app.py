"""A Celery app with the settings that Daybook's guarantees need, each with its reason."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from inspect import signature
from typing import Any

import structlog
from celery import Celery
from celery.app.task import Task
from celery.exceptions import Retry
from kombu import Queue
from pydantic import ValidationError

import kombu_jetstream
from worker_kit._evidence import gather_evidence
from worker_kit._hearing import Hearing
from worker_kit._losses import CountedRequest, Excuses
from worker_kit._metrics import HANDED_BACK, TASK_FATES, begin_counting
from worker_kit._skew import BACK_S, CONSUMER, KNOWN_WITHIN_S
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
    #: A task of another version comes again after so long.
    back_s: float = BACK_S
    #: After so many lost runs a task ends; 0 for never.
    lost_max: int = 5
    #: The first wait after a lost run; doubles as `Backoff` does.
    lost_base_s: float = 2.0


log = structlog.get_logger()

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
        # A task that only workers of another version know is for them, and not to be dropped here.
        worker_consumer=CONSUMER,
        daybook_back_s=config.back_s,
        daybook_lost_max=config.lost_max,
        daybook_lost_base_s=config.lost_base_s,
    )
    app.steps["worker"].update((Hearing, Excuses))
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
                        _call(function, args, kwargs)
                    fate = "done"
                except (_OfAnotherVersion, ValidationError) as error:
                    fate = "handed_back"
                    _hand_back(args[0], error)
                except Retry:
                    fate = "retried"
                    raise
                finally:
                    TASK_FATES.labels(name, fate).inc()
                    attempt.set_attribute("daybook.fate", fate)

        begin_counting(name)
        # No limit of attempts: `Backoff.give_up_s` decides in time, not in number.
        # Arguments are looked at when it runs: what came from another version must be sent again as it is.
        # Not shared: Celery would give it to every other app of the process.
        task: Task[Any, Any] = app.task(
            name=name, queue=queue, bind=True, max_retries=None, typing=False, shared=False, Request=CountedRequest
        )(measured)
        return task

    return register


class _OfAnotherVersion(Exception):
    """Arguments that this version's task does not take."""


def _call(function: Callable[..., None], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raises _OfAnotherVersion, or what `function` does; ValidationError where it cannot read what it was given."""
    try:
        signature(function).bind(*args, **kwargs)
    except TypeError as error:
        raise _OfAnotherVersion from error
    function(*args, **kwargs)


def _hand_back(task: Any, error: Exception) -> None:
    """For a worker of the version that sent it. Raises Retry; or `error`, where none has come for too long."""
    back_s: float = task.app.conf.get("daybook_back_s", BACK_S)
    if task.request.retries * back_s >= KNOWN_WITHIN_S:
        raise error
    HANDED_BACK.labels("arguments").inc()
    log.warning("task.not_understood", task=task.name, task_id=task.request.id, back_s=back_s)
    raise task.retry(countdown=back_s)
