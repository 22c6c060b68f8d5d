"""Erases again what came back with an older database: the events of the last days tell what was erased since."""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.events import EntryErased, JournalErased, parse_event
from gateway.db import entries, journals
from gateway.db.store import Store
from gateway.domain.principals import ALL_JOURNALS, SCOPES, Principal
from gateway.service.erase import erase_entry, erase_journal

#: Types of the events that are needed for it.
ERASURES = frozenset({"entry.erased.v1", "journal.erased.v1"})
_OPERATOR = Principal("operator", "operator", frozenset(SCOPES), frozenset({ALL_JOURNALS}))


@dataclass(frozen=True)
class ErasedAgain:
    entries: int
    journals: int


async def erase_again(store: Store, events: AsyncIterable[str]) -> ErasedAgain:
    """What was there, and is erased. `events`: bodies, all of types of `ERASURES`.

    A journal that was made after the event that erases one of its name stays.

    Raises:
        StoreUnavailable: PostgreSQL is away. What was erased is erased.
    """
    erased_entries = erased_journals = 0
    async for body in events:
        match parse_event(body):
            case EntryErased(data=ref):
                if await _has_entry(store, ref.journal, ref.entry_id):
                    await erase_entry(store, _OPERATOR, ref.journal, ref.entry_id)
                    erased_entries += 1
            case JournalErased(data=erased, time=at):
                if await _had_journal(store, erased.journal, at):
                    await erase_journal(store, _OPERATOR, erased.journal)
                    erased_journals += 1
            case _:
                raise ValueError("an event that erases nothing")
    return ErasedAgain(erased_entries, erased_journals)


async def _has_entry(store: Store, journal: str, entry_id: UUID) -> bool:
    async with store.connection() as connection:
        return bool((await entries.get_revisions(connection, [entry_id])).get((journal, entry_id)))


async def _had_journal(store: Store, journal: str, at: datetime) -> bool:
    async with store.connection() as connection:
        return any(each.created_at < at for each in await journals.list_among(connection, {journal}))
