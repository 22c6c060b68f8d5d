"""Domain events as CloudEvents 1.0 in structured JSON. They carry ids, never a word of a diary (ADR 0002).

An additive change keeps `v1`; any other becomes `v2` beside it.
Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
"""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from contracts.enrichments import EnrichmentKind, FailureReason
from contracts.identifiers import JournalName, new_id
from contracts.model import Value
from contracts.subjects import event_subject

CONTENT_TYPE = "application/cloudevents+json"


class _Event(Value):
    specversion: Literal["1.0"] = "1.0"
    id: UUID = Field(default_factory=new_id)
    source: str = "daybook/gateway"
    time: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    datacontenttype: Literal["application/json"] = "application/json"
    #: The span that published it: readers go on from there. Absent without tracing.
    #: Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/extensions/distributed-tracing.md
    traceparent: str | None = None


class Envelope(Value):
    """What is known of an event of any version."""

    specversion: Literal["1.0"]
    id: UUID
    type: Annotated[str, Field(pattern=r"^[a-z._]{1,100}\.v[0-9]{1,3}$")]
    time: AwareDatetime


class EntryRef(Value):
    """Which revision of which entry an event speaks of."""

    journal: JournalName
    entry_id: UUID
    revision: int


class EnrichmentOrder(EntryRef):
    #: Only these are made again.
    kinds: tuple[EnrichmentKind, ...]


class EnrichmentRef(EntryRef):
    kind: EnrichmentKind


class EnrichmentFailure(EnrichmentRef):
    reason: FailureReason


class ReflectionRef(EntryRef):
    version: int


class ReflectionOrder(ReflectionRef):
    #: Somebody waits for it.
    interactive: bool


class ReflectionFailure(ReflectionRef):
    reason: FailureReason


class ReportRef(Value):
    journal: JournalName
    report_id: UUID
    edition: int


class ReportOrder(ReportRef):
    #: Somebody waits for it.
    interactive: bool


class ReportFailure(ReportRef):
    reason: FailureReason


class JournalRef(Value):
    journal: JournalName


class EntryCreated(_Event):
    type: Literal["entry.created.v1"] = "entry.created.v1"
    data: EntryRef


class EntryRevised(_Event):
    type: Literal["entry.revised.v1"] = "entry.revised.v1"
    data: EntryRef


class EntryErased(_Event):
    """`data.revision` is the last revision there was."""

    type: Literal["entry.erased.v1"] = "entry.erased.v1"
    data: EntryRef


class EnrichmentRequested(_Event):
    """Make these enrichments again: asked for by a client, or overdue."""

    type: Literal["enrichment.requested.v1"] = "enrichment.requested.v1"
    data: EnrichmentOrder


class EntryEnriched(_Event):
    type: Literal["entry.enriched.v1"] = "entry.enriched.v1"
    data: EnrichmentRef


class EnrichmentFailed(_Event):
    type: Literal["enrichment.failed.v1"] = "enrichment.failed.v1"
    data: EnrichmentFailure


class ReflectionRequested(_Event):
    type: Literal["reflection.requested.v1"] = "reflection.requested.v1"
    data: ReflectionOrder


class ReflectionCompleted(_Event):
    type: Literal["reflection.completed.v1"] = "reflection.completed.v1"
    data: ReflectionRef


class ReflectionFailed(_Event):
    type: Literal["reflection.failed.v1"] = "reflection.failed.v1"
    data: ReflectionFailure


class InsightsRequested(_Event):
    type: Literal["insights.requested.v1"] = "insights.requested.v1"
    data: ReportOrder


class InsightsCompleted(_Event):
    type: Literal["insights.completed.v1"] = "insights.completed.v1"
    data: ReportRef


class InsightsFailed(_Event):
    type: Literal["insights.failed.v1"] = "insights.failed.v1"
    data: ReportFailure


class JournalErased(_Event):
    type: Literal["journal.erased.v1"] = "journal.erased.v1"
    data: JournalRef


DomainEvent = Annotated[
    EntryCreated
    | EntryRevised
    | EntryErased
    | EnrichmentRequested
    | EntryEnriched
    | EnrichmentFailed
    | ReflectionRequested
    | ReflectionCompleted
    | ReflectionFailed
    | InsightsRequested
    | InsightsCompleted
    | InsightsFailed
    | JournalErased,
    Field(discriminator="type"),
]
EVENT_TYPES: tuple[type[_Event], ...] = (
    EntryCreated,
    EntryRevised,
    EntryErased,
    EnrichmentRequested,
    EntryEnriched,
    EnrichmentFailed,
    ReflectionRequested,
    ReflectionCompleted,
    ReflectionFailed,
    InsightsRequested,
    InsightsCompleted,
    InsightsFailed,
    JournalErased,
)
_ADAPTER: TypeAdapter[DomainEvent] = TypeAdapter(DomainEvent)


def parse_event(raw: bytes | str) -> DomainEvent:
    """The event in a message body.

    Raises:
        pydantic.ValidationError: not an event of ours, or a version that this reader does not know.
    """
    return _ADAPTER.validate_json(raw)


def parse_envelope(raw: bytes | str) -> Envelope | None:
    """What can be said of an event that this reader does not know; None where it is no event at all."""
    try:
        return Envelope.model_validate_json(raw)
    except ValidationError:
        return None


def subject_of(event: DomainEvent) -> str:
    return event_subject(event.type)
