"""What the worker's tasks took since it began, by kind, out of the metrics that its pool has counted."""

from dataclasses import dataclass

from contracts.evidence import TaskEvidence
from telemetry import collected

#: Sample -> the field it adds up to. Each sample has one label, the task.
_FIELDS = {
    "daybook_worker_task_seconds_count": "tasks",
    "daybook_worker_task_seconds_sum": "busy_s",
    "daybook_bridge_overhead_seconds_sum": "bridge_s",
    "daybook_inference_seconds_sum": "inference_s",
    "daybook_inference_seconds_count": "tasks_with_inference",
}


@dataclass
class Totals:
    tasks: float = 0.0
    busy_s: float = 0.0
    bridge_s: float = 0.0
    inference_s: float = 0.0
    tasks_with_inference: float = 0.0

    def since(self, before: "Totals", task: str) -> TaskEvidence:
        """There is a task more than before, at least."""
        return TaskEvidence(
            task=task,
            tasks=round(self.tasks - before.tasks),
            # Sums of floats in another order may come out a hair smaller.
            busy_s=max(0.0, self.busy_s - before.busy_s),
            bridge_s=max(0.0, self.bridge_s - before.bridge_s),
            inference_s=max(0.0, self.inference_s - before.inference_s),
            tasks_with_inference=max(0, round(self.tasks_with_inference - before.tasks_with_inference)),
        )


def read_totals() -> dict[str, Totals]:
    """By the task's name; of this process and its pool, children that were replaced included."""
    found: dict[str, Totals] = {}
    for metric in collected():
        for sample in metric.samples:
            field = _FIELDS.get(sample.name)
            if field is not None:
                setattr(found.setdefault(sample.labels["task"], Totals()), field, sample.value)
    return found
