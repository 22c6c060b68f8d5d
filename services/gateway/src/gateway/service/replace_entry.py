"""Replacing an entry's content by a new revision."""

from uuid import UUID

from contracts.entries import EntryDraft, EntryView
from contracts.events import EntryRef, EntryRevised
from gateway.db import enrichments, entries, outbox, reflections
from gateway.db.entries import Content
from gateway.db.store import Connection, Store
from gateway.domain.entries import KINDS, Entry
from gateway.domain.errors import RevisionMismatch
from gateway.domain.principals import Principal
from gateway.service.care import Care, default_care, mark_text, view_of_mark
from gateway.service.read_entries import missing
from gateway.service.reflect import withhold_begun
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
        await _withhold(connection, care, entry)
        revised = await entries.replace(connection, entry_id, content)
        pending = await enrichments.await_all(connection, [(entry_id, revised.revision)], KINDS)
        event = EntryRevised(data=EntryRef(journal=journal, entry_id=entry_id, revision=revised.revision))
        await outbox.insert(connection, event)
        settings = await settings_for_care(connection, [revised])
    return view_of(revised, pending, care, settings)


async def _withhold(connection: Connection, care: Care, replaced: Entry) -> None:
    """What a model wrote of a revision before it was marked, or is writing, goes with that revision."""
    instead = view_of_mark(care, replaced.care, await settings_for_care(connection, [replaced]))
    if instead is not None:
        await reflections.withhold_of(connection, replaced.id, replaced.revision, instead.text)
        await withhold_begun(connection, replaced, instead.text)
