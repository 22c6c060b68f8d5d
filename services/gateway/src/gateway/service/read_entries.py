"""Reading entries: one, or a page of a journal."""

from datetime import datetime
from uuid import UUID

from contracts.entries import EntryPage, EntryView
from gateway.db import entries, journals
from gateway.db.entries import Page
from gateway.db.store import Connection, Store
from gateway.domain.errors import EntryNotFound, JournalNotFound
from gateway.domain.principals import Principal
from gateway.service.care import Care, default_care, examined
from gateway.service.cursors import cursor_after, parse_cursor
from gateway.service.views import views_of

PAGE_MAX = 100


async def get_entry(
    store: Store,
    principal: Principal,
    journal: str,
    entry_id: UUID,
    *,
    care: Care | None = None,
    for_model: bool = False,
) -> EntryView:
    """The entry as it is now. `for_model`: examined anew, in case it has no mark yet; nothing is stored.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        EntryNotFound: there is none in this journal.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "read", "enrich")
    async with store.connection() as connection:
        entry = await entries.get(connection, journal, entry_id)
        if entry is None:
            raise await missing(connection, journal, entry_id)
        if for_model:
            entry = await examined(care or default_care(), entry)
        (view,) = await views_of(connection, [entry], care)
    return view


async def list_entries(
    store: Store,
    principal: Principal,
    journal: str,
    *,
    limit: int = 50,
    cursor: str | None = None,
    written_from: datetime | None = None,
    written_to: datetime | None = None,
    tags: tuple[str, ...] = (),
    care: Care | None = None,
) -> EntryPage:
    """Entries, newest first: written at or after `written_from`, before `written_to`, with all `tags`.

    A cursor goes on after the last entry of its page; give the same filters with it. `limit` is cut to 1..PAGE_MAX.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        CursorInvalid: not a cursor of ours.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "read")
    after = None if cursor is None else parse_cursor(cursor)
    shown = max(1, min(limit, PAGE_MAX))
    page = Page(limit=shown + 1, written_from=written_from, written_to=written_to, tags=tags, after=after)
    async with store.connection() as connection:
        found = await entries.list_page(connection, journal, page)
        if not found and not await journals.exists(connection, journal):
            raise JournalNotFound(journal)
        views = await views_of(connection, found[:shown], care)
    # One more than shown was asked for: whether it came says whether there is a next page.
    return EntryPage(entries=views, next_cursor=cursor_after(found[shown - 1]) if len(found) > shown else None)


async def missing(connection: Connection, journal: str, entry_id: UUID) -> EntryNotFound | JournalNotFound:
    """Which of the two it is that is not there."""
    return EntryNotFound(entry_id) if await journals.exists(connection, journal) else JournalNotFound(journal)
