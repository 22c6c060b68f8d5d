"""What the bridge costs beside the work it carries: the evidence that ADR 0001 asks for."""

from prometheus_client import Counter, Histogram

_OVERHEAD_BUCKETS_S = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05)
_TASK_BUCKETS_S = (0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)

BRIDGE_OVERHEAD = Histogram(
    "daybook_bridge_overhead_seconds",
    "Wall time of run_async beyond the coroutine's own: making and closing the loop.",
    buckets=_OVERHEAD_BUCKETS_S,
)
TASK_DURATION = Histogram(
    "daybook_worker_task_seconds", "Wall time of a task, by its name.", ["task"], buckets=_TASK_BUCKETS_S
)
TASK_FATES = Counter("daybook_worker_task_fates_total", "How tasks ended.", ["task", "fate"])
EVENTS_TAKEN = Counter("daybook_worker_events_taken_total", "Events turned into tasks, by type.", ["type"])
EVENTS_REJECTED = Counter("daybook_worker_events_rejected_total", "Messages that were no event of ours.")
MODEL_AVAILABLE = Counter("daybook_worker_model_gate_turns_total", "Times the model gate turned.", ["state"])
