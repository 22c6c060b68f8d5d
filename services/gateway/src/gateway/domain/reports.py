"""Reports on a period of a journal."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from contracts.care import CareKind
from contracts.enrichments import FailureReason
from contracts.reports import ReportKind, ReportProgress, ReportResult, ReportState

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Report:
    id: UUID
    journal: str
    kind: ReportKind
    first_day: date
    #: Included.
    last_day: date
    time_zone: str
    #: Made by itself when the period had ended.
    scheduled: bool
    #: Somebody waits for this edition.
    interactive: bool
    state: ReportState
    edition: int
    requested_at: datetime
    updated_at: datetime
    progress: ReportProgress | None = None
    draft: JsonValue = None
    #: Set where `state` is done, unless it was left out of a list.
    result: ReportResult | None = None
    #: Set where `state` is failed.
    reason: FailureReason | None = None
    #: The heaviest mark of its entries.
    care: CareKind | None = None

    @property
    def written_from(self) -> datetime:
        return midnight(self.first_day, self.time_zone)

    @property
    def written_to(self) -> datetime:
        return midnight(self.last_day + _DAY, self.time_zone)


def midnight(day: date, time_zone: str) -> datetime:
    """When the day begins there, in UTC."""
    return datetime.combine(day, time.min, ZoneInfo(time_zone)).astimezone(UTC)
