"""ADR 0001 held against evidence: its three reasons to reconsider, for each kind of task.

The decision is about tasks that wait for a model. A kind that asks none has no inference to compare with: its overhead
is shown and not judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from contracts.evidence import TaskDecision, Trigger

DECISION = "docs/adr/0001-run-async-code-by-asyncio-run.md"
#: Reconsider where a task's mean inference lies below,
INFERENCE_S = 0.010
#: where tasks a second at their peak lie above,
RATE = 10_000.0
#: or where the bridge's share of the tasks' time does.
OVERHEAD_SHARE = 0.01
#: Fewer tasks are not judged: one slow start of a loop among three would raise an alarm. The mean of 100 is known to
#: about a tenth, at the spread that docs/benchmarks/bridge.md shows.
TASKS_MIN = 100

Verdict = Literal["stands", "reconsider", "no_data"]
_NAME = "ADR 0001"


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What the tasks of one kind took together in a window."""

    task: str
    tasks: int
    busy_s: float
    bridge_s: float
    inference_s: float
    tasks_with_inference: int
    #: Tasks a second where the reports of all workers together say most.
    rate_peak: float


def judge(spent: Spent, *, window_s: float, tasks_min: int) -> TaskDecision:
    """`spent.tasks` is at least 1."""
    inference_s = spent.inference_s / spent.tasks_with_inference if spent.tasks_with_inference else None
    share = spent.bridge_s / spent.busy_s if spent.busy_s else None
    return TaskDecision(
        task=spent.task,
        tasks=spent.tasks,
        tasks_with_inference=spent.tasks_with_inference,
        rate_mean=spent.tasks / window_s,
        rate_peak=spent.rate_peak,
        task_mean_s=spent.busy_s / spent.tasks,
        inference_mean_s=inference_s,
        bridge_mean_s=spent.bridge_s / spent.tasks,
        overhead_share=share,
        triggers={
            "inference": _inference(inference_s, spent.tasks_with_inference, tasks_min),
            "rate": _rate(spent.rate_peak, spent.tasks, tasks_min),
            "overhead": _overhead(share, spent, tasks_min),
        },
    )


def conclude(kinds: Sequence[TaskDecision]) -> tuple[Verdict, str]:
    """In a word, and in a sentence that says for which kinds and why."""
    reasons = [
        f"{kind.task}: {', '.join(trigger.says for trigger in kind.triggers.values() if trigger.state == 'met')}"
        for kind in kinds
        if _is_any(kind, "met")
    ]
    if reasons:
        return "reconsider", f"Reconsider {_NAME} for {'; '.join(reasons)}."
    if any(_is_any(kind, "not_met") for kind in kinds):
        return "stands", f"The decision of {_NAME} stands: no reason to reconsider is met."
    return "no_data", f"Too few tasks to judge by: the decision of {_NAME} stands until there are more."


def _inference(mean_s: float | None, tasks: int, tasks_min: int) -> Trigger:
    if mean_s is None or tasks < tasks_min:
        return _unjudged(INFERENCE_S, mean_s, _too_few(tasks, tasks_min, "that asked a model"))
    is_met = mean_s < INFERENCE_S
    says = f"inference {mean_s * 1e3:.1f} ms {'<' if is_met else '>='} {INFERENCE_S * 1e3:g} ms"
    return _judged(INFERENCE_S, mean_s, says, is_met=is_met)


def _rate(peak: float, tasks: int, tasks_min: int) -> Trigger:
    if tasks < tasks_min:
        return _unjudged(RATE, peak, _too_few(tasks, tasks_min))
    is_met = peak > RATE
    return _judged(RATE, peak, f"{peak:,.1f} tasks/s {'>' if is_met else '<='} {RATE:,.0f} tasks/s", is_met=is_met)


def _overhead(share: float | None, spent: Spent, tasks_min: int) -> Trigger:
    if share is None or spent.tasks < tasks_min:
        return _unjudged(OVERHEAD_SHARE, share, _too_few(spent.tasks, tasks_min))
    if not spent.tasks_with_inference:
        return _unjudged(OVERHEAD_SHARE, share, "no task asked a model: there is no inference to hold it against")
    is_met = share > OVERHEAD_SHARE
    says = f"overhead {share * 100:.2g} % {'>' if is_met else '<='} {OVERHEAD_SHARE * 100:g} %"
    return _judged(OVERHEAD_SHARE, share, says, is_met=is_met)


def _judged(threshold: float, value: float, says: str, *, is_met: bool) -> Trigger:
    return Trigger(state="met" if is_met else "not_met", says=says, threshold=threshold, value=value)


def _unjudged(threshold: float, value: float | None, why: str) -> Trigger:
    return Trigger(state="no_data", says=why, threshold=threshold, value=value)


def _too_few(tasks: int, tasks_min: int, which: str = "") -> str:
    return f"{tasks} {'task' if tasks == 1 else 'tasks'}{f' {which}' if which else ''}, fewer than {tasks_min}"


def _is_any(kind: TaskDecision, state: Literal["met", "not_met"]) -> bool:
    return any(trigger.state == state for trigger in kind.triggers.values())
