"""Reading and erasing reports."""

from uuid import UUID

from contracts.journals import JournalSettings
from contracts.reports import ReportList, ReportSummary, ReportView
from gateway.db import journals, reports
from gateway.db.store import Connection, Store
from gateway.domain.errors import JournalNotFound, ReportNotFound
from gateway.domain.principals import Principal
from gateway.domain.reports import Report
from gateway.service.care import Care, default_care, view_of_mark
from gateway.service.cursors import cursor_at, parse_cursor

PAGE_MAX = 100


async def get_report(
    store: Store, principal: Principal, journal: str, report_id: UUID, *, care: Care | None = None
) -> ReportView:
    """The report as it is now.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        ReportNotFound: there is none in this journal.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "read")
    async with store.connection() as connection:
        report = await reports.get(connection, journal, report_id)
        if report is None:
            raise await _missing(connection, journal, report_id)
        settings = await journals.get_settings(connection, journal)
    return report_view(report, settings, care)


async def glance_at_report(store: Store, principal: Principal, journal: str, report_id: UUID) -> ReportSummary:
    """How far the report is. Raises as `get_report`."""
    principal.require(journal, "read")
    async with store.connection() as connection:
        report = await reports.glance_at(connection, journal, report_id)
        if report is None:
            raise await _missing(connection, journal, report_id)
    return ReportSummary.model_validate(_fields(report))


async def list_reports(
    store: Store, principal: Principal, journal: str, *, limit: int = 50, cursor: str | None = None
) -> ReportList:
    """Those asked for last come first, without their results. `limit` is cut to 1..PAGE_MAX.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        CursorInvalid: not a cursor of ours.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "read")
    after = None if cursor is None else parse_cursor(cursor)
    shown = max(1, min(limit, PAGE_MAX))
    async with store.connection() as connection:
        found = await reports.list_page(connection, journal, after=after, limit=shown + 1)
        if not found and not await journals.exists(connection, journal):
            raise JournalNotFound(journal)
    # One more than shown was asked for: whether it came says whether there is a next page.
    last = found[shown - 1] if len(found) > shown else None
    return ReportList(
        reports=tuple(ReportSummary.model_validate(_fields(report)) for report in found[:shown]),
        next_cursor=None if last is None else cursor_at(last.requested_at, last.id),
    )


async def erase_report(store: Store, principal: Principal, journal: str, report_id: UUID) -> None:
    """Erase a report, also one that is being made. One that was made by itself is not made again.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        ReportNotFound: there is none in this journal.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "write")
    async with store.transaction() as connection:
        if not await reports.delete(connection, journal, report_id):
            raise await _missing(connection, journal, report_id)


def report_view(report: Report, settings: JournalSettings | None, care: Care | None = None) -> ReportView:
    """`settings` of its journal say whose text a marked one is shown with."""
    shown = view_of_mark(care or default_care(), report.care, settings)
    return ReportView.model_validate({**_fields(report), "result": report.result, "care": shown})


def _fields(report: Report) -> dict[str, object]:
    return {name: getattr(report, name) for name in ReportSummary.model_fields}


async def _missing(connection: Connection, journal: str, report_id: UUID) -> ReportNotFound | JournalNotFound:
    return ReportNotFound(report_id) if await journals.exists(connection, journal) else JournalNotFound(journal)
