"""Reports that are made by themselves: once a period, in the journal's time zone, however many ask."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from contracts.journals import JournalSettingsChange
from gateway.service.create_entry import create_entry
from gateway.service.journal_settings import change_settings
from gateway.service.put_journal import put_journal
from gateway.service.read_reports import erase_report, list_reports
from gateway.service.schedule_reports import schedule_reports
from support.gateway_store import draft, holder

#: A Monday, long after the clocks of everybody have shown it.
MONDAY = datetime(2026, 3, 9, 20, tzinfo=UTC)


@pytest.fixture
async def written(store, owner):
    for at in ("2026-02-20T12:00:00Z", "2026-03-04T12:00:00Z"):
        await create_entry(store, owner.principal, "anna", draft(written_at=at))


async def _switch(store, owner, *reports, journal="anna", **settings):
    change = JournalSettingsChange.model_validate({"reports": reports, **settings})
    await change_settings(store, owner.principal, journal, change)


async def _made(store, owner, now=MONDAY):
    return (await schedule_reports(store, owner.principal, now=now)).made


async def _reports(store, owner, journal="anna"):
    found = (await list_reports(store, owner.principal, journal)).reports
    return sorted((report.kind, report.first_day, report.last_day) for report in found if report.scheduled)


async def test_each_period_that_has_ended_is_reported_on_once(store, owner, written):
    await _switch(store, owner, "weekly", "monthly")
    assert await _made(store, owner) == 2
    week, month = (date(2026, 3, 2), date(2026, 3, 8)), (date(2026, 2, 1), date(2026, 2, 28))
    assert await _reports(store, owner) == [("monthly", *month), ("weekly", *week)]
    assert await _made(store, owner) == 0
    assert await _made(store, owner, datetime(2026, 3, 11, tzinfo=UTC)) == 0


async def test_it_is_one_report_however_many_ask_at_the_same_time(store, owner, written):
    await _switch(store, owner, "weekly")
    assert sum(await asyncio.gather(*(_made(store, owner) for _ in range(10)))) == 1
    assert len(await _reports(store, owner)) == 1


async def test_nobody_gets_reports_unasked(store, owner, written):
    assert await _made(store, owner) == 0
    await _switch(store, owner)
    assert await _made(store, owner) == 0


async def test_years_that_are_over_are_not_caught_up_with(store, owner, written):
    await _switch(store, owner, "weekly")
    assert await _made(store, owner, datetime(2026, 3, 16, 20, tzinfo=UTC)) == 0, "nothing was written in that week"
    await create_entry(store, owner.principal, "anna", draft(written_at="2026-03-10T12:00:00Z"))
    assert await _made(store, owner, datetime(2026, 3, 16, 21, tzinfo=UTC)) == 1, "it came late, and in time"
    assert await _made(store, owner) == 0, "a clock that goes back makes no older one"


@pytest.mark.parametrize(
    ("zone", "moment"),
    [
        ("UTC", "2026-03-09T01:00:00+00:00"),
        ("Pacific/Auckland", "2026-03-08T12:00:00+00:00"),
        ("America/Los_Angeles", "2026-03-09T08:00:00+00:00"),
    ],
)
async def test_a_week_ends_where_the_journal_is_kept(store, owner, written, zone, moment):
    """An hour after its midnight. Los Angeles puts its clocks forward in the night before."""
    await _switch(store, owner, "weekly", time_zone=zone)
    due = datetime.fromisoformat(moment)
    assert await _made(store, owner, due - timedelta(seconds=1)) == 0
    assert await _made(store, owner, due) == 1
    assert await _reports(store, owner) == [("weekly", date(2026, 3, 2), date(2026, 3, 8))]


async def test_an_erased_report_is_not_made_again(store, owner, written):
    await _switch(store, owner, "weekly")
    await _made(store, owner)
    (report,) = (await list_reports(store, owner.principal, "anna")).reports
    await erase_report(store, owner.principal, "anna", report.id)
    assert await _made(store, owner) == 0


async def test_a_key_for_one_journal_makes_reports_of_that_one(store, owner, written):
    await put_journal(store, owner.principal, "berta")
    for journal in ("anna", "berta"):
        await _switch(store, owner, "weekly", journal=journal)
    await create_entry(store, owner.principal, "berta", draft(written_at="2026-03-04T12:00:00Z"))
    assert await _made(store, await holder(store, "enrich", journals=("berta",))) == 1
    assert await _reports(store, owner) == []
    assert len(await _reports(store, owner, "berta")) == 1
