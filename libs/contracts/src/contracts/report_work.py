"""What the gateway and a worker say to each other while a report is made. Clients never see any of it."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, JsonValue, model_validator

from contracts.enrichments import FailureReason
from contracts.identifiers import JournalName, Ordinal
from contracts.model import Request, Value
from contracts.moods import EntryMood
from contracts.reports import ReportProgress, ReportResult

REPORT_PAGE_MAX = 100
#: What a page of entries may weigh: below the 1 MiB that a NATS server lets pass by default.
REPORT_PAGE_MAX_BYTES = 700 * 1024
#: Of a longer entry the worker gets beginning and end.
REPORT_TEXT_MAX_CHARS = 16 * 1024


class _OfReport(Request):
    journal: JournalName
    report_id: UUID
    edition: Ordinal


class BeginReport(_OfReport):
    """Answered by `BeginReportReply`. Also asked to go on with one that was begun."""


class ReportWork(Value):
    """What a worker needs to know."""

    first_day: date
    last_day: date
    time_zone: str
    #: The same two days as moments: written at or after, and before.
    written_from: datetime
    written_to: datetime
    #: As the worker saved it last.
    draft: JsonValue = None


class BeginReportReply(Value):
    """`settled`: it is done, failed, or there is a newer edition."""

    outcome: Literal["begin", "gone", "settled"]
    work: ReportWork | None = None


class PageReport(_OfReport):
    """Answered by `ReportPage`."""

    #: `next_cursor` of the page before.
    cursor: str | None = None
    limit: Annotated[int, Field(ge=1, le=REPORT_PAGE_MAX)] = REPORT_PAGE_MAX
    #: Without, moods come alone.
    texts: bool = True


class ReportEntry(Value):
    mood: EntryMood
    #: Goes on after this entry.
    cursor: str
    #: None where it was not asked for, or where no model may see it (docs/care.md).
    text: str | None = None


class ReportPage(Value):
    outcome: Literal["page", "gone", "settled"]
    #: Oldest first.
    entries: tuple[ReportEntry, ...] = ()
    next_cursor: str | None = None


class SaveReport(_OfReport):
    """Answered by `SaveReportReply`. How far it is, and, where given, all that is needed to go on from here."""

    progress: ReportProgress
    draft: JsonValue = None


class SaveReportReply(Value):
    """`settled`, `gone`: nobody wants it any more."""

    outcome: Literal["saved", "gone", "settled"]


class RecordReport(_OfReport):
    """Answered by `RecordReportReply`, after the gateway's commit. Exactly one of `result` and `reason` is set."""

    result: ReportResult | None = None
    reason: FailureReason | None = None

    @model_validator(mode="after")
    def _one_outcome(self) -> Self:
        if (self.result is None) == (self.reason is None):
            raise ValueError("exactly one of result and reason must be set")
        return self


class RecordReportReply(Value):
    outcome: Literal["recorded", "gone", "settled"]


class ScheduleReports(Request):
    """Answered by `ScheduleReply`: make the reports whose period has ended."""


class ScheduleReply(Value):
    #: How many were made now; 0 where they were made before.
    made: int
