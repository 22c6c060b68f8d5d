"""What was erased after a backup does not come back with it, as long as the events or a list of erasures are there."""

import pytest

from contracts.events import EntryErased, EntryRef, JournalErased, JournalRef
from gateway.service.create_entry import create_entry
from gateway.service.erase import erase_entry
from gateway.service.erase_again import ErasedAgain, ListUnreadable, erase_again, erasures_in, list_erasures
from gateway.service.put_journal import put_journal
from support.gateway_store import draft, pending_events, tables_holding


async def _bodies(*events):
    async for body in _each([event.model_dump_json() for event in events]):
        yield body


async def _each(bodies):
    for body in bodies:
        yield body


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


async def test_a_list_of_erasures_does_as_well_as_the_events(store, owner, database_url):
    back = (await create_entry(store, owner.principal, "anna", draft("Zyxomaquine."))).entry
    kept = (await create_entry(store, owner.principal, "anna", draft("Stays."))).entry
    lines = [f"{back.id}\tanna\t2026-11-29T06:00:00Z", "", f"{back.id}\tben\t2026-11-29T06:00:00Z"]
    assert await erase_again(store, _each(erasures_in(lines))) == ErasedAgain(1, 0)
    assert await tables_holding(database_url, "Zyxomaquine") == []
    assert await tables_holding(database_url, str(kept.id)) != []


async def test_the_list_names_everything_erased_and_no_word_of_it(store, owner):
    erased = [(await create_entry(store, owner.principal, "anna", draft("Zyxomaquine."))).entry for _ in range(2)]
    for entry in erased:
        await erase_entry(store, owner.principal, "anna", entry.id)
    lines = [line async for line in list_erasures(store)]
    assert [line.split("\t")[:2] for line in lines] == [[str(entry.id), "anna"] for entry in erased]
    assert await erase_again(store, _each(erasures_in(lines))) == ErasedAgain(0, 0)


@pytest.mark.parametrize("line", ["rain all day", "0197f2f0-0000-7000-8000-000000000000", "x\tanna", "\t"])
def test_a_line_that_is_no_erasure_is_told_by_its_number(line):
    good = "0197f2f0-0000-7000-8000-000000000000\tanna\t2026-11-29T06:00:00Z"
    with pytest.raises(ListUnreadable, match="line 2 "):
        erasures_in([good, f"{line}x"])
