"""Entries with moods, many at once, straight into the tables; and their timeline in plain Python."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from contracts.identifiers import new_id
from gateway.db.store import Store

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Written:
    """An entry with what became of its mood."""

    written_at: datetime
    #: None where there is no row at all; `stale` is a result of an older revision.
    state: str | None = "done"
    label: str | None = "calm"
    valence: float = 0.0
    arousal: float = 0.0
    own: dict[str, Any] | None = None

    @property
    def shown_state(self) -> str:
        if self.state == "done":
            return "done" if self.label else "abstained"
        return "failed" if self.state == "failed" else "pending"


async def insert_written(store: Store, journal: str, entries: Iterable[Written]) -> list[UUID]:
    """In a journal that is made where there is none. Each entry is at revision 2."""
    rows = [(new_id(), entry) for entry in entries]
    moods = [
        (
            entry_id,
            "done" if entry.state == "stale" else entry.state,
            1 if entry.state == "stale" else 2,
            _result(entry) if entry.state in {"done", "stale"} else None,
            "internal_error" if entry.state == "failed" else None,
        )
        for entry_id, entry in rows
        if entry.state is not None
    ]
    async with store.transaction() as connection:
        await connection.execute("INSERT INTO journals (name) VALUES ($1) ON CONFLICT DO NOTHING", journal)
        await connection.execute(
            "INSERT INTO entries"
            " (id, journal, revision, body, written_at, written_at_offset_s, tags, metadata, own_mood)"
            " SELECT id, $2, 2, 'x', written_at, offset_s, '{}', '{}', own::jsonb"
            " FROM unnest($1::uuid[], $3::timestamptz[], $4::int[], $5::text[]) AS e (id, written_at, offset_s, own)",
            [entry_id for entry_id, _ in rows],
            journal,
            [entry.written_at for _, entry in rows],
            [round(entry.written_at.utcoffset().total_seconds()) for _, entry in rows],
            [None if entry.own is None else json.dumps(entry.own) for _, entry in rows],
        )
        await connection.execute(
            "INSERT INTO enrichments (entry_id, kind, state, revision, result, reason)"
            " SELECT id, 'mood', state, revision, result::jsonb, reason"
            " FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::text[])"
            " AS m (id, state, revision, result, reason)",
            *([list(column) for column in zip(*moods, strict=True)] if moods else [[]] * 5),
        )
    return [entry_id for entry_id, _ in rows]


def plain_timeline(
    entries: Sequence[Written], size: str, first_day: date, last_day: date, time_zone: str | None
) -> list[dict[str, Any]]:
    """What a `MoodTimeline` has to say in `buckets`, counted day by day."""
    # A month around the range holds every day of its first and last bucket.
    around = [first_day + n * DAY for n in range(-31, (last_day - first_day).days + 32)]
    wanted = range(_first_of(first_day, size).toordinal(), _first_of(last_day, size).toordinal() + 1)
    buckets: dict[date, date] = {}
    for day in around:
        if _first_of(day, size).toordinal() in wanted:
            buckets[_first_of(day, size)] = day
    zone = None if time_zone is None else ZoneInfo(time_zone)
    days = [(entry.written_at if zone is None else entry.written_at.astimezone(zone)).date() for entry in entries]
    return [
        _bucket(first, last, [entry for entry, day in zip(entries, days, strict=True) if first <= day <= last])
        for first, last in buckets.items()
    ]


def _bucket(first: date, last: date, entries: list[Written]) -> dict[str, Any]:
    states = Counter(entry.shown_state for entry in entries)
    done = [entry for entry in entries if entry.shown_state == "done"]
    own = [entry.own for entry in entries if entry.own is not None]
    missing = None
    if not done:
        missing = next((state for state in ("pending", "failed", "abstained") if states[state]), "no_entries")
    return {
        "first_day": first,
        "last_day": last,
        "entries": len(entries),
        "pending": states["pending"],
        "failed": states["failed"],
        "abstained": states["abstained"],
        "inferred": {
            "n": len(done),
            "valence": _spread([entry.valence for entry in done]),
            "arousal": _spread([entry.arousal for entry in done]),
            "labels": dict(Counter(entry.label for entry in done)),
        },
        "own": {
            "n": len(own),
            "valence": _spread([mood["valence"] for mood in own if "valence" in mood]),
            "arousal": _spread([mood["arousal"] for mood in own if "arousal" in mood]),
            "labels": dict(Counter(mood["label"] for mood in own if "label" in mood)),
        },
        "missing": missing,
    }


def _spread(values: list[float]) -> dict[str, float] | None:
    if not values:
        return None
    # Rounded, as are the values that it is compared with: the order of a sum is not PostgreSQL's promise.
    return {"n": len(values), "mean": round(sum(values) / len(values), 9), "min": min(values), "max": max(values)}


def _first_of(day: date, size: str) -> date:
    match size:
        case "week":
            year, week, _ = day.isocalendar()
            return date.fromisocalendar(year, week, 1)
        case "month":
            return date(day.year, day.month, 1)
        case _:
            return day


def _result(entry: Written) -> str:
    return json.dumps(
        {
            "kind": "mood",
            "method": "llm",
            "label": entry.label,
            "valence": entry.valence,
            "arousal": entry.arousal,
            "confidence": 1.0,
            "provenance": {"model": "m"},
        }
    )
