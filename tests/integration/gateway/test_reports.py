"""Reports: asked for, worked on in editions, kept."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from care import HelpTexts
from contracts.journals import JournalSettingsChange
from gateway.domain.errors import JournalNotFound, ReportNotFound, RequestInvalid, ScopeMissing
from gateway.service.erase import erase_entry
from gateway.service.journal_settings import change_settings
from gateway.service.read_reports import erase_report, get_report, list_reports
from gateway.service.reconcile import reconcile
from gateway.service.schedule_reports import schedule_reports
from support.gateway_store import holder
from support.report_desk import Desk, result

DARK = "I don't want to wake up tomorrow."


async def test_a_report_is_asked_for_made_and_told(desk):
    entry = await desk.write()
    report = await desk.request()
    assert (report.state, report.edition, report.scheduled) == ("pending", 1, False)
    begun = await desk.begin(report)
    assert (begun.outcome, begun.work.first_day, begun.work.time_zone) == ("begin", date(2026, 3, 2), "UTC")
    assert (begun.work.written_from, begun.work.written_to) == (
        datetime(2026, 3, 2, tzinfo=UTC),
        datetime(2026, 3, 9, tzinfo=UTC),
    )
    assert await desk.save(report, draft={"notes": ["Nora"]}) == "saved"
    seen = await desk.get(report)
    assert (seen.state, seen.progress.step, seen.result) == ("running", "reading", None)
    assert (await desk.begin(report)).work.draft == {"notes": ["Nora"]}, "another worker goes on where one died"
    assert await desk.record(report, result=result(entry.id)) == "recorded"
    done = await desk.get(report)
    assert (done.state, done.progress) == ("done", None)
    assert done.result.summary[0].entry_ids == (entry.id,)
    assert await desk.told() == [("insights.requested", 1), ("insights.completed", 1)]


async def test_who_asks_for_days_that_are_being_reported_on_gets_that_report(desk):
    asked = await asyncio.gather(*(desk.request() for _ in range(5)))
    assert len({report.id for report in asked}) == 1
    assert await desk.told() == [("insights.requested", 1)]
    assert (await desk.request(**{"from": "2026-03-02", "to": "2026-03-07"})).id != asked[0].id
    await desk.begin(asked[0])
    await desk.record(asked[0], reason="model_missing")
    assert (await desk.request()).id != asked[0].id, "what failed is asked for anew"


async def test_who_asks_by_hand_overtakes_those_that_nobody_waits_for(desk, store, owner):
    entry = await desk.write()
    change = JournalSettingsChange(reports=("weekly",))
    await change_settings(store, owner.principal, "anna", change)
    await schedule_reports(store, owner.principal, now=datetime(2026, 3, 9, 12, tzinfo=UTC))
    week = {"kind": "weekly", "from": "2026-03-02"}
    (asked, again) = [await desk.request(**week) for _ in range(2)]
    assert (asked.id, asked.edition, asked.scheduled) == (again.id, 1, True)
    assert await desk.waited_for() == [False, True], "once more, and not with every click"
    await reconcile(store, overdue_s=0.0, idempotency_keep_s=3600)
    assert (await desk.waited_for())[-1], "it keeps its place when it is ordered again"
    assert await desk.make(asked, entry) == "recorded"
    assert (await desk.begin(asked)).outcome == "settled", "the task that was overtaken has nothing to do"
    await erase_entry(store, owner.principal, "anna", entry.id)
    assert not (await desk.waited_for())[-1], "nobody waits for the next edition"
    await desk.request(**week)
    assert (await desk.waited_for())[-1], "until somebody asks"


async def test_who_asks_for_one_that_a_worker_has_in_hand_orders_it_no_second_time(desk, store, owner):
    await desk.write()
    change = JournalSettingsChange(reports=("weekly",))
    await change_settings(store, owner.principal, "anna", change)
    await schedule_reports(store, owner.principal, now=datetime(2026, 3, 9, 12, tzinfo=UTC))
    week = {"kind": "weekly", "from": "2026-03-02"}
    async with store.connection() as connection:
        (report_id,) = [row["id"] for row in await connection.fetch("SELECT id FROM reports")]
        report = await get_report(store, owner.principal, "anna", report_id)
        await desk.begin(report)
        assert (await desk.request(**week)).id == report.id
        assert await desk.waited_for() == [False]
        await connection.execute("UPDATE reports SET updated_at = now() - interval '10 minutes'")
    await desk.request(**week)
    assert await desk.waited_for() == [False, True], "its next turn waits behind others"


async def test_a_failure_is_shown_with_its_reason(desk):
    report = await desk.request()
    await desk.begin(report)
    assert await desk.record(report, reason="model_missing") == "recorded"
    assert (await desk.get(report)).reason == "model_missing"
    assert await desk.told() == [("insights.requested", 1), ("insights.failed", 1)]
    assert await desk.record(report, reason="internal_error") == "settled"
    assert (await desk.begin(report)).outcome == "settled"


@pytest.mark.parametrize(
    ("asked", "first_day", "last_day"),
    [
        ({"kind": "weekly", "from": "2026-03-04"}, date(2026, 3, 2), date(2026, 3, 8)),
        ({"kind": "weekly", "from": "2026-03-04", "to": "2026-03-05"}, date(2026, 3, 2), date(2026, 3, 8)),
        ({"kind": "monthly", "from": "2024-02-29"}, date(2024, 2, 1), date(2024, 2, 29)),
        ({"from": "2026-03-04", "to": "2026-03-04"}, date(2026, 3, 4), date(2026, 3, 4)),
    ],
)
async def test_weeks_and_months_are_whole(desk, asked, first_day, last_day):
    report = await desk.request(**asked)
    assert (report.first_day, report.last_day) == (first_day, last_day)


async def test_without_a_day_it_is_the_week_that_has_ended_last(desk):
    report = await desk.request(kind="weekly")
    today = datetime.now(UTC).date()
    assert report.first_day.weekday() == 0
    assert timedelta(days=1) <= today - report.last_day <= timedelta(days=7)


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"kind": "period"}, "/from"),
        ({"from": "2026-03-04"}, "/to"),
        ({"from": "2026-03-04", "to": "2026-03-03"}, "/to"),
        ({"from": "2000-01-01", "to": "2026-03-03"}, "/to"),
        ({"kind": "weekly", "from": "2026-03-04", "to": "2026-03-09"}, "/to"),
    ],
)
async def test_days_that_make_no_period_are_refused(desk, asked, pointer):
    with pytest.raises(RequestInvalid) as refused:
        await desk.request(**asked)
    assert [fault.pointer for fault in refused.value.errors] == [pointer]


async def test_days_are_those_of_the_journals_time_zone(desk, store, owner):
    await change_settings(store, owner.principal, "anna", JournalSettingsChange(time_zone="Pacific/Auckland"))
    inside = await desk.write("Inside.", "2026-03-01T12:00:00Z")
    await desk.write("Before.", "2026-03-01T10:59:59Z")
    last = await desk.write("Last.", "2026-03-08T10:59:59Z")
    await desk.write("After.", "2026-03-08T11:00:00Z")
    report = await desk.request()
    await desk.begin(report)
    page = await desk.page(report)
    assert [entry.mood.entry_id for entry in page.entries] == [inside.id, last.id]


async def test_entries_come_in_pages_that_fit_into_one_message(desk):
    written = [await desk.write("\x01" * 200_000, f"2026-03-04T12:00:{second:02}Z") for second in range(12)]
    written += [await desk.write("Short.", f"2026-03-05T12:00:{second:02}Z") for second in range(3)]
    report = await desk.request()
    await desk.begin(report)
    found, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = await desk.page(report, cursor=cursor)
        assert len(page.model_dump_json().encode()) < 1024 * 1024
        found += page.entries
        cursor, pages = page.next_cursor, pages + 1
    assert [entry.mood.entry_id for entry in found] == [entry.id for entry in written]
    assert pages == 2
    assert "[...]" in found[0].text
    assert found[-1].text == "Short."
    bare = await desk.page(report, texts=False)
    assert [entry.text for entry in bare.entries] == [None] * 15


async def test_no_model_reads_what_speaks_of_suicide_and_the_report_shows_the_text(desk):
    entry = await desk.write()
    dark = await desk.write(DARK)
    report = await desk.request()
    await desk.begin(report)
    page = await desk.page(report)
    assert {one.mood.entry_id: one.text for one in page.entries} == {entry.id: entry.body, dark.id: None}
    await desk.record(report, result=result(entry.id))
    shown = await desk.get(report)
    assert (shown.care.kind, shown.care.text) == ("suicide", HelpTexts.load().find("en").text)


async def test_the_text_that_a_report_shows_is_that_of_the_journals_locale(desk, store, owner):
    await change_settings(store, owner.principal, "anna", JournalSettingsChange.model_validate({"locale": "de-AT"}))
    await desk.write(DARK)
    report = await desk.request()
    await desk.begin(report)
    await desk.page(report)
    for shown in (await desk.request(), await desk.get(report)):
        assert (shown.care.locale, shown.care.text) == ("de-AT", HelpTexts.load().find("de-AT").text)


async def test_lists_have_no_results_and_go_on_where_they_ended(desk, store, owner):
    asked = [await desk.request(kind="monthly", **{"from": f"2026-0{month}-01"}) for month in range(1, 6)]
    found, cursor = [], None
    for _ in range(3):
        page = await list_reports(store, owner.principal, "anna", limit=2, cursor=cursor)
        found += page.reports
        cursor = page.next_cursor
    assert ([report.id for report in found], cursor) == ([report.id for report in reversed(asked)], None)
    assert not hasattr(found[0], "result")
    with pytest.raises(JournalNotFound):
        await list_reports(store, owner.principal, "berta")


async def test_what_nobody_tells_anything_about_is_asked_for_again(desk, store):
    report = await desk.request()
    assert await reconcile(store, overdue_s=0.0, idempotency_keep_s=3600) == 1
    await desk.begin(report)
    assert await reconcile(store, overdue_s=0.0, idempotency_keep_s=3600) == 1, "its worker may have died"
    await desk.save(report)
    assert await reconcile(store, overdue_s=600.0, idempotency_keep_s=3600) == 0
    assert await desk.told() == [("insights.requested", 1)] * 3


async def test_each_deed_needs_its_scope(desk, store, owner):
    report = await desk.request()
    reader, worker = Desk(store, await holder(store, "read")), Desk(store, await holder(store, "enrich"))
    for deed in (
        reader.request(),
        reader.begin(report),
        reader.page(report),
        reader.save(report),
        reader.record(report, reason="internal_error"),
        worker.get(report),
        worker.request(),
        erase_report(store, reader.principal, "anna", report.id),
        schedule_reports(store, reader.principal),
    ):
        with pytest.raises(ScopeMissing):
            await deed
    with pytest.raises(ReportNotFound):
        await get_report(store, owner.principal, "anna", uuid4())
