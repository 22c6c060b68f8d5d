"""Entries and what became of them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue

from contracts.care import CareKind
from contracts.enrichments import EnrichmentKind, EnrichmentResult, EnrichmentState, FailureReason
from contracts.own_moods import OwnMoodView

#: What every new revision is enriched with.
KINDS: tuple[EnrichmentKind, ...] = ("embedding", "mood")


@dataclass(frozen=True)
class Enrichment:
    kind: EnrichmentKind
    state: EnrichmentState
    revision: int
    updated_at: datetime
    #: Set where `state` is done.
    result: EnrichmentResult | None = None
    #: Set where `state` is failed.
    reason: FailureReason | None = None


@dataclass(frozen=True)
class Entry:
    id: UUID
    journal: str
    revision: int
    body: str
    #: In the time zone of its author.
    written_at: datetime
    tags: tuple[str, ...]
    metadata: dict[str, JsonValue]
    created_at: datetime
    updated_at: datetime
    #: The mood that its writer gave.
    own_mood: OwnMoodView | None = None
    #: Marked as speaking of it. None is no proof: look at the text before a model does (`service/care.py`).
    care: CareKind | None = None
