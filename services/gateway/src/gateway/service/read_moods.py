"""Moods over time: the timeline in buckets, and pages of single moods."""

from contracts.journals import JournalSettings
from contracts.moods import (
    AUTHORS_DAYS,
    MOOD_PAGE_MAX,
    TIMELINE_MAX_BUCKETS,
    MissingMoods,
    MoodBucket,
    MoodPage,
    MoodsQuery,
    MoodTimeline,
    TimelineQuery,
)
from gateway.db import journals, moods
from gateway.db.moods import BucketOfMoods, MoodsPage
from gateway.db.store import Store
from gateway.domain.buckets import Buckets, buckets_between, last_day_of
from gateway.domain.errors import JournalNotFound, TimelineTooLong
from gateway.domain.principals import Principal
from gateway.service.cursors import cursor_at, parse_cursor


async def read_timeline(
    store: Store,
    principal: Principal,
    journal: str,
    asked: TimelineQuery,
    *,
    buckets_max: int = TIMELINE_MAX_BUCKETS,
) -> MoodTimeline:
    """Every bucket of the range, whole. Only results of the entries' present revisions count.

    A first day in the future, without a last one, is answered by its bucket alone.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        TimelineTooLong: the range has more than `buckets_max` buckets.
        TimeZoneUnknown: to PostgreSQL; Python knew it.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "read")
    async with store.connection() as connection:
        zone = _zone_of(asked, await journals.get_settings(connection, journal))
        last_day = asked.last_day or await moods.today(connection, journal, zone)
        buckets = buckets_between(asked.bucket, asked.first_day, max(last_day, asked.first_day or last_day))
        if buckets.count > buckets_max:
            raise TimelineTooLong(buckets.count, buckets_max=buckets_max)
        found = await moods.timeline(connection, journal, buckets, zone)
        if not any(bucket.entries for bucket in found) and not await journals.exists(connection, journal):
            raise JournalNotFound(journal)
    shown = tuple(_view_of(bucket, buckets) for bucket in found)
    return MoodTimeline(bucket=asked.bucket, time_zone=zone, buckets=shown)


async def page_moods(store: Store, principal: Principal, journal: str, asked: MoodsQuery) -> MoodPage:
    """Moods without text, oldest first. An entry whose `written_at` is changed meanwhile may come twice or not at all.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        CursorInvalid: not a cursor of ours.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "enrich")
    after = None if asked.cursor is None else parse_cursor(asked.cursor)
    shown = min(asked.limit, MOOD_PAGE_MAX)
    page = MoodsPage(limit=shown + 1, written_from=asked.written_from, written_to=asked.written_to, after=after)
    async with store.connection() as connection:
        found = await moods.list_page(connection, journal, page)
        if not found and not await journals.exists(connection, journal):
            raise JournalNotFound(journal)
    # One more than shown was asked for: whether it came says whether there is a next page.
    last = found[shown - 1] if len(found) > shown else None
    return MoodPage(
        moods=tuple(found[:shown]), next_cursor=None if last is None else cursor_at(last.written_at, last.entry_id)
    )


def _zone_of(asked: TimelineQuery, settings: JournalSettings | None) -> str | None:
    """None: each entry's own. A zone that the owner has named is taken, the default of the settings is not."""
    if asked.time_zone is not None:
        return None if asked.time_zone == AUTHORS_DAYS else asked.time_zone
    if settings is None or "time_zone" not in settings.model_fields_set:
        return None
    return settings.time_zone


def _view_of(bucket: BucketOfMoods, buckets: Buckets) -> MoodBucket:
    return MoodBucket(
        first_day=bucket.first_day,
        last_day=last_day_of(bucket.first_day, buckets.size),
        entries=bucket.entries,
        pending=bucket.pending,
        failed=bucket.failed,
        abstained=bucket.abstained,
        inferred=bucket.inferred,
        own=bucket.own,
        missing=_missing(bucket),
    )


def _missing(bucket: BucketOfMoods) -> MissingMoods | None:
    """Why there is no inferred mood: what may still change comes first."""
    if bucket.inferred.n:
        return None
    if not bucket.entries:
        return "no_entries"
    if bucket.pending:
        return "pending"
    return "failed" if bucket.failed else "abstained"
