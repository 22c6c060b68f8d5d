"""What workers ask while they make a report: its entries, and that it be kept."""

from collections.abc import Collection, Sequence
from uuid import UUID

from contracts.enrichments import FailureReason
from contracts.events import DomainEvent, InsightsCompleted, InsightsFailed, ReportFailure, ReportRef
from contracts.moods import EntryMood
from contracts.report_work import (
    REPORT_PAGE_MAX_BYTES,
    REPORT_TEXT_MAX_CHARS,
    BeginReport,
    BeginReportReply,
    PageReport,
    RecordReport,
    RecordReportReply,
    ReportEntry,
    ReportPage,
    ReportWork,
    SaveReport,
    SaveReportReply,
)
from gateway.db import entries, moods, outbox, reports
from gateway.db.moods import MoodsPage
from gateway.db.store import Connection, Store
from gateway.domain.principals import Principal
from gateway.domain.reports import Report
from gateway.metrics import count_recorded
from gateway.service.care import Care, default_care, spare_entries
from gateway.service.cursors import cursor_at, parse_cursor

_CUT = "\n[...]\n"


async def begin_report(store: Store, principal: Principal, request: BeginReport) -> BeginReportReply:
    """The report's days and what a worker left of it; or why there is nothing to do.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(request.journal, "enrich")
    async with store.transaction() as connection:
        report = await reports.begin(connection, request.journal, request.report_id, request.edition)
        if report is None:
            there = await reports.get(connection, request.journal, request.report_id)
            return BeginReportReply(outcome="settled" if there else "gone")
    work = ReportWork(
        first_day=report.first_day,
        last_day=report.last_day,
        time_zone=report.time_zone,
        written_from=report.written_from,
        written_to=report.written_to,
        draft=report.draft,
    )
    return BeginReportReply(outcome="begin", work=work)


async def page_report(
    store: Store, principal: Principal, request: PageReport, *, care: Care | None = None
) -> ReportPage:
    """The report's entries, oldest first: moods, and texts except of those that no model may see.

    What is given is noted before: when such an entry is erased, the report is made again.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`.
        CursorInvalid: not a cursor of ours.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(request.journal, "enrich")
    after = None if request.cursor is None else parse_cursor(request.cursor)
    async with store.transaction() as connection:
        report = await reports.get(connection, request.journal, request.report_id)
        if report is None:
            return ReportPage(outcome="gone")
        if report.state != "running" or report.edition != request.edition:
            return ReportPage(outcome="settled")
        page = MoodsPage(
            limit=request.limit + 1, written_from=report.written_from, written_to=report.written_to, after=after
        )
        found = await moods.list_page(connection, request.journal, page)
        # One more than is given was asked for: whether it came says whether there is a next page.
        shown, is_last = found[: request.limit], len(found) <= request.limit
        there = await reports.give_entries(connection, report, [mood.entry_id for mood in shown])
        kept = [mood for mood in shown if mood.entry_id in there]
        texts = await _texts(connection, report, there, care or default_care()) if request.texts else {}
    given = _fitting([ReportEntry(mood=mood, cursor=_after(mood), text=texts.get(mood.entry_id)) for mood in kept])
    if len(given) < len(kept):
        return ReportPage(outcome="page", entries=tuple(given), next_cursor=given[-1].cursor)
    return ReportPage(outcome="page", entries=tuple(given), next_cursor=None if is_last else _after(shown[-1]))


async def save_report(store: Store, principal: Principal, request: SaveReport) -> SaveReportReply:
    """Raises JournalNotFound, ScopeMissing (see `Principal.require`), StoreUnavailable."""
    principal.require(request.journal, "enrich")
    async with store.transaction() as connection:
        if not await reports.save(connection, request):
            there = await reports.get(connection, request.journal, request.report_id)
            return SaveReportReply(outcome="settled" if there else "gone")
    return SaveReportReply(outcome="saved")


async def record_report(store: Store, principal: Principal, request: RecordReport) -> RecordReportReply:
    """Store what a worker made, or why it could not. A report that changes nothing is told to nobody.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(request.journal, "enrich")
    outcome = request.result or request.reason
    assert outcome is not None, "a report without either is refused before"
    async with store.transaction() as connection:
        waited_s = await reports.record(connection, request.journal, request.report_id, request.edition, outcome)
        if waited_s is None:
            there = await reports.get(connection, request.journal, request.report_id)
            return RecordReportReply(outcome="settled" if there else "gone")
        await outbox.insert(connection, _event_of(request, request.reason))
    count_recorded("report", waited_s, request.reason)
    return RecordReportReply(outcome="recorded")


async def _texts(connection: Connection, report: Report, entry_ids: Collection[UUID], care: Care) -> dict[UUID, str]:
    """Of those that a model may see."""
    found = await entries.get_many(connection, report.journal, list(entry_ids))
    spared, notice = await spare_entries(care, found.values())
    if notice is not None:
        await reports.mark(connection, report, notice.kind)
    return {entry.id: _shortened(entry.body) for entry in spared}


def _after(mood: EntryMood) -> str:
    return cursor_at(mood.written_at, mood.entry_id)


def _shortened(body: str) -> str:
    """Beginning and end of what is longer than any model's share of it."""
    if len(body) <= REPORT_TEXT_MAX_CHARS:
        return body
    half = REPORT_TEXT_MAX_CHARS // 2
    return f"{body[:half]}{_CUT}{body[-half:]}"


def _fitting(found: Sequence[ReportEntry]) -> Sequence[ReportEntry]:
    """As many as fit into one message: at least one does."""
    room = REPORT_PAGE_MAX_BYTES
    for number, entry in enumerate(found):
        room -= len(entry.model_dump_json().encode()) + 1
        if room < 0:
            return found[:number]
    return found


def _event_of(request: RecordReport, reason: FailureReason | None) -> DomainEvent:
    ref = ReportRef(journal=request.journal, report_id=request.report_id, edition=request.edition)
    if reason is None:
        return InsightsCompleted(data=ref)
    return InsightsFailed(data=ReportFailure(**ref.model_dump(), reason=reason))
