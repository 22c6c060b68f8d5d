"""Rows of `journals`."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from contracts.journals import JournalSettings
from gateway.db.sql_files import query
from gateway.db.store import Connection
from gateway.domain.principals import ALL_JOURNALS


@dataclass(frozen=True)
class Journal:
    name: str
    created_at: datetime


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


async def get_settings(connection: Connection, journal: str) -> JournalSettings | None:
    """None if there is no such journal."""
    row = await connection.fetchrow(query("journals", "get_settings"), journal)
    return JournalSettings.model_validate(row["settings"]) if row else None


async def lock_settings(connection: Connection, journal: str) -> JournalSettings | None:
    """The settings, which nobody else changes until the transaction ends."""
    row = await connection.fetchrow(query("journals", "lock_settings"), journal)
    return JournalSettings.model_validate(row["settings"]) if row else None


async def set_settings(connection: Connection, journal: str, settings: JournalSettings) -> None:
    await connection.execute(
        query("journals", "set_settings"), journal, settings.model_dump(mode="json", exclude_unset=True)
    )


async def list_among(connection: Connection, names: Collection[str]) -> list[Journal]:
    """Those that there are, by name; all there are where the names hold `*`."""
    rows = await connection.fetch(query("journals", "list_journals"), ALL_JOURNALS in names, list(names))
    return [Journal(row["name"], row["created_at"]) for row in rows]
