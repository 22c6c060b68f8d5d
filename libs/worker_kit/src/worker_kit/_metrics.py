"""What the bridge costs beside the work it carries: the evidence that ADR 0001 asks for."""

from prometheus_client import Counter

from telemetry import TracedHistogram

#: With a bound at the 10 ms below which ADR 0001 is to be reconsidered.
_TASK_BUCKETS_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
#: Each is 1 % of a bound above: a bridge in one bucket and its task in the matching one is an overhead of about 1 %.
_OVERHEAD_BUCKETS_S = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05)

BRIDGE_OVERHEAD = TracedHistogram(
    "daybook_bridge_overhead_seconds",
    "Wall time a task spends on its event loops: making and closing them, and opening NATS in each.",
    ["task"],
    buckets=_OVERHEAD_BUCKETS_S,
)
INFERENCE = TracedHistogram(
    "daybook_inference_seconds",
    "Time a task waited for calls of a model; only tasks that called one.",
    ["task"],
    buckets=_TASK_BUCKETS_S,
)
TASK_DURATION = TracedHistogram(
    "daybook_worker_task_seconds", "Wall time of a task, by its name.", ["task"], buckets=_TASK_BUCKETS_S
)
TASK_FATES = Counter("daybook_worker_task_fates_total", "How tasks ended.", ["task", "fate"])
EVENTS_TAKEN = Counter("daybook_worker_events_taken_total", "Events turned into tasks, by type.", ["type"])
EVENTS_REJECTED = Counter("daybook_worker_events_rejected_total", "Messages that were no event of ours.")
MODEL_AVAILABLE = Counter("daybook_worker_model_gate_turns_total", "Times the model gate turned.", ["state"])
EVIDENCE_REPORTS = Counter(
    "daybook_worker_evidence_reports_total", "Reports of evidence to the gateway, by what became of them.", ["outcome"]
)
