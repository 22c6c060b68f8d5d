"""Reports: asking for one, and having it made again."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from contracts.events import InsightsRequested, ReportOrder
from contracts.identifiers import new_id
from contracts.reports import InsightsOrder, ReportView
from gateway.db import journals, outbox, reports
from gateway.db.reports import Days
from gateway.db.store import Connection, Store
from gateway.domain.errors import JournalNotFound
from gateway.domain.periods import days_of
from gateway.domain.principals import Principal
from gateway.domain.reports import Report
from gateway.service.care import Care
from gateway.service.read_reports import report_view


async def request_report(
    store: Store, principal: Principal, journal: str, order: InsightsOrder, *, care: Care | None = None
) -> ReportView:
    """A new report, pending; or the one of the same days that is being made already.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        RequestInvalid: the days make no period; see `days_of`.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "write")
    async with store.transaction() as connection:
        # Who asks for the same meanwhile waits here.
        settings = await journals.lock_settings(connection, journal)
        if settings is None:
            raise JournalNotFound(journal)
        today = datetime.now(UTC).astimezone(ZoneInfo(settings.time_zone)).date()
        first_day, last_day = days_of(order, today)
        days = Days(journal, order.kind, first_day, last_day, settings.time_zone)
        unsettled = await reports.get_unsettled(connection, days)
        if unsettled is None:
            report = await make_report(connection, days, scheduled=False)
        else:
            report = await _hasten(connection, unsettled)
    return report_view(report, settings, care)


async def make_report(connection: Connection, days: Days, *, scheduled: bool) -> Report:
    """In the caller's transaction."""
    report = await reports.insert(connection, new_id(), days, scheduled=scheduled)
    await outbox.insert(connection, order_of(report))
    return report


async def renew_reports(connection: Connection, renewed: Sequence[Report]) -> None:
    """Have editions made that were begun in the caller's transaction."""
    if renewed:
        await outbox.insert(connection, *(order_of(report) for report in renewed))


async def _hasten(connection: Connection, report: Report) -> Report:
    """Ordered once more, ahead of what nobody waits for. Each of the two tasks goes on where the other has saved."""
    hastened = await reports.hasten(connection, report.id)
    if hastened is not None:
        await outbox.insert(connection, order_of(hastened))
    return hastened or report


def order_of(report: Report) -> InsightsRequested:
    return InsightsRequested(
        data=ReportOrder(
            journal=report.journal,
            report_id=report.id,
            edition=report.edition,
            interactive=report.interactive,
        )
    )
