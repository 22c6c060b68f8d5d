"""Replacing an entry's content by a new revision."""

from uuid import UUID

from contracts.entries import EntryDraft, EntryView
from contracts.events import EntryRef, EntryRevised
from gateway.db import enrichments, entries, outbox
from gateway.db.entries import Content
from gateway.db.store import Store
from gateway.domain.entries import KINDS
from gateway.domain.errors import RevisionMismatch
from gateway.domain.principals import Principal
from gateway.service.read_entries import missing
from gateway.service.views import view_of


async def replace_entry(
    store: Store, principal: Principal, journal: str, entry_id: UUID, draft: EntryDraft, *, expected_revision: int
) -> EntryView:
    """The entry at its next revision, its enrichments pending again. Without `written_at` it keeps the one it has.

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
        if entry.revision != expected_revision:
            raise RevisionMismatch(entry_id, expected=expected_revision, actual=entry.revision)
        content = Content(draft.body, draft.written_at or entry.written_at, draft.tags, draft.metadata, draft.mood)
        revised = await entries.replace(connection, entry_id, content)
        pending = await enrichments.await_all(connection, [(entry_id, revised.revision)], KINDS)
        event = EntryRevised(data=EntryRef(journal=journal, entry_id=entry_id, revision=revised.revision))
        await outbox.insert(connection, event)
    return view_of(revised, pending)
