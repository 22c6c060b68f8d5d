"""Erasing: what is left of an entry is its id, in `erasures` and in one event."""

from uuid import UUID

from contracts.events import EntryErased, EntryRef, JournalErased, JournalRef
from gateway.db import entries, erasures, journals, outbox, reports
from gateway.db.store import Store
from gateway.domain.errors import JournalNotFound, RevisionMismatch
from gateway.domain.principals import Principal
from gateway.service.read_entries import missing
from gateway.service.request_report import renew_reports

_BATCH = 500
_BEFORE_ALL = UUID(int=0)


async def erase_entry(
    store: Store, principal: Principal, journal: str, entry_id: UUID, *, expected_revision: int | None = None
) -> None:
    """Erase the entry with its enrichments, its idempotency records, and its events that nobody has been told yet.

    The event `entry.erased` makes the index follow. Every report that was made of the entry starts over without it.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        EntryNotFound: there is none in this journal.
        RevisionMismatch: it is not at `expected_revision` any more.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "write")
    async with store.transaction() as connection:
        entry = await entries.lock(connection, journal, entry_id)
        if entry is None:
            raise await missing(connection, journal, entry_id)
        if expected_revision not in {None, entry.revision}:
            raise RevisionMismatch(entry_id, expected=expected_revision or 0, actual=entry.revision)
        await entries.delete(connection, [entry_id])
        await outbox.delete_of_entries(connection, [entry_id])
        await renew_reports(connection, await reports.renew_made_of(connection, [entry_id]))
        await erasures.insert(connection, journal, [(entry_id, entry.revision)])
        event = EntryErased(data=EntryRef(journal=journal, entry_id=entry_id, revision=entry.revision))
        await outbox.insert(connection, event)


async def erase_journal(store: Store, principal: Principal, journal: str) -> None:
    """Erase the journal and every entry in it, all or nothing. The event `journal.erased` makes the index follow.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "admin")
    async with store.transaction() as connection:
        if not await journals.lock(connection, journal):
            raise JournalNotFound(journal)
        after = _BEFORE_ALL
        while erased := await entries.list_revisions(connection, journal, after=after, limit=_BATCH):
            entry_ids = [entry_id for entry_id, _ in erased]
            await entries.delete(connection, entry_ids)
            await outbox.delete_of_entries(connection, entry_ids)
            await erasures.insert(connection, journal, erased)
            # What is deleted is passed over one by one until the commit: not in each round again.
            after = entry_ids[-1]
        await journals.delete(connection, journal)
        await outbox.insert(connection, JournalErased(data=JournalRef(journal=journal)))
