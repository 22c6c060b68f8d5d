"""Rows of `journals`."""

from gateway.db.sql_files import query
from gateway.db.store import Connection


async def insert(connection: Connection, journal: str) -> bool:
    """True if it is new."""
    return await connection.fetchval(query("journals", "insert_journal"), journal) is not None


async def exists(connection: Connection, journal: str) -> bool:
    return bool(await connection.fetchval(query("journals", "journal_exists"), journal))


async def lock(connection: Connection, journal: str) -> bool:
    """False if there is none."""
    return await connection.fetchval(query("journals", "lock_journal"), journal) is not None


async def delete(connection: Connection, journal: str) -> None:
    await connection.execute(query("journals", "delete_journal"), journal)
