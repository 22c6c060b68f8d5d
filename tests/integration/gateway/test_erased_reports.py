"""Reports whose entries are erased are made again; erased themselves, they leave nothing."""

import asyncio

import pytest

from gateway.domain.errors import JournalNotFound, ReportNotFound
from gateway.service.erase import erase_entry, erase_journal
from gateway.service.read_reports import erase_report
from support.eventually import eventually
from support.gateway_store import tables_holding
from support.report_desk import WORDS, result


async def test_when_an_entry_is_erased_its_reports_start_over(desk, store, owner, database_url):
    entry, other = await desk.write(), await desk.write("Sun.")
    done, apart = await desk.request(), await desk.request(**{"from": "2026-01-01", "to": "2026-01-31"})
    assert await desk.make(done, entry) == "recorded"
    assert await desk.make(apart, entry) == "recorded"
    running = await desk.request(kind="monthly", **{"from": "2026-03-04"})
    await desk.begin(running)
    await desk.page(running)
    await desk.save(running, draft={"notes": [WORDS]})
    await erase_entry(store, owner.principal, "anna", entry.id)
    for report in (done, running):
        again = await desk.get(report)
        assert (again.state, again.edition, again.result, again.progress) == ("pending", 2, None, None)
    assert (await desk.get(apart)).state == "done", "it was not made of that entry"
    assert await desk.save(running) == "settled", "its worker hears of it"
    assert (await desk.page(running)).outcome == "settled"
    assert await desk.record(running, result=result(entry.id)) == "settled"
    await erase_report(store, owner.principal, "anna", apart.id)
    assert await tables_holding(database_url, WORDS) == []
    assert [edition for kind, edition in await desk.told() if kind == "insights.requested"] == [1, 1, 1, 2, 2]
    assert (await desk.begin(done, 2)).work.draft is None
    assert [one.mood.entry_id for one in (await desk.page(done, 2)).entries] == [other.id]


async def test_an_entry_that_is_erased_while_it_is_handed_out_leaves_nothing(desk, store, owner):
    report = await desk.request()
    for _ in range(5):
        entry = await desk.write()
        edition = (await desk.get(report)).edition
        await desk.begin(report, edition)
        page, _ = await asyncio.gather(
            desk.page(report, edition), erase_entry(store, owner.principal, "anna", entry.id)
        )
        was_given = entry.id in {one.mood.entry_id for one in page.entries}
        assert (await desk.get(report)).edition == edition + was_given


async def test_erasures_lock_the_reports_they_share_in_one_order(desk, store, owner):
    """Else each of two could hold the report that the other waits for."""
    entry = await desk.write()
    first, second = await desk.request(), await desk.request(kind="monthly", **{"from": "2026-03-04"})
    for report in (second, first):  # so that the table has them the other way round
        await desk.make(report, entry)
    lock = "SELECT id FROM reports WHERE id = $1 FOR UPDATE NOWAIT"
    async with asyncio.TaskGroup() as group, store.transaction() as holding:
        await holding.execute(lock, first.id)
        group.create_task(erase_entry(store, owner.principal, "anna", entry.id))
        await eventually(lambda: _somebody_waits(store))
        async with store.transaction() as other:
            assert await other.fetchval(lock, second.id) == second.id


async def _somebody_waits(store):
    waiting = "datname = current_database() AND wait_event_type = 'Lock'"
    async with store.connection() as connection:
        return await connection.fetchval(f"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE {waiting})")


async def test_a_report_goes_when_it_is_erased_and_with_its_journal(desk, store, owner, database_url):
    entry = await desk.write()
    first, second = await desk.request(), await desk.request(kind="monthly", **{"from": "2026-03-04"})
    for report in (first, second):
        await desk.make(report, entry)
    await erase_report(store, owner.principal, "anna", first.id)
    with pytest.raises(ReportNotFound):
        await desk.get(first)
    assert (await desk.begin(first)).outcome == "gone"
    assert await desk.record(first, reason="internal_error") == "gone"
    await erase_journal(store, owner.principal, "anna")
    assert await tables_holding(database_url, WORDS) == []
    with pytest.raises(JournalNotFound):
        await desk.get(second)
