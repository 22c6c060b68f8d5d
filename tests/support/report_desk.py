"""A journal's reports at a gateway's store, as their owner and a worker handle them."""

from datetime import date

from contracts.report_work import BeginReport, PageReport, RecordReport, SaveReport
from contracts.reports import InsightsOrder, ReportNumbers, ReportProgress, ReportResult
from gateway.service.create_entry import create_entry
from gateway.service.read_reports import get_report
from gateway.service.request_report import request_report
from gateway.service.work_on_report import begin_report, page_report, record_report, save_report
from support.gateway_store import draft, pending_events

WORDS = "You baked with Nora."
NUMBERS = ReportNumbers(
    entries=1, days=7, days_written=1, entries_per_day=1 / 7, moods=0, pending=1, failed=0, abstained=0
)


def order(**fields):
    return InsightsOrder.model_validate(fields or {"from": date(2026, 3, 2), "to": date(2026, 3, 8)})


def result(entry_id):
    claim = {"text": WORDS, "entry_ids": [entry_id]}
    return ReportResult.model_validate({"numbers": NUMBERS, "summary": [claim]})


class Desk:
    """One journal's reports, as its owner and a worker handle them."""

    def __init__(self, store, owner):
        self.store, self.principal = store, owner.principal

    async def write(self, body="Rain all day.", at="2026-03-04T12:00:00Z"):
        return (await create_entry(self.store, self.principal, "anna", draft(body, written_at=at))).entry

    async def request(self, **fields):
        return await request_report(self.store, self.principal, "anna", order(**fields))

    async def get(self, report):
        return await get_report(self.store, self.principal, "anna", report.id)

    async def begin(self, report, edition=1):
        asked = BeginReport(journal="anna", report_id=report.id, edition=edition)
        return await begin_report(self.store, self.principal, asked)

    async def page(self, report, edition=1, **fields):
        asked = PageReport(journal="anna", report_id=report.id, edition=edition, **fields)
        return await page_report(self.store, self.principal, asked)

    async def save(self, report, edition=1, draft=None):
        progress = ReportProgress(step="reading", done=1, total=2)
        asked = SaveReport(journal="anna", report_id=report.id, edition=edition, progress=progress, draft=draft)
        return (await save_report(self.store, self.principal, asked)).outcome

    async def record(self, report, edition=1, **outcome):
        asked = RecordReport(journal="anna", report_id=report.id, edition=edition, **outcome)
        return (await record_report(self.store, self.principal, asked)).outcome

    async def make(self, report, entry, edition=1):
        await self.begin(report, edition)
        await self.page(report, edition)
        return await self.record(report, edition, result=result(entry.id))

    async def told(self):
        return [
            (event.type.removesuffix(".v1"), event.data.edition)
            for event in await pending_events(self.store)
            if event.type.startswith("insights.")
        ]

    async def waited_for(self):
        """Of each order, whether somebody waits."""
        events = await pending_events(self.store)
        return [event.data.interactive for event in events if event.type == "insights.requested.v1"]
