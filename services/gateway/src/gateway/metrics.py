"""What the gateway counts. Labels are names of kinds, statements, models and words: never a journal or an id."""

from typing import TYPE_CHECKING, get_args

from prometheus_client import Counter, Gauge, Histogram

from contracts.enrichments import EnrichmentKind, FailureReason
from contracts.subjects import EVIDENCE_REPORT
from gateway.domain.errors import KeyInvalid, ScopeMissing
from ollama_client import Call
from telemetry import TracedHistogram

if TYPE_CHECKING:
    # It brings Qdrant's client along, whose import takes longer than most commands.
    from entry_index import IndexCall

EVENTS_RELAYED = Counter("daybook_gateway_events_relayed_total", "Events that JetStream has acknowledged.")
EVENT_DELAY = Histogram(
    "daybook_gateway_event_delay_seconds",
    "From storing an event to JetStream's acknowledgement.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300),
)
RELAY_FAILURES = Counter("daybook_gateway_relay_failures_total", "Batches that could not be relayed whole.", ["reason"])
LIVE_STREAMS = Gauge(
    "daybook_gateway_live_streams", "Open streams: of the events of journals, of reflections and of reports."
)
EVENT_FOLLOWERS = Gauge("daybook_gateway_event_followers", "Clients that follow the events of a journal.")
ENRICHMENTS_REISSUED = Counter(
    "daybook_gateway_enrichments_reissued_total", "Overdue enrichments that were asked for again.", ["kind"]
)
ENRICHMENT_LATENCY = TracedHistogram(
    "daybook_gateway_enrichment_latency_seconds",
    "From asking for an enrichment (creating the entry, as a rule) to its stored result.",
    ["kind"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600, 21600, 86400),
)
ENRICHMENTS_RECORDED = Counter(
    "daybook_gateway_enrichments_recorded_total",
    "Reports of workers that changed something; `reason` says why one failed, and is empty where none did.",
    ["kind", "outcome", "reason"],
)
# What may fail begins with 0: of a series that begins with its first failure Prometheus sees no increase.
for _kind in (*get_args(EnrichmentKind), "reflection", "report"):
    for _reason in get_args(FailureReason):
        ENRICHMENTS_RECORDED.labels(_kind, "failed", _reason)
#: How many were marked is counted nowhere: on a machine of one writer it would tell of that person.
CARE_EXAMINED = Counter("daybook_gateway_care_examined_total", "Texts examined before anything was generated.")
NATS_REQUESTS = Counter("daybook_gateway_nats_requests_total", "Requests over NATS.", ["subject", "outcome"])
for _refusal in (KeyInvalid, ScopeMissing):
    # Every worker makes this request, whatever its tasks are: the alert on a key that is refused goes by it.
    NATS_REQUESTS.labels(EVIDENCE_REPORT, _refusal.slug)
NATS_REQUEST_TIME = TracedHistogram(
    "daybook_gateway_nats_request_seconds",
    "Time to answer a request over NATS.",
    ["subject"],
    buckets=Histogram.DEFAULT_BUCKETS,
)
STATEMENT_TIME = TracedHistogram(
    "daybook_gateway_statement_seconds",
    "Time of a statement in PostgreSQL, by the name that it has in our SQL files.",
    ["statement", "outcome"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5),
)
CONNECTION_WAIT = Histogram(
    "daybook_gateway_database_connection_wait_seconds",
    "Until a connection to PostgreSQL was free, or made, or was not to be had.",
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5),
)
_MODEL_CALLS = TracedHistogram(
    "daybook_gateway_model_call_seconds",
    "From asking a model to its whole answer, or to what ended it.",
    ["model", "operation", "outcome"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0),
)
_MODEL_TOKENS = Counter(
    "daybook_gateway_model_tokens_total",
    "Tokens that models read (prompt) and wrote (answer), as the model server counts them.",
    ["model", "operation", "direction"],
)
_INDEX_CALLS = TracedHistogram(
    "daybook_gateway_index_call_seconds",
    "Time of calls of Qdrant.",
    ["operation", "outcome"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0),
)


def count_recorded(kind: str, waited_s: float | None, reason: str | None) -> None:
    """Once a report is committed. `waited_s`: since it was asked for; None where nobody waited for it any more."""
    ENRICHMENTS_RECORDED.labels(kind, "done" if reason is None else "failed", reason or "").inc()
    if reason is None and waited_s is not None:
        ENRICHMENT_LATENCY.observe(waited_s, kind)


def count_model_call(call: Call) -> None:
    """`OllamaConfig.on_call` of the gateway."""
    _MODEL_CALLS.observe(call.duration_s, call.model, call.operation, call.outcome)
    for direction, tokens in (("prompt", call.prompt_tokens), ("answer", call.answer_tokens)):
        _MODEL_TOKENS.labels(call.model, call.operation, direction).inc(tokens)


def count_index_call(call: "IndexCall") -> None:
    """`IndexConfig.on_call` of the gateway."""
    _INDEX_CALLS.observe(call.duration_s, call.operation, call.outcome)
