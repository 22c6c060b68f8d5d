"""Reports that are made by themselves, once for every week or month that has ended in its journal's time zone."""

from datetime import UTC, datetime, timedelta

from contracts.report_work import ScheduleReply
from gateway.db import report_schedules, reports
from gateway.db.report_schedules import ScheduledJournal
from gateway.db.reports import Days
from gateway.db.store import Connection, Store
from gateway.domain.periods import last_ended
from gateway.domain.principals import Principal
from gateway.domain.reports import midnight
from gateway.service.request_report import make_report

#: Entries of the last evening arrive late, from phones without a network, and moods take a while.
GRACE = timedelta(hours=1)


async def schedule_reports(
    store: Store, principal: Principal, *, now: datetime | None = None, grace: timedelta = GRACE
) -> ScheduleReply:
    """Make the reports that are due, each once, whoever asks and however many do so at a time.

    Due is the newest period that has ended, and no older one: a journal that is switched on gets one report, not
    years of them. A period in which nothing was written has none; if entries of it come later, while it is still the
    newest, it has.

    Raises:
        ScopeMissing: see `Principal.require_scope`.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require_scope("enrich")
    async with store.transaction() as connection:
        wanted = await report_schedules.list_among(connection, principal.journals)
        made = [await _made(connection, journal, now or datetime.now(UTC), grace) for journal in wanted]
    return ScheduleReply(made=sum(made))


async def _made(connection: Connection, journal: ScheduledJournal, now: datetime, grace: timedelta) -> int:
    made = 0
    zone = journal.settings.time_zone
    for kind in journal.settings.reports:
        first_day, last_day = last_ended(kind, now, zone, grace=grace)
        begins, ends = midnight(first_day, zone), midnight(last_day + timedelta(days=1), zone)
        if not await reports.any_written(connection, journal.name, begins, ends):
            continue
        if await report_schedules.claim(connection, journal.name, kind, first_day):
            await make_report(connection, Days(journal.name, kind, first_day, last_day, zone), scheduled=True)
            made += 1
    return made
