"""Rows of `report_schedules`: up to which period reports were made by themselves."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from contracts.journals import JournalSettings, ReportPeriod
from gateway.db.sql_files import query
from gateway.db.store import Connection
from gateway.domain.principals import ALL_JOURNALS


@dataclass(frozen=True)
class ScheduledJournal:
    name: str
    settings: JournalSettings


async def list_among(connection: Connection, names: Collection[str]) -> list[ScheduledJournal]:
    """The journals that want reports made by themselves; of all there are where the names hold `*`."""
    rows = await connection.fetch(query("reports", "list_scheduled"), ALL_JOURNALS in names, list(names))
    return [ScheduledJournal(row["name"], JournalSettings.model_validate(row["settings"])) for row in rows]


async def claim(connection: Connection, journal: str, kind: ReportPeriod, first_day: date) -> bool:
    """True for one caller a period, for ever; it must make the report in the same transaction."""
    return await connection.fetchval(query("reports", "claim_schedule"), journal, kind, first_day) is not None
