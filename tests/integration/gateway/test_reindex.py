"""Every entry ordered again: once a run, no faster than workers are, and taken up where a run was cut off."""

import asyncio

import pytest

from gateway.service.create_entry import create_entry
from gateway.service.enrich import record_enrichment
from gateway.service.put_journal import put_journal
from gateway.service.reindex import Reindexing, clock, reindex, until_made
from support.gateway_store import draft, pending_events, report


@pytest.fixture
async def embedded(store, owner):
    """Five entries in two journals, all embedded; their ids."""
    await put_journal(store, owner.principal, "ben")
    ids = []
    for journal in ("anna", "ben", "anna", "ben", "anna"):
        entry = (await create_entry(store, owner.principal, journal, draft())).entry
        await record_enrichment(store, owner.principal, report(journal, entry.id))
        ids.append((journal, entry.id))
    return ids


async def _orders(store):
    events = [event for event in await pending_events(store) if event.type == "enrichment.requested.v1"]
    return [(event.data.journal, event.data.entry_id, event.data.kinds) for event in events]


async def _wanted(store, *, in_work_max=100, journals=None, since=None):
    return Reindexing(
        journals=journals,
        kinds=["embedding"],
        since=since or await clock(store),
        in_work_max=in_work_max,
        poll_s=0.05,
    )


async def test_every_entry_of_every_journal_is_ordered_once_and_its_mood_left_alone(store, embedded):
    counts = [count async for count in reindex(store, await _wanted(store))]
    assert counts[-1] == 5
    assert sorted(await _orders(store)) == sorted((journal, entry_id, ("embedding",)) for journal, entry_id in embedded)


async def test_some_journals_alone_can_be_ordered(store, embedded):
    async for _ in reindex(store, await _wanted(store, journals=["ben"])):
        pass
    assert {journal for journal, _id, _kinds in await _orders(store)} == {"ben"}


async def test_a_run_goes_on_where_another_was_cut_off(store, embedded):
    since = await clock(store)
    async for ordered in reindex(store, await _wanted(store, in_work_max=2, since=since)):
        if ordered == 2:
            break
    async for _ in reindex(store, await _wanted(store, since=since)):
        pass
    assert len(await _orders(store)) == 5
    async for _ in reindex(store, await _wanted(store, since=since)):
        pass
    assert len(await _orders(store)) == 5


async def test_no_more_are_ordered_than_workers_get_to(store, owner, embedded):
    seen = []

    async def run():
        async for ordered in reindex(store, await _wanted(store, in_work_max=2)):
            seen.append(ordered)  # noqa: PERF401 - the order of events matters

    running = asyncio.create_task(run())
    for journal, entry_id in embedded:
        while entry_id not in [each for _journal, each, _kinds in await _orders(store)]:
            await asyncio.sleep(0.01)
        made = [await _is_made(store, owner, *each) for each in embedded]
        assert made.count(False) <= 2
        await record_enrichment(store, owner.principal, report(journal, entry_id))
    await running
    assert seen[-1] == 5
    assert [pending async for pending in until_made(store, ["embedding"], poll_s=0.01)] == []


async def _is_made(store, owner, journal, entry_id):
    async with store.connection() as connection:
        state = await connection.fetchval(
            "SELECT state FROM enrichments WHERE entry_id = $1 AND kind = 'embedding'", entry_id
        )
    return state == "done"
