"""Rows of `erasures`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.db.sql_files import query
from gateway.db.store import Connection


@dataclass(frozen=True)
class Erasure:
    entry_id: UUID
    journal: str
    erased_at: datetime


async def insert(connection: Connection, journal: str, erased: Sequence[tuple[UUID, int]]) -> None:
    """`erased`: ids and last revisions."""
    await connection.execute(
        query("erasures", "insert_erasures"),
        journal,
        [entry_id for entry_id, _ in erased],
        [revision for _, revision in erased],
    )


async def list_page(connection: Connection, *, after: UUID, limit: int) -> list[Erasure]:
    """By entry, above `after`."""
    rows = await connection.fetch(query("erasures", "list_erasures"), after, limit)
    return [Erasure(row["entry_id"], row["journal"], row["erased_at"]) for row in rows]
