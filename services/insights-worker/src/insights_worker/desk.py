"""One report at the gateway, as the worker that makes it sees it."""

import time
from dataclasses import dataclass

from pydantic import JsonValue

from contracts.enrichments import FailureReason
from contracts.events import ReportRef
from contracts.report_work import PageReport, RecordReport, ReportEntry, SaveReport
from contracts.reports import ReportProgress, ReportResult, ReportStep
from worker_kit import GatewayClient

#: Nobody reads faster.
_TOLD_EVERY_S = 1.0


class ReportSettled(Exception):
    """Nobody wants it any more: it was erased, settled by another attempt, or is made anew without an entry of it."""


@dataclass(frozen=True)
class EntryPage:
    entries: tuple[ReportEntry, ...]
    #: Where to go on; None after the last page.
    next_cursor: str | None


class ReportDesk:
    """Every call raises `ReportSettled`, or WorkerError."""

    def __init__(self, gateway: GatewayClient, ref: ReportRef) -> None:
        self._gateway = gateway
        self._ref = ref
        self._told_at_s = 0.0

    async def page(self, cursor: str | None) -> EntryPage:
        """The entries after that place, oldest first."""
        request = PageReport(**self._ref.model_dump(), cursor=cursor)
        reply = await self._gateway.page_report(request)
        if reply.outcome != "page":
            raise ReportSettled
        return EntryPage(reply.entries, reply.next_cursor)

    async def tell(self, step: ReportStep, done: int, total: int) -> None:
        """How far it is: once a second at most, and otherwise not at all."""
        now_s = time.monotonic()
        if now_s - self._told_at_s >= _TOLD_EVERY_S:
            self._told_at_s = now_s
            await self.save(ReportProgress(step=step, done=done, total=total))

    async def save(self, progress: ReportProgress, draft: JsonValue = None) -> None:
        """As `tell`, at once; and keep the draft, where there is one."""
        request = SaveReport(**self._ref.model_dump(), progress=progress, draft=draft)
        if (await self._gateway.save_report(request)).outcome != "saved":
            raise ReportSettled

    async def record(self, outcome: ReportResult | FailureReason) -> None:
        told = {"reason": outcome} if isinstance(outcome, str) else {"result": outcome}
        request = RecordReport.model_validate({**self._ref.model_dump(), **told})
        if (await self._gateway.record_report(request)).outcome != "recorded":
            raise ReportSettled
