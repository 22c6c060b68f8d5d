"""What a task leaves as evidence, however it ends."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import get_args

import pytest
from celery import Celery
from celery.exceptions import Retry
from prometheus_client import REGISTRY

from contracts.enrichments import FailureReason
from ollama_client import Call
from worker_kit import gather_evidence, note_call, pipeline_task, run_async

TASK, BRIDGE, INFERENCE = (f"daybook_{name}_seconds" for name in ("worker_task", "bridge_overhead", "inference"))


def sample(metric: str, suffix: str, task: str) -> float:
    return REGISTRY.get_sample_value(f"{metric}_{suffix}", {"task": task}) or 0.0


def called(duration_s: float) -> Call:
    return Call(operation="embed", model="m", duration_s=duration_s, whole=True)


def test_bridge_and_calls_of_a_task_are_added_up_under_its_name() -> None:
    async def work() -> None:
        note_call(called(0.25))
        await asyncio.gather(*(asyncio.create_task(call()) for _ in range(2)))

    async def call() -> None:
        note_call(called(1.0))

    with gather_evidence("kit.added"):
        run_async(work(), deadline_s=5)
        run_async(work(), deadline_s=5)
    assert [sample(metric, "count", "kit.added") for metric in (TASK, BRIDGE, INFERENCE)] == [1, 1, 1]
    assert sample(INFERENCE, "sum", "kit.added") == 4.5
    assert 0 < sample(BRIDGE, "sum", "kit.added") < sample(TASK, "sum", "kit.added")


def test_a_task_that_asks_no_model_has_no_inference() -> None:
    with gather_evidence("kit.modelless"):
        run_async(asyncio.sleep(0), deadline_s=5)
    assert (sample(BRIDGE, "count", "kit.modelless"), sample(INFERENCE, "count", "kit.modelless")) == (1, 0)


def test_outside_of_a_task_nothing_is_noted() -> None:
    before = {metric.name: len(metric.samples) for metric in REGISTRY.collect() if "bridge" in metric.name}
    run_async(asyncio.sleep(0), deadline_s=5)
    note_call(called(1.0))
    after = {metric.name: len(metric.samples) for metric in REGISTRY.collect() if "bridge" in metric.name}
    assert before == after


def test_tasks_in_two_threads_keep_their_evidence_apart() -> None:
    def task(name: str, seconds: float) -> None:
        with gather_evidence(name):
            for _ in range(50):
                note_call(called(seconds))

    with ThreadPoolExecutor(2) as pool:
        for running in [pool.submit(task, f"kit.thread_{n}", float(n)) for n in (1, 2)]:
            running.result(10)
    assert [sample(INFERENCE, "sum", f"kit.thread_{n}") for n in (1, 2)] == [50, 100]


@pytest.mark.filterwarnings("ignore:[\\s\\S]*'queue' task attribute")
@pytest.mark.parametrize(("error", "fate"), [(None, "done"), (LookupError, "crashed"), (Retry, "retried")])
def test_a_pipeline_task_leaves_evidence_whatever_becomes_of_it(error: type[Exception] | None, fate: str) -> None:
    name = f"kit.{fate}"

    def body(_task: object) -> None:
        note_call(called(0.5))
        if error is not None:
            raise error

    run = _registered(name, body)
    if error is None:
        run()
    else:
        with pytest.raises(error):
            run()
    assert (sample(TASK, "count", name), sample(INFERENCE, "sum", name)) == (1, 0.5)
    fates = REGISTRY.get_sample_value("daybook_worker_task_fates_total", {"task": name, "fate": fate})
    assert fates == 1


@pytest.mark.filterwarnings("ignore:[\\s\\S]*'queue' task attribute")
def test_what_may_be_given_up_is_counted_from_0_on() -> None:
    """Prometheus sees no increase in a series that begins with 1."""

    def body(_task: object) -> None:
        """Never run."""

    _registered("kit.begun", body)
    for reason in get_args(FailureReason):
        labels = {"task": "kit.begun", "reason": reason}
        assert REGISTRY.get_sample_value("daybook_worker_given_up_total", labels) == 0, reason


def test_the_evidence_of_a_task_ends_with_it() -> None:
    def ended() -> None:
        with gather_evidence("kit.ended") as evidence:
            pass
        note_call(called(1.0))
        assert evidence.calls == 0

    copy_context().run(ended)


def _registered(name: str, body: Callable[[object], None]) -> Callable[[], None]:
    app = Celery("kit", set_as_current=False)
    task = pipeline_task(app, name=name, queue="kit")(body)
    return task.run
