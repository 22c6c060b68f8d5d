"""Erases again what came back with an older database: events, or a list that was kept, tell what was erased since."""

from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from contracts.events import EntryErased, EntryRef, JournalErased, parse_event
from gateway.db import entries, erasures, journals
from gateway.db.store import Store
from gateway.domain.principals import ALL_JOURNALS, SCOPES, Principal
from gateway.service.erase import erase_entry, erase_journal

#: Types of the events that are needed for it.
ERASURES = frozenset({"entry.erased.v1", "journal.erased.v1"})
_PAGE = 500
_BEFORE_ALL = UUID(int=0)
_OPERATOR = Principal("operator", "operator", frozenset(SCOPES), frozenset({ALL_JOURNALS}))


class ListUnreadable(Exception):
    """A line of a list of erasures is none."""

    def __init__(self, number: int) -> None:
        super().__init__(f"line {number} is no erasure: an entry's id and its journal, with a tab between")


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


async def list_erasures(store: Store) -> AsyncGenerator[str]:
    """A line for each entry that was ever erased: id, journal and moment, with tabs between. No word of any.

    Raises:
        StoreUnavailable: PostgreSQL is away.
    """
    after = _BEFORE_ALL
    while True:
        async with store.connection() as connection:
            page = await erasures.list_page(connection, after=after, limit=_PAGE)
        for each in page:
            yield f"{each.entry_id}\t{each.journal}\t{each.erased_at:%Y-%m-%dT%H:%M:%SZ}"
        if not page:
            return
        after = page[-1].entry_id


def erasures_in(lines: Iterable[str]) -> list[str]:
    """Events for `erase_again`, of lines of `list_erasures`.

    Raises:
        ListUnreadable: one of them is none.
    """
    return [_event_of(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _event_of(number: int, line: str) -> str:
    try:
        entry_id, journal, *_ = line.split()
        return EntryErased(data=EntryRef(journal=journal, entry_id=UUID(entry_id), revision=1)).model_dump_json()
    except (ValueError, ValidationError) as error:
        raise ListUnreadable(number) from error


async def _has_entry(store: Store, journal: str, entry_id: UUID) -> bool:
    async with store.connection() as connection:
        return bool((await entries.get_revisions(connection, [entry_id])).get((journal, entry_id)))


async def _had_journal(store: Store, journal: str, at: datetime) -> bool:
    async with store.connection() as connection:
        return any(each.created_at < at for each in await journals.list_among(connection, {journal}))
