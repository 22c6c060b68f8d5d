"""Moods over time: a timeline in buckets for people, and pages of single moods for whoever computes with them.

The inferred moods and those that writers gave themselves stand side by side and are never mixed (docs/moods.md).
"""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from contracts.days import Day
from contracts.enrichments import MoodLabel
from contracts.journals import known_zone
from contracts.model import Request, Value
from contracts.moments import Moment

#: Ten years of days.
TIMELINE_MAX_BUCKETS = 3700
#: Over NATS a reply must fit into one message (1 MiB as the server has it by default).
TIMELINE_MAX_BUCKETS_OVER_NATS = 1000
MOOD_PAGE_MAX = 1000

#: Weeks are those of ISO 8601: they begin on Monday.
BucketSize = Literal["day", "week", "month"]
#: Why a bucket has no inferred mood, the first that is true: nothing was written; a mood is still to come for some
#: entry; it was given up for some entry; the method could not tell for any.
MissingMoods = Literal["no_entries", "pending", "failed", "abstained"]
#: In place of a time zone: every entry counts on its author's day, `written_at` as it was sent.
AUTHORS_DAYS = "author"
#: Of the inferred mood of an entry as it is now. `done` has a mood; `abstained` is a result without one.
MoodState = Literal["done", "pending", "failed", "abstained"]


def _zone_or_authors_days(name: str) -> str:
    return name if name == AUTHORS_DAYS else known_zone(name)


DaysOf = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_zone_or_authors_days)]


class TimelineQuery(Request):
    """Without days: the last 30 days, 26 weeks or 24 months, the present one included."""

    bucket: BucketSize = "day"
    #: The buckets that hold these two days, and all between, are answered whole.
    first_day: Day | None = None
    last_day: Day | None = None
    #: Whose days these are: a zone, or `author`. Without, the zone that the journal's settings name, else `author`.
    time_zone: DaysOf | None = None

    @model_validator(mode="after")
    def _ordered_range(self) -> Self:
        if self.first_day and self.last_day and self.first_day > self.last_day:
            raise ValueError("the first day must not lie after the last")
        return self


class Spread(Value):
    """Of the moods that have this value."""

    n: int
    mean: float
    min: float
    max: float


class MoodNumbers(Value):
    #: How many moods.
    n: int
    valence: Spread | None
    arousal: Spread | None
    #: Only those that occur.
    labels: dict[MoodLabel, int]


class MoodBucket(Value):
    first_day: date
    #: Included.
    last_day: date
    #: `entries` is `inferred.n + pending + failed + abstained`.
    entries: int
    pending: int
    failed: int
    abstained: int
    inferred: MoodNumbers
    own: MoodNumbers
    #: None where there is at least one inferred mood.
    missing: MissingMoods | None


class MoodTimeline(Value):
    bucket: BucketSize
    #: None where each entry counts in its author's own zone.
    time_zone: str | None
    #: Every one of the range, oldest first.
    buckets: tuple[MoodBucket, ...]


class MoodsQuery(Request):
    limit: Annotated[int, Field(ge=1, le=MOOD_PAGE_MAX)] = MOOD_PAGE_MAX
    #: `next_cursor` of the page before, with the same range.
    cursor: str | None = None
    #: Only entries written at or after / before this moment.
    written_from: Moment | None = None
    written_to: Moment | None = None


class MoodReading(Value):
    """A mood without words."""

    label: MoodLabel | None = None
    valence: float | None = None
    arousal: float | None = None


class EntryMood(Value):
    """No text: neither the entry's nor the word that its writer chose for the mood."""

    entry_id: UUID
    revision: int
    #: In the time zone of its author.
    written_at: datetime
    state: MoodState
    #: Set where `state` is done.
    inferred: MoodReading | None
    own: MoodReading | None


class MoodPage(Value):
    #: Oldest first.
    moods: tuple[EntryMood, ...]
    #: Opaque; None on the last page.
    next_cursor: str | None = None
