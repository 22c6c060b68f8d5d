"""What is done for a report, turn by turn, until it is recorded. It has never heard of Celery.

A report of years takes hours of a model's time. A turn does some of it, saves what it has, and ends, so that
reflections come in between and a killed worker loses one turn.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import structlog

from contracts.enrichments import FailureReason
from contracts.events import ReportRef
from contracts.report_work import ReportWork
from contracts.reports import ReportNumbers, ReportProgress, ReportResult
from insights_worker.config import PipelineConfig
from insights_worker.desk import ReportDesk, ReportSettled
from insights_worker.numbers.counting import numbers_of
from insights_worker.numbers.readings import reading_of
from worker_kit import GatewayClient

log = structlog.get_logger()


async def advance_report(config: PipelineConfig, ref: ReportRef) -> bool:
    """One turn. False: there is more to do.

    Raises: OllamaError, EntryIndexError, WorkerError.
    """
    async with GatewayClient(config.gateway) as gateway:
        begun = await gateway.begin_report(ref)
        if begun.work is None:
            log.info("report.skipped", outcome=begun.outcome)
            return True
        desk = ReportDesk(gateway, ref)
        try:
            await desk.save(ReportProgress(step="counting", done=0, total=1))
            numbers = await _count(desk, begun.work)
            await desk.record(ReportResult(numbers=numbers))
        except ReportSettled:
            log.info("report.dropped")
            return True
        log.info("report.recorded", entries=numbers.entries)
    return True


async def give_up_report(config: PipelineConfig, ref: ReportRef, reason: FailureReason) -> None:
    """Raises: WorkerError."""
    async with GatewayClient(config.gateway) as gateway:
        try:
            await ReportDesk(gateway, ref).record(reason)
        except ReportSettled:
            log.info("report.dropped")


async def _count(desk: ReportDesk, work: ReportWork) -> ReportNumbers:
    zone = ZoneInfo(work.time_zone)
    readings = [reading_of(entry.mood, zone) async for entry in desk.moods()]
    return numbers_of(readings, work.first_day, work.last_day, datetime.now(UTC).astimezone(zone).date())
