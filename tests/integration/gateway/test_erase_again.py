"""What was erased after a backup does not come back with it, as long as the events are there."""

from contracts.events import EntryErased, EntryRef, JournalErased, JournalRef
from gateway.service.create_entry import create_entry
from gateway.service.erase_again import ErasedAgain, erase_again
from gateway.service.put_journal import put_journal
from support.gateway_store import draft, pending_events, tables_holding


async def _bodies(*events):
    for event in events:
        yield event.model_dump_json()


async def test_an_entry_that_came_back_is_erased_again(store, owner, database_url):
    back = (await create_entry(store, owner.principal, "anna", draft("Zyxomaquine."))).entry
    kept = (await create_entry(store, owner.principal, "anna", draft("Stays."))).entry
    event = EntryErased(data=EntryRef(journal="anna", entry_id=back.id, revision=1))
    assert await erase_again(store, _bodies(event, event)) == ErasedAgain(1, 0)
    assert await tables_holding(database_url, "Zyxomaquine") == []
    assert await tables_holding(database_url, str(kept.id)) != []
    # The index follows.
    assert [each.data.entry_id for each in await pending_events(store) if each.type == "entry.erased.v1"] == [back.id]


async def test_a_journal_that_came_back_is_erased_again_and_a_newer_one_of_its_name_stays(store, owner):
    await put_journal(store, owner.principal, "ben")
    before_ben = JournalErased(data=JournalRef(journal="carl"))
    await put_journal(store, owner.principal, "carl")
    after_ben = JournalErased(data=JournalRef(journal="ben"))
    assert await erase_again(store, _bodies(before_ben, after_ben)) == ErasedAgain(0, 1)
    async with store.connection() as connection:
        assert [row[0] for row in await connection.fetch("SELECT name FROM journals ORDER BY name")] == ["anna", "carl"]
