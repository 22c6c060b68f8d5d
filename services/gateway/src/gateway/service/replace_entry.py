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
from gateway.service.care import Care, default_care, mark_text
from gateway.service.read_entries import missing
from gateway.service.views import settings_for_care, view_of


async def replace_entry(
    store: Store,
    principal: Principal,
    journal: str,
    entry_id: UUID,
    draft: EntryDraft,
    *,
    expected_revision: int,
    care: Care | None = None,
) -> EntryView:
    """The entry at its next revision, its enrichments pending again. Without `written_at` it keeps the one it has.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        EntryNotFound: there is none in this journal.
        RevisionMismatch: it is not at `expected_revision` any more.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "write")
    care = care or default_care()
    mark = await mark_text(care, draft.body, draft.tags, draft.mood)
    async with store.transaction() as connection:
        entry = await entries.lock(connection, journal, entry_id)
        if entry is None:
            raise await missing(connection, journal, entry_id)
        if entry.revision != expected_revision:
            raise RevisionMismatch(entry_id, expected=expected_revision, actual=entry.revision)
        written_at = draft.written_at or entry.written_at
        content = Content(draft.body, written_at, draft.tags, draft.metadata, draft.mood, mark)
        revised = await entries.replace(connection, entry_id, content)
        pending = await enrichments.await_all(connection, [(entry_id, revised.revision)], KINDS)
        event = EntryRevised(data=EntryRef(journal=journal, entry_id=entry_id, revision=revised.revision))
        await outbox.insert(connection, event)
        settings = await settings_for_care(connection, [revised])
    return view_of(revised, pending, care, settings)
