"""Rows of `entries`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from pydantic import JsonValue

from contracts.care import CareKind
from contracts.own_moods import OwnMood, OwnMoodView
from gateway.db.sql_files import query
from gateway.db.store import Connection
from gateway.domain.entries import Entry


@dataclass(frozen=True)
class Content:
    """What an entry's writer gives."""

    body: str
    #: With a time zone, which is kept.
    written_at: datetime
    tags: tuple[str, ...]
    metadata: dict[str, JsonValue]
    own_mood: OwnMood | None
    #: How it is marked.
    care: CareKind | None = None


@dataclass(frozen=True)
class Page:
    """Which entries of a journal, newest first."""

    limit: int
    #: At or after.
    written_from: datetime | None = None
    #: Before.
    written_to: datetime | None = None
    #: All of these.
    tags: tuple[str, ...] = ()
    #: `written_at` and id of the last entry of the page before.
    after: tuple[datetime, UUID] | None = None


@dataclass(frozen=True, kw_only=True)
class MoodFilter:
    """Which entries of a journal, by mood, and by time and tags as in `Page`."""

    written_from: datetime | None = None
    written_to: datetime | None = None
    tags: tuple[str, ...] = ()
    #: One of these; empty for any.
    labels: tuple[str, ...] = ()
    valence_from: float | None = None
    valence_to: float | None = None


async def insert(connection: Connection, entry_id: UUID, journal: str, content: Content) -> Entry | None:
    """The entry at revision 1; None if there is no such journal."""
    row = await connection.fetchrow(query("entries", "insert_entry"), entry_id, journal, *_columns(content))
    return _entry(row) if row else None


async def get(connection: Connection, journal: str, entry_id: UUID) -> Entry | None:
    row = await connection.fetchrow(query("entries", "get_entry"), journal, entry_id)
    return _entry(row) if row else None


async def get_many(connection: Connection, journal: str, entry_ids: Sequence[UUID]) -> dict[UUID, Entry]:
    rows = await connection.fetch(query("entries", "get_entries"), journal, list(entry_ids))
    return {row["id"]: _entry(row) for row in rows}


async def find_by_mood(connection: Connection, journal: str, chosen: MoodFilter) -> list[UUID]:
    rows = await connection.fetch(
        query("entries", "find_by_mood"),
        journal,
        chosen.written_from,
        chosen.written_to,
        list(chosen.tags),
        list(chosen.labels),
        chosen.valence_from,
        chosen.valence_to,
    )
    return [row["id"] for row in rows]


async def list_page(connection: Connection, journal: str, page: Page) -> list[Entry]:
    written_at, entry_id = page.after or (None, None)
    rows = await connection.fetch(
        query("entries", "list_entries"),
        journal,
        page.written_from,
        page.written_to,
        list(page.tags),
        written_at,
        entry_id,
        page.limit,
    )
    return [_entry(row) for row in rows]


async def lock(connection: Connection, journal: str, entry_id: UUID) -> Entry | None:
    row = await connection.fetchrow(query("entries", "lock_entry"), journal, entry_id)
    return _entry(row) if row else None


async def share_revision(connection: Connection, journal: str, entry_id: UUID) -> int | None:
    """The revision, which stays what it is until the transaction ends; None if there is no such entry."""
    revision: int | None = await connection.fetchval(query("entries", "share_revision"), journal, entry_id)
    return revision


async def replace(connection: Connection, entry_id: UUID, content: Content) -> Entry:
    """The entry at its next revision. Lock it before."""
    return _entry(await connection.fetchrow(query("entries", "replace_entry"), entry_id, *_columns(content)))


async def mark(connection: Connection, entry_id: UUID, care: CareKind | None) -> None:
    """Lock it before."""
    await connection.execute(query("entries", "mark_entry"), entry_id, care)


async def delete(connection: Connection, entry_ids: Sequence[UUID]) -> None:
    await connection.execute(query("entries", "delete_entries"), list(entry_ids))


async def list_revisions(connection: Connection, journal: str, *, after: UUID, limit: int) -> list[tuple[UUID, int]]:
    """Ids above `after` and their revisions, locked."""
    rows = await connection.fetch(query("entries", "list_revisions"), journal, after, limit)
    return [(row["id"], row["revision"]) for row in rows]


async def list_unordered(
    connection: Connection,
    journals: Sequence[str] | None,
    kinds: Sequence[str],
    *,
    since: datetime,
    after: UUID,
    limit: int,
) -> list[tuple[str, UUID, int]]:
    """Journal, id and revision of entries any of whose `kinds` was not ordered since; by id above `after`, locked."""
    sought = None if journals is None else list(journals)
    rows = await connection.fetch(query("entries", "list_unordered"), sought, after, list(kinds), since, limit)
    return [(row["journal"], row["id"], row["revision"]) for row in rows]


async def get_revisions(connection: Connection, entry_ids: Sequence[UUID]) -> dict[tuple[str, UUID], int]:
    """By journal and id, of those that there are."""
    rows = await connection.fetch(query("entries", "get_revisions"), list(entry_ids))
    return {(row["journal"], row["id"]): row["revision"] for row in rows}


def _columns(content: Content) -> tuple[object, ...]:
    offset = content.written_at.utcoffset()
    assert offset is not None, "written_at without a time zone is refused before"
    return (
        content.body,
        content.written_at,
        int(offset.total_seconds()),
        list(content.tags),
        content.metadata,
        None if content.own_mood is None else content.own_mood.model_dump(exclude_none=True),
        content.care,
    )


def _entry(row: Any) -> Entry:
    zone = timezone(timedelta(seconds=row["written_at_offset_s"]))
    return Entry(
        id=row["id"],
        journal=row["journal"],
        revision=row["revision"],
        body=row["body"],
        written_at=row["written_at"].astimezone(zone),
        tags=tuple(row["tags"]),
        metadata=row["metadata"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        own_mood=None if row["own_mood"] is None else OwnMoodView.model_validate(row["own_mood"]),
        care=row["care"],
    )
