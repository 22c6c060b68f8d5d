"""Reflections: what is written back to an entry. An entry may have many, numbered from 1; the newest counts."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from contracts.enrichments import FailureReason, Provenance
from contracts.identifiers import JournalName
from contracts.model import Value

#: `withheld`: nothing was made up, because the entry speaks of self-harm; a fixed text is shown in its place.
ReflectionState = Literal["pending", "done", "failed", "withheld"]


class ReflectionResult(Value):
    #: Three to six sentences in the entry's own language.
    text: str
    #: One to three open questions.
    questions: tuple[str, ...]
    #: Earlier entries that were shown to the model beside this one.
    related: tuple[UUID, ...] = ()
    provenance: Provenance


class ReflectionView(Value):
    """A reflection as the API shows it."""

    journal: JournalName
    entry_id: UUID
    version: int
    #: The revision of the entry that it speaks of.
    revision: int
    state: ReflectionState
    result: ReflectionResult | None = None
    #: Set where `state` is failed.
    reason: FailureReason | None = None
    #: The fixed text, where `state` is withheld.
    notice: str | None = None
    requested_at: datetime
    updated_at: datetime


class ReflectionList(Value):
    """All versions, the newest first."""

    reflections: tuple[ReflectionView, ...]
