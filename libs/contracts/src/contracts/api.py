"""The NATS API: requests, replies and typed errors of `daybook.v1.api.*`.

Every request carries the caller's API key in the `Authorization` header (`Bearer ...`), as over HTTP. A reply is either
the model named beside the request or a `ProblemReply`.
"""

from operator import not_
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from contracts.enrichments import EnrichmentKind, EnrichmentResult, FailureReason
from contracts.entries import EntryDraft, EntryView
from contracts.evidence import EvidenceReply, ReportEvidence
from contracts.identifiers import JournalName, Ordinal
from contracts.model import Request, Value
from contracts.moods import MoodPage, MoodsQuery, MoodTimeline, TimelineQuery
from contracts.reflections import ReflectionResult, ReflectionView
from contracts.report_work import (
    BeginReport,
    BeginReportReply,
    PageReport,
    RecordReport,
    RecordReportReply,
    ReportPage,
    SaveReport,
    SaveReportReply,
    ScheduleReply,
    ScheduleReports,
)
from contracts.reports import InsightsOrder, ReportView
from contracts.search import SEARCH_MAX_HITS, SearchAnswer, SearchQuery

AUTHORIZATION_HEADER = "Authorization"
IDEMPOTENCY_KEY_HEADER = "Idempotency-Key"


class Problem(Value):
    """RFC 9457. `type` is stable; neither field ever echoes what the client wrote in an entry."""

    type: str
    title: str
    status: int
    detail: str = ""
    #: Field errors: JSON pointer and what is wrong there.
    errors: tuple["FieldProblem", ...] = ()


class FieldProblem(Value):
    pointer: str
    detail: str


class ProblemReply(Value):
    problem: Problem


class CreateEntry(Request):
    """Answered by `EntryView`."""

    journal: JournalName
    entry: EntryDraft


class GetEntry(Request):
    """Answered by `EntryView`."""

    journal: JournalName
    entry_id: UUID
    #: A model that writes is to see the text: `care` of the answer is what is recognised now, stored or not.
    #: Not sent where it is false: a gateway of before refuses what it does not know.
    for_model: Annotated[bool, Field(exclude_if=not_)] = False


class Search(Request):
    """Answered by `SearchAnswer`."""

    journal: JournalName
    search: SearchQuery


class ListMoods(Request):
    """Answered by `MoodTimeline`."""

    journal: JournalName
    timeline: TimelineQuery = TimelineQuery()


class PageMoods(Request):
    """Answered by `MoodPage`."""

    journal: JournalName
    moods: MoodsQuery = MoodsQuery()


class FindSimilar(Request):
    """Answered by `SearchAnswer`: the other entries of the journal with a passage near in meaning to one of this."""

    journal: JournalName
    entry_id: UUID
    limit: Annotated[int, Field(ge=1, le=SEARCH_MAX_HITS)] = 10


class RecordEnrichment(Request):
    """Answered by `RecordReply`, after the gateway's commit. Exactly one of `result` and `reason` is set."""

    journal: JournalName
    entry_id: UUID
    revision: Ordinal
    kind: EnrichmentKind
    result: EnrichmentResult | None = None
    reason: FailureReason | None = None

    @model_validator(mode="after")
    def _one_outcome(self) -> Self:
        if (self.result is None) == (self.reason is None):
            raise ValueError("exactly one of result and reason must be set")
        if self.result is not None and self.result.kind != self.kind:
            raise ValueError("result must be of the kind that is reported")
        return self


class RequestReflection(Request):
    """Answered by `ReflectionView`: pending, or the one that is pending already."""

    journal: JournalName
    entry_id: UUID


class BeginReflection(Request):
    """Answered by `BeginReply`."""

    journal: JournalName
    entry_id: UUID
    version: Ordinal


class BeginReply(Value):
    """What a worker needs to write a reflection; or why there is nothing to write."""

    outcome: Literal["begin", "entry_gone", "settled"]
    entry: EntryView | None = None
    #: The journal's owner lets reflections look at earlier entries.
    related_entries: bool = False


class RecordReflection(Request):
    """Answered by `ReflectionReply`, after the gateway's commit. Exactly one of `result` and `reason` is set."""

    journal: JournalName
    entry_id: UUID
    version: Ordinal
    #: Of the entry as it was read at the beginning.
    revision: Ordinal
    result: ReflectionResult | None = None
    reason: FailureReason | None = None

    @model_validator(mode="after")
    def _one_outcome(self) -> Self:
        if (self.result is None) == (self.reason is None):
            raise ValueError("exactly one of result and reason must be set")
        return self


class ReflectionReply(Value):
    """`settled`: another attempt was there before, and what it recorded stays."""

    outcome: Literal["recorded", "entry_gone", "settled"]


class RequestInsights(Request):
    """Answered by `ReportView`: pending, or the one of the same days that is being made already."""

    journal: JournalName
    insights: InsightsOrder


class RecordReply(Value):
    """`recorded`; or why there was nothing to record: the entry is gone, or has moved on to a newer revision."""

    outcome: Literal["recorded", "entry_gone", "stale_revision"]


#: Which model answers which request, for clients and for AsyncAPI.
REPLIES: dict[type[Request], type[BaseModel]] = {
    CreateEntry: EntryView,
    GetEntry: EntryView,
    Search: SearchAnswer,
    FindSimilar: SearchAnswer,
    RecordEnrichment: RecordReply,
    RequestReflection: ReflectionView,
    BeginReflection: BeginReply,
    RecordReflection: ReflectionReply,
    RequestInsights: ReportView,
    BeginReport: BeginReportReply,
    PageReport: ReportPage,
    SaveReport: SaveReportReply,
    RecordReport: RecordReportReply,
    ScheduleReports: ScheduleReply,
    ReportEvidence: EvidenceReply,
    ListMoods: MoodTimeline,
    PageMoods: MoodPage,
}
