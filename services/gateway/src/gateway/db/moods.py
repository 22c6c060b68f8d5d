"""Moods of many entries at once: rows of `entries` beside those of `enrichments`."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import asyncpg

from contracts.moods import EntryMood, MoodNumbers, MoodReading, Spread
from gateway.db.sql_files import query
from gateway.db.store import Connection
from gateway.domain.buckets import Buckets
from gateway.domain.errors import TimeZoneUnknown


@dataclass(frozen=True)
class BucketOfMoods:
    first_day: date
    entries: int
    #: How many entries have no inferred mood, by their state.
    pending: int
    failed: int
    abstained: int
    inferred: MoodNumbers
    own: MoodNumbers


@dataclass(frozen=True)
class MoodsPage:
    """Which moods of a journal, oldest first."""

    limit: int
    #: At or after.
    written_from: datetime | None = None
    #: Before.
    written_to: datetime | None = None
    #: `written_at` and id of the last entry of the page before.
    after: tuple[datetime, UUID] | None = None


async def today(connection: Connection, journal: str, time_zone: str | None) -> date:
    """The present day in the time zone; without one, in that of the journal's newest entry.

    Raises:
        TimeZoneUnknown: to PostgreSQL.
    """
    try:
        found: date = await connection.fetchval(query("moods", "today"), journal, time_zone)
    except asyncpg.InvalidParameterValueError as error:
        raise TimeZoneUnknown from error
    return found


async def timeline(
    connection: Connection, journal: str, buckets: Buckets, time_zone: str | None
) -> list[BucketOfMoods]:
    """Each of `buckets`, in order, whether anything was written in it or not.

    Raises:
        TimeZoneUnknown: to PostgreSQL.
    """
    try:
        rows = await connection.fetch(
            query("moods", "mood_timeline"), journal, buckets.first, buckets.end, buckets.size, time_zone
        )
    except asyncpg.InvalidParameterValueError as error:
        raise TimeZoneUnknown from error
    return [_bucket(row) for row in rows]


async def list_page(connection: Connection, journal: str, page: MoodsPage) -> list[EntryMood]:
    written_at, entry_id = page.after or (None, None)
    rows = await connection.fetch(
        query("moods", "page_moods"), journal, page.written_from, page.written_to, written_at, entry_id, page.limit
    )
    return [_entry_mood(row) for row in rows]


def _bucket(row: Any) -> BucketOfMoods:
    moods = row["moods"] or 0
    return BucketOfMoods(
        first_day=row["bucket"],
        entries=row["entries"] or 0,
        pending=row["pending"] or 0,
        failed=row["failed"] or 0,
        abstained=row["abstained"] or 0,
        inferred=MoodNumbers(
            n=moods,
            valence=_spread(row, "valence", moods),
            arousal=_spread(row, "arousal", moods),
            labels=row["labels"] or {},
        ),
        own=MoodNumbers(
            n=row["own_moods"] or 0,
            valence=_spread(row, "own_valence", row["own_valence_n"]),
            arousal=_spread(row, "own_arousal", row["own_arousal_n"]),
            labels=row["own_labels"] or {},
        ),
    )


def _spread(row: Any, name: str, n: int | None) -> Spread | None:
    if not n:
        return None
    return Spread(n=n, mean=row[f"{name}_mean"], min=row[f"{name}_min"], max=row[f"{name}_max"])


def _entry_mood(row: Any) -> EntryMood:
    zone = timezone(timedelta(seconds=row["written_at_offset_s"]))
    inferred = MoodReading(label=row["label"], valence=row["valence"], arousal=row["arousal"])
    return EntryMood(
        entry_id=row["id"],
        revision=row["revision"],
        written_at=row["written_at"].astimezone(zone),
        state=row["state"],
        inferred=inferred if row["state"] == "done" else None,
        own=None if row["own_mood"] is None else MoodReading.model_validate(row["own_mood"]),
    )
