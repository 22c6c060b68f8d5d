"""Streams and durable consumers, declared once. `gateway topology` applies them; nobody else creates any.

The task stream belongs to the Celery transport, which declares its own; the gateway only looks at it.
"""

from contracts.model import Value
from contracts.subjects import ALL_EVENTS, EVENTS

EVENT_STREAM = "DAYBOOK_EVENTS"
#: As the transport calls it under the prefix that our workers give it.
TASK_STREAM = "DAYBOOK_TASKS"
ENRICHMENT_DURABLE = "enrichment-worker"
INSIGHTS_DURABLE = "insights-worker"


class ConsumerSpec(Value):
    """A durable pull consumer with explicit acks."""

    durable: str
    filter_subjects: tuple[str, ...]
    ack_wait_s: float = 30.0
    max_ack_pending: int = 1024
    #: -1: an event is never given up by the server; the worker decides.
    max_deliver: int = -1


class StreamSpec(Value):
    """A file-backed stream with limits retention."""

    name: str
    subjects: tuple[str, ...]
    max_age_s: float
    duplicate_window_s: float
    consumers: tuple[ConsumerSpec, ...]


STREAMS: tuple[StreamSpec, ...] = (
    StreamSpec(
        name=EVENT_STREAM,
        subjects=(ALL_EVENTS,),
        max_age_s=7 * 24 * 3600,
        duplicate_window_s=120,
        consumers=(
            ConsumerSpec(
                durable=ENRICHMENT_DURABLE,
                filter_subjects=(
                    f"{EVENTS}.entry.created",
                    f"{EVENTS}.entry.revised",
                    f"{EVENTS}.entry.erased",
                    f"{EVENTS}.enrichment.requested",
                    f"{EVENTS}.journal.erased",
                ),
            ),
            ConsumerSpec(
                durable=INSIGHTS_DURABLE,
                filter_subjects=(f"{EVENTS}.reflection.requested", f"{EVENTS}.insights.requested"),
            ),
        ),
    ),
)
