"""The Celery tasks: each runs a pipeline in a loop of its own and decides the fate of what failed."""

import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from celery import Celery

from contracts.enrichments import EnrichmentKind
from contracts.events import EntryRef
from contracts.identifiers import derived_id
from enrichment_worker import pipeline, routes
from enrichment_worker.pipeline import Fault, PipelineConfig
from telemetry import annotate, bound
from worker_kit import (
    Backoff,
    DeadLetter,
    RetryLater,
    count_fate,
    decide_fate,
    fresh_headers,
    lost_for_good,
    lost_runs,
    pipeline_task,
    run_async,
    told_of,
)

log = structlog.get_logger()


@dataclass(frozen=True)
class TaskContext:
    config: PipelineConfig
    backoff: Backoff
    deadline_s: float

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return run_async(work, deadline_s=self.deadline_s)


def register_tasks(app: Celery, context: TaskContext) -> None:
    config = context.config

    @pipeline_task(app, name=routes.EMBED, queue=routes.EMBED_QUEUE.name)
    def embed(task: Any, refs: list[dict[str, Any]], since_s: float | None = None) -> None:
        _embed(task, context, [EntryRef.model_validate(ref) for ref in refs], since_s or time.time())

    @pipeline_task(app, name=routes.INFER_MOOD, queue=routes.MOOD_QUEUE.name)
    def infer_mood(task: Any, ref: dict[str, Any], since_s: float | None = None) -> None:
        entry = EntryRef.model_validate(ref)
        since = since_s or time.time()
        with _unit_of_work(task, entries=1):
            error = lost_for_good(task) or _failure(lambda: context.run(pipeline.infer_mood(config, entry)))
            if error is None:
                return
            later = _settle(task, context, "mood", [Fault(entry, error)], since)
            if later:
                raise task.retry(args=(ref, since), countdown=later[1])

    @pipeline_task(app, name=routes.ERASE_ENTRY, queue=routes.ERASE_QUEUE.name)
    def erase_entry(task: Any, journal: str, entry_id: str) -> None:
        _erase(task, context, lambda: pipeline.erase_entry(config, journal, UUID(entry_id)))

    @pipeline_task(app, name=routes.ERASE_JOURNAL, queue=routes.ERASE_QUEUE.name)
    def erase_journal(task: Any, journal: str) -> None:
        _erase(task, context, lambda: pipeline.erase_journal(config, journal))

    del embed, infer_mood, erase_entry, erase_journal  # the app holds them


def _embed(task: Any, context: TaskContext, refs: list[EntryRef], since_s: float) -> None:
    faults: list[Fault] = []
    with _unit_of_work(task, entries=len(refs)):
        if len(refs) > 1 and lost_runs(task):
            _embed_singly(task, context, refs, since_s)
            return

        def work() -> None:
            faults.extend(context.run(pipeline.embed_entries(context.config, refs)))

        error = lost_for_good(task) or _failure(work)
        if error is not None:
            faults = [Fault(ref, error) for ref in refs]
        later = _settle(task, context, "embedding", faults, since_s)
        if later:
            again, delay_s = later
            raise task.retry(args=([ref.model_dump(mode="json") for ref in again], since_s), countdown=delay_s)


def _embed_singly(task: Any, context: TaskContext, refs: list[EntryRef], since_s: float) -> None:
    """After a lost run: one of them may be what kills, and the others shall not share its end.

    Ordered twice, the tasks have the same ids, and the broker takes them once.
    """

    def order() -> None:
        for ref in refs:
            task.app.send_task(
                routes.EMBED,
                args=([ref.model_dump(mode="json")], since_s),
                queue=routes.EMBED_QUEUE.name,
                task_id=str(derived_id(f"{task.request.id}.alone", ref.entry_id)),
                headers=fresh_headers(task),
            )

    error = _failure(order)
    if error is not None:
        delay_s = context.backoff.delay_s(task.request.retries)
        log.warning("task.retried", error=type(error).__name__, delay_s=round(delay_s, 1))
        raise task.retry(countdown=delay_s)
    log.warning("task.split", lost_runs=lost_runs(task))


def _erase(task: Any, context: TaskContext, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Erasing is never given up: whatever fails, and however often its worker is lost, it is tried again."""
    with _unit_of_work(task, entries=1):
        error = _failure(lambda: context.run(work()))
        if error is not None:
            delay_s = context.backoff.delay_s(task.request.retries)
            count_fate(task.name, error, RetryLater(delay_s))
            log.warning("task.retried", error=type(error).__name__, delay_s=round(delay_s, 1))
            raise task.retry(countdown=delay_s)


def _failure(work: Callable[[], Any]) -> Exception | None:
    """What `work` raised. Celery's own time limits are exceptions too, and are settled alike."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - every error gets a fate; `decide_fate` crashes on none
        return error
    return None


def _settle(
    task: Any, context: TaskContext, kind: EnrichmentKind, faults: Sequence[Fault], since_s: float
) -> tuple[list[EntryRef], float] | None:
    """Record what is given up; what to try again and in how many seconds, or None."""
    later: list[EntryRef] = []
    delay_s = 0.0
    for fault in faults:
        fate = decide_fate(
            fault.error, attempt=task.request.retries, elapsed_s=time.time() - since_s, backoff=context.backoff
        )
        count_fate(task.name, fault.error, fate)
        match fate:
            case RetryLater(wait_s):
                later.append(fault.ref)
                delay_s = max(delay_s, wait_s)
            case DeadLetter(reason):
                annotate(given_up=reason)
                told = told_of(fault.error, reason)
                log.error("enrichment.failed", entry_id=str(fault.ref.entry_id), reason=reason, **told)
                error = _failure(
                    lambda ref=fault.ref, why=reason: context.run(
                        pipeline.record_failure(context.config, [ref], kind, why)
                    )
                )
                if error is not None:
                    # Nobody may wait for ever: the whole is tried again, and fails again where it must.
                    later.append(fault.ref)
                    delay_s = max(delay_s, context.backoff.delay_s(task.request.retries))
    if not later:
        return None
    log.warning("task.retried", entries=len(later), delay_s=round(delay_s, 1), error=_names(faults))
    return later, delay_s


def _names(faults: Sequence[Fault]) -> str:
    return ",".join(sorted({type(fault.error).__name__ for fault in faults}))


def _unit_of_work(task: Any, *, entries: int) -> Any:
    annotate(entries=entries)
    return bound(task_id=task.request.id, task=task.name, attempt=task.request.retries, entries=entries)
