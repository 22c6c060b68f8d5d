"""Rows of `reports`, and of `report_entries`, which say what each was made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.care import CareKind
from contracts.enrichments import FailureReason
from contracts.report_work import SaveReport
from contracts.reports import ReportKind, ReportProgress, ReportResult
from gateway.db.sql_files import query
from gateway.db.store import Connection
from gateway.domain.reports import Report


@dataclass(frozen=True)
class Days:
    """What a report is about."""

    journal: str
    kind: ReportKind
    first_day: date
    last_day: date
    time_zone: str


async def insert(connection: Connection, report_id: UUID, days: Days, *, scheduled: bool) -> Report:
    row = await connection.fetchrow(
        query("reports", "insert_report"),
        report_id,
        days.journal,
        days.kind,
        days.first_day,
        days.last_day,
        days.time_zone,
        scheduled,
    )
    return _report(row)


async def get_unsettled(connection: Connection, days: Days) -> Report | None:
    """The one of these days that is being made."""
    row = await connection.fetchrow(
        query("reports", "get_unsettled_report"),
        days.journal,
        days.kind,
        days.first_day,
        days.last_day,
        days.time_zone,
    )
    return _report(row) if row else None


async def hasten(connection: Connection, report_id: UUID) -> Report | None:
    """The report, from now on waited for. None where it was before, is in hand, or is settled."""
    row = await connection.fetchrow(query("reports", "hasten_report"), report_id)
    return _report(row) if row else None


async def get(connection: Connection, journal: str, report_id: UUID) -> Report | None:
    row = await connection.fetchrow(query("reports", "get_report"), journal, report_id)
    return _report(row) if row else None


async def glance_at(connection: Connection, journal: str, report_id: UUID) -> Report | None:
    """Without draft and result."""
    row = await connection.fetchrow(query("reports", "glance_at_report"), journal, report_id)
    return _report(row) if row else None


async def list_page(
    connection: Connection, journal: str, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Report]:
    """Those asked for last come first, without their results. `after`: of the last one on the page before."""
    requested_at, report_id = after or (None, None)
    rows = await connection.fetch(query("reports", "list_reports"), journal, requested_at, report_id, limit)
    return [_report(row) for row in rows]


async def delete(connection: Connection, journal: str, report_id: UUID) -> bool:
    """False if there is none."""
    return await connection.fetchval(query("reports", "delete_report"), journal, report_id) is not None


async def begin(connection: Connection, journal: str, report_id: UUID, edition: int) -> Report | None:
    """The report, running from now on. None if it is settled, gone, or there is a newer edition."""
    row = await connection.fetchrow(query("reports", "begin_report"), journal, report_id, edition)
    return _report(row) if row else None


async def give_entries(connection: Connection, report: Report, entry_ids: Sequence[UUID]) -> set[UUID]:
    """Which of them are there still, noted as what the report is made of."""
    rows = await connection.fetch(query("reports", "give_entries"), report.id, report.journal, list(entry_ids))
    return {row["id"] for row in rows}


async def mark(connection: Connection, report: Report, care: CareKind) -> None:
    await connection.execute(query("reports", "mark_report"), report.id, report.edition, care)


async def save(connection: Connection, request: SaveReport) -> bool:
    """False if that edition is not running any more."""
    progress = request.progress.model_dump(mode="json")
    saved = await connection.fetchval(
        query("reports", "save_report"),
        request.journal,
        request.report_id,
        request.edition,
        progress,
        request.draft,
    )
    return saved is not None


async def record(
    connection: Connection, journal: str, report_id: UUID, edition: int, outcome: ReportResult | FailureReason
) -> float | None:
    """For how many seconds it was awaited. None where it was settled before, is gone, or has a newer edition."""
    failed = isinstance(outcome, str)
    waited_s: float | None = await connection.fetchval(
        query("reports", "record_report"),
        journal,
        report_id,
        edition,
        "failed" if failed else "done",
        None if failed else outcome.model_dump(mode="json"),
        outcome if failed else None,
    )
    return waited_s


async def renew_made_of(connection: Connection, entry_ids: Sequence[UUID]) -> list[Report]:
    """Have every report that was made of any of them start over. Erase or mark them before, in this transaction."""
    rows = await connection.fetch(query("reports", "renew_reports"), list(entry_ids))
    await connection.execute(query("reports", "forget_entries"), [row["id"] for row in rows])
    return [_report(row) for row in rows]


async def reissue_overdue(connection: Connection, *, overdue_s: float, limit: int) -> list[Report]:
    """What nobody has told anything about for longer than `overdue_s`, now counted as asked for again."""
    rows = await connection.fetch(query("reports", "reissue_overdue_reports"), timedelta(seconds=overdue_s), limit)
    return [_report(row) for row in rows]


async def any_written(connection: Connection, journal: str, written_from: datetime, written_to: datetime) -> bool:
    return bool(await connection.fetchval(query("reports", "any_written"), journal, written_from, written_to))


def _report(row: Any) -> Report:
    return Report(
        id=row["id"],
        journal=row["journal"],
        kind=row["kind"],
        first_day=row["first_day"],
        last_day=row["last_day"],
        time_zone=row["time_zone"],
        scheduled=row["scheduled"],
        interactive=row["interactive"],
        state=row["state"],
        edition=row["edition"],
        requested_at=row["requested_at"],
        updated_at=row["updated_at"],
        progress=None if row["progress"] is None else ReportProgress.model_validate(row["progress"]),
        draft=row["draft"],
        result=None if row["result"] is None else ReportResult.model_validate(row["result"]),
        reason=row["reason"],
        care=row["care"],
    )
