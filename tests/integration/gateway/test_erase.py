"""After an erasure nothing of an entry is left but its id."""

import pytest

from contracts.api import RecordEnrichment
from contracts.enrichments import MoodResult, Provenance
from gateway.domain.errors import EntryNotFound, JournalNotFound, RevisionMismatch, ScopeMissing
from gateway.service.create_entry import create_entry
from gateway.service.enrich import record_enrichment
from gateway.service.erase import erase_entry, erase_journal
from gateway.service.put_journal import put_journal
from gateway.service.read_entries import get_entry, list_entries
from gateway.service.replace_entry import replace_entry
from support.gateway_store import draft, holder, pending_events, tables_holding

SECRET = "xylophone-übung"


async def _entry_with_everything(store, owner):
    first = draft(f"Der {SECRET}.", tags=[f"tag {SECRET}"], metadata={"k": SECRET})
    created = await create_entry(store, owner.principal, "anna", first, idempotency_key=f"key-{len(SECRET)}")
    entry_id = created.entry.id
    await replace_entry(store, owner.principal, "anna", entry_id, first, expected_revision=1)
    mood = MoodResult(
        method="llm",
        label="calm",
        valence=0.1,
        arousal=0.1,
        confidence=0.9,
        rationale=f"Because of the {SECRET}.",
        provenance=Provenance(model="m"),
    )
    record = RecordEnrichment(journal="anna", entry_id=entry_id, revision=2, kind="mood", result=mood)
    await record_enrichment(store, owner.principal, record)
    return entry_id


async def test_an_erased_entry_leaves_none_of_its_words_in_any_table(store, owner, database_url):
    entry_id = await _entry_with_everything(store, owner)
    assert await tables_holding(database_url, SECRET) == ["entries", "enrichments"]
    await erase_entry(store, owner.principal, "anna", entry_id)
    assert await tables_holding(database_url, SECRET) == []


async def test_an_erased_entry_leaves_its_id_in_one_event_and_the_record_of_erasures(store, owner, database_url):
    entry_id = await _entry_with_everything(store, owner)
    await erase_entry(store, owner.principal, "anna", entry_id)
    assert await tables_holding(database_url, str(entry_id)) == ["outbox", "erasures"]
    (event,) = await pending_events(store)
    assert (event.type, event.data.entry_id, event.data.revision) == ("entry.erased.v1", entry_id, 2)
    with pytest.raises(EntryNotFound):
        await get_entry(store, owner.principal, "anna", entry_id)
    with pytest.raises(EntryNotFound):
        await erase_entry(store, owner.principal, "anna", entry_id)


async def _fill(store, journal, count):
    """Entries of the secret, as many as no page of them holds."""
    async with store.connection() as connection:
        await connection.execute(
            "INSERT INTO entries (id, journal, revision, body, written_at, written_at_offset_s, tags, metadata)"
            " SELECT gen_random_uuid(), $1, 1, $2, now(), 0, '{}', '{}' FROM generate_series(1, $3)",
            journal,
            SECRET,
            count,
        )


async def test_an_entry_that_has_moved_on_is_not_erased_by_accident(store, owner):
    entry_id = await _entry_with_everything(store, owner)
    with pytest.raises(RevisionMismatch):
        await erase_entry(store, owner.principal, "anna", entry_id, expected_revision=1)
    await erase_entry(store, owner.principal, "anna", entry_id, expected_revision=2)


async def test_an_erased_journal_takes_its_entries_and_no_others(store, owner, database_url):
    await put_journal(store, owner.principal, "ben")
    kept = await create_entry(store, owner.principal, "ben", draft("Kept."))
    for n in range(3):
        await create_entry(store, owner.principal, "anna", draft(f"{SECRET} {n}"), idempotency_key=str(n))
    await _fill(store, "anna", 1200)
    await erase_journal(store, owner.principal, "anna")
    assert await tables_holding(database_url, SECRET) == []
    assert [event.type for event in await pending_events(store)] == ["entry.created.v1", "journal.erased.v1"]
    assert [entry.id for entry in (await list_entries(store, owner.principal, "ben")).entries] == [kept.entry.id]
    async with store.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM erasures WHERE journal = 'anna'") == 1203
    with pytest.raises(JournalNotFound):
        await list_entries(store, owner.principal, "anna")
    with pytest.raises(JournalNotFound):
        await erase_journal(store, owner.principal, "anna")


async def test_only_admins_erase_journals(store, owner):
    writer = await holder(store, "read", "write")
    with pytest.raises(ScopeMissing):
        await erase_journal(store, writer.principal, "anna")
