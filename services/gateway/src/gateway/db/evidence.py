"""Rows of `task_evidence`: what tasks of one kind took in one worker's period."""

from datetime import timedelta

from contracts.evidence import ReportEvidence
from gateway.db.sql_files import query
from gateway.db.store import Connection
from gateway.domain.decision import Spent


async def insert(connection: Connection, report: ReportEvidence) -> bool:
    """False if the report is known."""
    kinds = report.kinds
    rows = await connection.fetch(
        query("evidence", "insert_evidence"),
        report.worker,
        report.sequence,
        report.began_at,
        report.ended_at,
        [kind.task for kind in kinds],
        [kind.tasks for kind in kinds],
        [kind.busy_s for kind in kinds],
        [kind.bridge_s for kind in kinds],
        [kind.inference_s for kind in kinds],
        [kind.tasks_with_inference for kind in kinds],
    )
    return bool(rows)


async def sum_window(connection: Connection, *, window_s: float) -> list[Spent]:
    """By the name of the task; only kinds that were reported."""
    rows = await connection.fetch(query("evidence", "sum_evidence"), timedelta(seconds=window_s))
    return [Spent(**row) for row in rows]


async def delete_expired(connection: Connection, *, older_than_s: float) -> None:
    await connection.execute(query("evidence", "delete_expired_evidence"), timedelta(seconds=older_than_s))
