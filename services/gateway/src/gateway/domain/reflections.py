"""What is written back to an entry."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.care import CareKind
from contracts.enrichments import FailureReason
from contracts.reflections import ReflectionResult, ReflectionState


@dataclass(frozen=True)
class Reflection:
    entry_id: UUID
    #: From 1, the newest counts.
    version: int
    #: The entry's revision that it speaks of.
    revision: int
    state: ReflectionState
    #: Somebody waits for it.
    interactive: bool
    requested_at: datetime
    updated_at: datetime
    #: Set where `state` is done.
    result: ReflectionResult | None = None
    #: Set where `state` is failed.
    reason: FailureReason | None = None
    #: Set where `state` is withheld.
    notice: str | None = None
    #: How the revision is marked that it speaks of, where that is the entry's newest. Known where one is read.
    care: CareKind | None = None

    @property
    def is_begun(self) -> bool:
        """Of a pending one: a worker has it in hand, or had."""
        return self.updated_at > self.requested_at
