"""What the bridge costs beside the work it carries (the evidence that ADR 0001 asks for), and how the work goes.

Labels are names of tasks, models, operations and constant words: never a journal, an entry or a key.
"""

from collections.abc import Iterable
from typing import get_args

from prometheus_client import Counter, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from contracts.enrichments import FailureReason
from telemetry import TracedHistogram

#: With a bound at the 10 ms below which ADR 0001 is to be reconsidered.
_TASK_BUCKETS_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
#: Each is 1 % of a bound above: a bridge in one bucket and its task in the matching one is an overhead of about 1 %.
_OVERHEAD_BUCKETS_S = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05)

_MODEL_BUCKETS_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
_INDEX_BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)

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
MODEL_CALLS = TracedHistogram(
    "daybook_worker_model_call_seconds",
    "From asking a model to its whole answer, or to what ended it.",
    ["model", "operation", "outcome"],
    buckets=_MODEL_BUCKETS_S,
)
MODEL_TOKENS = Counter(
    "daybook_worker_model_tokens_total",
    "Tokens that models read (prompt) and wrote (answer), as the model server counts them.",
    ["model", "operation", "direction"],
)
INDEX_CALLS = TracedHistogram(
    "daybook_worker_index_call_seconds",
    "Time of calls of Qdrant.",
    ["operation", "outcome"],
    buckets=_INDEX_BUCKETS_S,
)
RETRIES = Counter(
    "daybook_worker_retries_total",
    "Failures that are tried again later, by reason. Of a task for many entries, each entry counts.",
    ["task", "reason"],
)
GIVEN_UP = Counter(
    "daybook_worker_given_up_total",
    "Failures that are recorded as such and not tried again, by reason. Of a task for many entries, each entry counts.",
    ["task", "reason"],
)
LOST_RUNS = Counter(
    "daybook_worker_lost_runs_total",
    "Runs of tasks whose process was killed, or ended by the hard time limit, by what is known.",
    ["task"],
)
TASK_FATES = Counter("daybook_worker_task_fates_total", "How tasks ended.", ["task", "fate"])
EVENTS_TAKEN = Counter("daybook_worker_events_taken_total", "Events turned into tasks, by type.", ["type"])
HANDED_BACK = Counter(
    "daybook_worker_handed_back_total",
    "What another version sent, given back for a worker that knows it.",
    ["what"],
)
EVENTS_REJECTED = Counter("daybook_worker_events_rejected_total", "Messages that were no event of ours.")
MODEL_AVAILABLE = Counter("daybook_worker_model_gate_turns_total", "Times the model gate turned.", ["state"])
EVIDENCE_REPORTS = Counter(
    "daybook_worker_evidence_reports_total", "Reports of evidence to the gateway, by what became of them.", ["outcome"]
)


def begin_counting(task: str) -> None:
    """What may be given up begins with 0: Prometheus sees no increase in a series that begins with a failure."""
    for reason in get_args(FailureReason):
        GIVEN_UP.labels(task, reason)


class WorkerState(Collector):
    """What only the worker's main process knows. A gauge of the library's own would have a file for each pool child."""

    def __init__(self) -> None:
        self.gate_is_open = True
        self.concurrency = 0

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "daybook_worker_model_gate_open",
            "0 while the model server is away and tasks that need it stay at the broker.",
            float(self.gate_is_open),
        )
        yield GaugeMetricFamily(
            "daybook_worker_concurrency", "Tasks that this worker runs at the same time.", float(self.concurrency)
        )


WORKER_STATE = WorkerState()
