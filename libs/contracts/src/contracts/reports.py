"""Reports on a period of a journal: computed numbers, themes, and claims that cite the entries they rest on."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.care import CareView
from contracts.days import Day
from contracts.enrichments import FailureReason, MoodLabel
from contracts.identifiers import JournalName
from contracts.model import Request, Value

#: Days of one report: ten years.
REPORT_MAX_DAYS = 3660
#: A theme names so many of its entries, the most typical first; `entries` counts all.
THEME_IDS_MAX = 100

#: `period`: from one day to another; the others are an ISO week and a month of the calendar.
ReportKind = Literal["period", "weekly", "monthly"]
ReportState = Literal["pending", "running", "done", "failed"]
#: What is being done, in this order.
ReportStep = Literal["counting", "grouping", "reading", "writing"]
#: Why a report has no trend.
TrendMissing = Literal["too_few_days"]
#: Why a report has no themes: too little was written; nothing in it belongs together; the index holds another model's
#: vectors, or cannot be asked.
ThemesMissing = Literal["too_few_entries", "nothing_alike", "not_indexed", "index_unreachable"]
#: Why a report has no summary: nothing that a model may read was written; the model answered, but nothing that could be
#: used; no claim was left after those without citations were removed, or after those that do not hold (`Removed`).
SummaryMissing = Literal["no_entries", "invalid_answer", "nothing_cited", "nothing_held"]


class InsightsOrder(Request):
    """Which days. A `period` needs both; a week or a month is the one that holds `from`, or the last that has ended."""

    kind: ReportKind = "period"
    first_day: Annotated[Day | None, Field(alias="from", description="The first day")] = None
    last_day: Annotated[Day | None, Field(alias="to", description="The last day, included")] = None


class ReportProgress(Value):
    step: ReportStep
    done: int
    total: int


class Estimate(Value):
    """A mean with its 95 % confidence interval."""

    #: How many moods.
    n: int
    #: Mean of the days' means: a day with ten entries weighs as much as one with one.
    mean: float
    #: On how many days.
    days: int
    #: None where the days are too few to say how sure it is.
    low: float | None = None
    high: float | None = None


class Trend(Value):
    """The slope of a line through the days' means, with its 95 % confidence interval."""

    per_week: float
    low: float
    high: float
    days: int


class Streak(Value):
    """Days in a row on which something was written, within the report's days."""

    days: int
    first_day: date
    last_day: date


class ReportDay(Value):
    day: date
    entries: int
    #: Mean of the inferred moods.
    valence: float | None


class WeekLabels(Value):
    #: A Monday; the week may begin before the report's first day.
    first_day: date
    labels: dict[MoodLabel, int]


class ReportNumbers(Value):
    """All computed; no model had a hand in it. Days are those of the report's time zone."""

    entries: int
    #: Of the report that have begun.
    days: int
    days_written: int
    entries_per_day: float
    #: Entries by the state of their inferred mood.
    moods: int
    pending: int
    failed: int
    abstained: int
    valence: Estimate | None = None
    arousal: Estimate | None = None
    #: Of the moods that the writer gave.
    own_valence: Estimate | None = None
    trend: Trend | None = None
    trend_missing: TrendMissing | None = None
    longest_streak: Streak | None = None
    #: The one that goes on when the report ends.
    current_streak: Streak | None = None
    #: Only days on which something was written.
    by_day: tuple[ReportDay, ...] = ()
    #: Only weeks with a mood.
    labels_by_week: tuple[WeekLabels, ...] = ()


class Theme(Value):
    """Entries whose meanings are near one another."""

    name: str
    #: `words`: the model's name was none, and these are the theme's most telling words.
    named_by: Literal["model", "words"]
    entries: int
    #: The most typical first, THEME_IDS_MAX at most.
    entry_ids: tuple[UUID, ...]
    #: Of those that the model was shown to find the name.
    representatives: tuple[UUID, ...]
    #: Mean cosine of its entries with their middle.
    cohesion: float
    #: Mean inferred valence of its entries.
    valence: float | None
    #: Entries by day, only days that have any.
    by_day: dict[date, int]


class Claim(Value):
    """One sentence of the model's, and the entries that it rests on: at least one."""

    text: str
    entry_ids: tuple[UUID, ...]


class Removed(Value):
    """What the model wrote and the report does not hold."""

    #: Citations of entries that the model was not shown.
    citations: int = 0
    #: Claims without any citation that holds.
    claims: int = 0
    #: Claims, and names of themes, with a number that stands in nothing that they rest on.
    numbers: int = 0
    #: Claims, and names of themes, that are no part of a report: with a link, with marks of a program, of one word, or
    #: a piece of the model's instruction.
    unfit: int = 0
    #: Whole answers that could not be used.
    answers: int = 0


class ReportProvenance(Value):
    """As an enrichment's, over all calls."""

    model: str
    model_digest: str = ""
    prompt_version: str = ""
    calls: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0
    inference_ms: float = 0.0


class ReportResult(Value):
    numbers: ReportNumbers
    themes: tuple[Theme, ...] = ()
    themes_missing: ThemesMissing | None = None
    summary: tuple[Claim, ...] = ()
    suggestions: tuple[Claim, ...] = ()
    summary_missing: SummaryMissing | None = None
    #: How many entries the model read; of long ones beginning and end.
    entries_read: int = 0
    #: How many were kept from it, because they speak of suicide or self-harm.
    entries_withheld: int = 0
    removed: Removed = Removed()
    provenance: ReportProvenance | None = None


class ReportSummary(Value):
    """A report as lists show it."""

    id: UUID
    journal: JournalName
    kind: ReportKind
    first_day: date
    #: Included.
    last_day: date
    #: Whose days these are: the journal's when it was asked for.
    time_zone: str
    #: Made by itself when the period had ended.
    scheduled: bool
    state: ReportState
    #: Counts up when the report is made again, because an entry that it was made of was erased.
    edition: int
    #: Set while `state` is running.
    progress: ReportProgress | None = None
    #: Set where `state` is failed.
    reason: FailureReason | None = None
    requested_at: datetime
    updated_at: datetime


class ReportView(ReportSummary):
    #: Set where `state` is done.
    result: ReportResult | None = None
    #: Set where entries of the period speak of suicide or self-harm: show its text.
    care: CareView | None = None


class ReportList(Value):
    #: Those asked for last come first.
    reports: tuple[ReportSummary, ...]
    #: Opaque; None on the last page.
    next_cursor: str | None = None
