"""What is done for a report, turn by turn, until it is recorded. It has never heard of Celery.

A report of years takes hours of a model's time. A turn does some of it, saves what it has, and ends, so that
reflections come in between and a killed worker loses little.
"""

import structlog

from contracts.enrichments import FailureReason
from contracts.events import ReportRef
from contracts.live import Retry
from insights_worker.config import PipelineConfig
from insights_worker.desk import ReportDesk, ReportSettled
from insights_worker.live import tell_report_retry
from insights_worker.report_turn import ReportTurn
from ollama_client import OllamaClient
from worker_kit import GatewayClient

log = structlog.get_logger()


async def advance_report(config: PipelineConfig, ref: ReportRef) -> bool:
    """One turn. False: there is more to do.

    Raises: OllamaError, WorkerError.
    """
    async with GatewayClient(config.gateway) as gateway, OllamaClient(config.ollama) as ollama:
        begun = await gateway.begin_report(ref)
        if begun.work is None:
            log.info("report.skipped", outcome=begun.outcome)
            return True
        try:
            return await ReportTurn(config, ref, ReportDesk(gateway, ref), ollama, begun.work).run()
        except ReportSettled:
            log.info("report.dropped")
            return True


async def give_up_report(config: PipelineConfig, ref: ReportRef, reason: FailureReason) -> None:
    """Raises: WorkerError."""
    async with GatewayClient(config.gateway) as gateway:
        try:
            await ReportDesk(gateway, ref).record(reason)
        except ReportSettled:
            log.info("report.dropped")


async def tell_retry(config: PipelineConfig, ref: ReportRef, retry: Retry) -> None:
    """To those who watch. Raises: WorkerError."""
    async with GatewayClient(config.gateway) as gateway:
        await tell_report_retry(gateway, ref, retry)


async def schedule_reports(config: PipelineConfig) -> None:
    """Have the reports made whose period has ended. Raises: WorkerError."""
    async with GatewayClient(config.gateway) as gateway:
        reply = await gateway.schedule_reports()
    log.info("reports.scheduled", made=reply.made)
