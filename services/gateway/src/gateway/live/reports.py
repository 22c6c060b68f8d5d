"""Following one report while it is made: how far it is, and then the report.

Workers tell once a second at most, and the database has what they told. It is asked as often: no gateway needs to hear
of what another was told. That an attempt failed and another follows is not stored, and heard by every gateway.
"""

import asyncio
import time
from collections.abc import AsyncGenerator

from contracts.live import ReportEnded, ReportLiveEvent, ReportProgressed, Restarted, Waiting
from contracts.reports import ReportSummary
from gateway.db.store import Store
from gateway.domain.errors import JournalNotFound, ReportNotFound
from gateway.domain.principals import Principal
from gateway.live.board import LiveBoard
from gateway.live.report_retries import HeardRetry
from gateway.service.care import Care
from gateway.service.read_reports import get_report, glance_at_report

#: So often the database is asked.
EVERY_S = 1.0
#: A connection that is quiet for longer might be taken for a dead one.
_IDLE_S = 10.0


async def follow_report(
    store: Store, board: LiveBoard, principal: Principal, asked: ReportSummary, *, care: Care | None = None
) -> AsyncGenerator[ReportLiveEvent]:
    """Events about `asked`, the last of which is `ReportEnded`. Without it the gateway is stopping, or it was erased.

    Raises:
        StoreUnavailable: PostgreSQL is away.
    """
    told: ReportProgressed | None = None
    told_retry: HeardRetry | None = None
    began_s, told_at_s = board.reports.clock(), time.monotonic()
    try:
        while not board.closing.is_set():
            now = await glance_at_report(store, principal, asked.journal, asked.id)
            shown = ReportProgressed(state=now.state, edition=now.edition, progress=now.progress)
            if told is not None and shown.edition != told.edition:
                # An entry that it was made of was erased.
                yield Restarted()
            # Before the end: between two looks an attempt may fail and the next one succeed.
            retry = board.reports.find(asked.id, now.edition)
            if retry is not None and retry is not told_retry:
                told_retry, told_at_s = retry, time.monotonic()
                retrying = retry.told_at(board.reports.clock())
                # One that was over when this watcher came is of no interest.
                if retrying.in_s > 0 or retry.at_s >= began_s:
                    yield retrying
            if now.state in {"done", "failed"}:
                report = await get_report(store, principal, asked.journal, asked.id, care=care)
                if report.edition == now.edition:
                    yield ReportEnded(report=report)
                    return
                continue  # It was begun anew between the two looks.
            if shown != told:
                told, told_at_s = shown, time.monotonic()
                yield shown
            elif time.monotonic() - told_at_s >= _IDLE_S:
                told_at_s = time.monotonic()
                yield Waiting()
            await _pause(board.closing)
    except (ReportNotFound, JournalNotFound):
        return


async def _pause(closing: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(EVERY_S):
            await closing.wait()
    except TimeoutError:
        return
