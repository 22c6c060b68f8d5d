"""The Celery tasks: each runs a pipeline in a loop of its own and decides the fate of what failed."""

import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog
from celery import Celery

from contracts.enrichments import FailureReason
from contracts.events import ReflectionRef, ReportRef
from contracts.live import Retry
from insights_worker import pipeline, reporting, routes
from insights_worker.config import PipelineConfig
from telemetry import annotate, bound
from worker_kit import (
    Backoff,
    DeadLetter,
    RetryLater,
    count_fate,
    decide_fate,
    fresh_headers,
    lost_for_good,
    pipeline_task,
    reason_of,
    run_async,
    told_of,
)

log = structlog.get_logger()

Work = Callable[[], Coroutine[Any, Any, None]]
GiveUp = Callable[[FailureReason], Coroutine[Any, Any, None]]
TellRetry = Callable[[Retry], Coroutine[Any, Any, None]]

#: To tell of a retry may take so long, before Celery's hard limit ends an attempt that ran into the soft one.
_TELL_S = 2.0


@dataclass(frozen=True)
class TaskContext:
    config: PipelineConfig
    backoff: Backoff
    deadline_s: float


def register_tasks(app: Celery, context: TaskContext) -> None:
    config = context.config

    @pipeline_task(app, name=routes.WRITE_REFLECTION, queue=routes.REFLECTION_QUEUE.name)
    def write_reflection(task: Any, order: dict[str, Any], since_s: float | None = None) -> None:
        ref = ReflectionRef.model_validate(order)
        with bound(entry_id=str(ref.entry_id), version=ref.version):
            _attempt(
                task,
                context,
                lambda: pipeline.write_reflection(config, ref),
                lambda reason: pipeline.give_up_reflection(config, ref, reason),
                lambda retry: pipeline.tell_retry(config, ref, retry),
                since_s=since_s or time.time(),
            )

    @pipeline_task(app, name=routes.COMPUTE_INSIGHTS, queue=routes.REPORT_QUEUE.name)
    def compute_insights(
        task: Any, order: dict[str, Any], since_s: float | None = None, first_attempt: int = 0
    ) -> None:
        """`first_attempt`: how many turns and attempts came before the present turn was tried first."""
        ref = ReportRef.model_validate(order)
        is_done = True

        async def turn() -> None:
            nonlocal is_done
            is_done = await reporting.advance_report(config, ref)

        with bound(report_id=str(ref.report_id), edition=ref.edition):
            _attempt(
                task,
                context,
                turn,
                lambda reason: reporting.give_up_report(config, ref, reason),
                lambda retry: reporting.tell_retry(config, ref, retry),
                since_s=since_s or time.time(),
                first_attempt=first_attempt,
            )
        if not is_done:
            # The next turn stands behind what has come meanwhile, and has all its attempts before it, lost ones too.
            arguments = (order, None, task.request.retries + 1)
            raise task.retry(args=arguments, countdown=0, headers=fresh_headers(task))

    @pipeline_task(app, name=routes.SCHEDULE_REPORTS, queue=routes.SCHEDULE_QUEUE.name)
    def schedule_reports(task: Any) -> None:
        """Not tried again where it fails: the clock asks anew."""
        with bound(task_id=task.request.id, task=task.name):
            error = lost_for_good(task) or _failure(
                lambda: run_async(reporting.schedule_reports(config), deadline_s=context.deadline_s)
            )
            if error is not None:
                log.warning("reports.not_scheduled", error=type(error).__name__)

    del write_reflection, compute_insights, schedule_reports  # the app holds them


def _attempt(
    task: Any,
    context: TaskContext,
    work: Work,
    give_up: GiveUp,
    tell_retry: TellRetry,
    *,
    since_s: float,
    first_attempt: int = 0,
) -> None:
    """Do the work; where it fails, try again later or record that it was given up. `since_s`: of the first attempt.

    A task's arguments are its order and `since_s`, in this order, and then what it needs besides.
    """
    attempt = task.request.retries - first_attempt
    with bound(task_id=task.request.id, task=task.name, attempt=attempt):
        error = lost_for_good(task) or _failure(lambda: run_async(work(), deadline_s=context.deadline_s))
        if error is None:
            return
        elapsed_s = time.time() - since_s
        fate = decide_fate(error, attempt=attempt, elapsed_s=elapsed_s, backoff=context.backoff)
        count_fate(task.name, error, fate)
        match fate:
            case RetryLater(delay_s):
                pass
            case DeadLetter(reason):
                annotate(given_up=reason)
                log.error("task.given_up", reason=reason, **told_of(error, reason))
                if _failure(lambda: run_async(give_up(reason), deadline_s=context.deadline_s)) is None:
                    return
                # Nobody may wait for ever: the whole is tried again, and fails again where it must.
                delay_s = context.backoff.delay_s(attempt)
        log.warning("task.retried", delay_s=round(delay_s, 1), error=type(error).__name__)
        told = Retry(in_s=round(delay_s, 1), attempt=attempt + 1, reason=reason_of(error))
        # Nothing hangs on it: who does not hear it sees the next attempt all the same.
        _failure(lambda: run_async(tell_retry(told), deadline_s=_TELL_S))
        raise task.retry(args=(task.request.args[0], since_s, *task.request.args[2:]), countdown=delay_s)


def _failure(work: Callable[[], None]) -> Exception | None:
    """What `work` raised. Celery's own time limits are exceptions too, and are settled alike."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - every error gets a fate; `decide_fate` crashes on none
        return error
    return None
