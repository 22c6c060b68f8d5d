"""The NATS API's part about reports."""

from collections.abc import Callable

from faststream.nats import NatsBroker

from contracts import subjects
from contracts.api import RequestInsights
from contracts.report_work import (
    BeginReport,
    BeginReportReply,
    PageReport,
    RecordReport,
    RecordReportReply,
    ReportPage,
    SaveReport,
    SaveReportReply,
    ScheduleReply,
    ScheduleReports,
)
from contracts.reports import ReportView
from gateway.context import Context
from gateway.messaging.headers import Authorization
from gateway.service import keys, request_report, schedule_reports, work_on_report


def add_reports(broker: NatsBroker, context: Callable[[], Context], workers: int) -> None:
    _add_for_clients(broker, context, workers)
    _add_for_workers(broker, context, workers)


def _add_for_clients(broker: NatsBroker, context: Callable[[], Context], workers: int) -> None:
    @broker.subscriber(
        subjects.INSIGHTS_REQUEST, subjects.API_QUEUE_GROUP, max_workers=workers, title="insights.request"
    )
    async def request_insights(request: RequestInsights, authorization: Authorization) -> ReportView:
        """Ask for a report; the one of the same days that is being made, where there is one. Scope `write`."""
        opened = context()
        principal = await keys.authenticate(opened.store, authorization)
        return await request_report.request_report(
            opened.store, principal, request.journal, request.insights, care=opened.care
        )


def _add_for_workers(broker: NatsBroker, context: Callable[[], Context], workers: int) -> None:
    @broker.subscriber(subjects.INSIGHTS_BEGIN, subjects.API_QUEUE_GROUP, max_workers=workers, title="insights.begin")
    async def begin_report(request: BeginReport, authorization: Authorization) -> BeginReportReply:
        """What a worker needs to make a report, or to go on with it. Scope `enrich`."""
        store = context().store
        principal = await keys.authenticate(store, authorization)
        return await work_on_report.begin_report(store, principal, request)

    @broker.subscriber(subjects.INSIGHTS_PAGE, subjects.API_QUEUE_GROUP, max_workers=workers, title="insights.page")
    async def page_report(request: PageReport, authorization: Authorization) -> ReportPage:
        """The entries that a report is made of, oldest first. Scope `enrich`."""
        opened = context()
        principal = await keys.authenticate(opened.store, authorization)
        return await work_on_report.page_report(opened.store, principal, request, care=opened.care)

    @broker.subscriber(subjects.INSIGHTS_SAVE, subjects.API_QUEUE_GROUP, max_workers=workers, title="insights.save")
    async def save_report(request: SaveReport, authorization: Authorization) -> SaveReportReply:
        """How far a report is. Scope `enrich`."""
        store = context().store
        principal = await keys.authenticate(store, authorization)
        return await work_on_report.save_report(store, principal, request)

    @broker.subscriber(subjects.INSIGHTS_RECORD, subjects.API_QUEUE_GROUP, max_workers=workers, title="insights.record")
    async def record_report(request: RecordReport, authorization: Authorization) -> RecordReportReply:
        """Store a report, or why there is none. Scope `enrich`."""
        store = context().store
        principal = await keys.authenticate(store, authorization)
        return await work_on_report.record_report(store, principal, request)

    @broker.subscriber(
        subjects.INSIGHTS_SCHEDULE, subjects.API_QUEUE_GROUP, max_workers=workers, title="insights.schedule"
    )
    async def schedule(request: ScheduleReports, authorization: Authorization) -> ScheduleReply:
        """Make the reports whose period has ended. Scope `enrich`."""
        del request  # It says that it is one, and no more.
        store = context().store
        principal = await keys.authenticate(store, authorization)
        return await schedule_reports.schedule_reports(store, principal)
