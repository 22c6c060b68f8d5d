"""Rows of `erasures`."""

from collections.abc import Sequence
from uuid import UUID

from gateway.db.sql_files import query
from gateway.db.store import Connection


async def insert(connection: Connection, journal: str, erased: Sequence[tuple[UUID, int]]) -> None:
    """`erased`: ids and last revisions."""
    await connection.execute(
        query("erasures", "insert_erasures"),
        journal,
        [entry_id for entry_id, _ in erased],
        [revision for _, revision in erased],
    )
