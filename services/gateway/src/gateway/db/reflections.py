"""Rows of `reflections`."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from contracts.enrichments import FailureReason
from contracts.reflections import ReflectionResult
from gateway.db.sql_files import query
from gateway.db.store import Connection
from gateway.domain.reflections import Reflection


@dataclass(frozen=True)
class OverdueReflection:
    journal: str
    reflection: Reflection


async def insert(
    connection: Connection, entry_id: UUID, revision: int, *, interactive: bool, notice: str | None = None
) -> Reflection | None:
    """The next version, pending; or withheld at once where there is a `notice`. None while one is pending.

    Lock the entry before.
    """
    state = "pending" if notice is None else "withheld"
    row = await connection.fetchrow(
        query("reflections", "insert_reflection"), entry_id, revision, state, interactive, notice
    )
    return _reflection(row) if row else None


async def get_pending(connection: Connection, entry_id: UUID) -> Reflection | None:
    row = await connection.fetchrow(query("reflections", "get_pending_reflection"), entry_id)
    return _reflection(row) if row else None


async def hasten(connection: Connection, entry_id: UUID, version: int) -> Reflection | None:
    """The pending version, from now on waited for. None where it was before."""
    row = await connection.fetchrow(query("reflections", "hasten_reflection"), entry_id, version)
    return _reflection(row) if row else None


async def begin(connection: Connection, entry_id: UUID, version: int, revision: int) -> Reflection | None:
    """The pending version, from now on about `revision`. None if it is settled, or gone with its entry."""
    row = await connection.fetchrow(query("reflections", "begin_reflection"), entry_id, version, revision)
    return _reflection(row) if row else None


async def withhold(connection: Connection, entry_id: UUID, version: int, notice: str) -> None:
    """Settle the pending version without a model. It has begun before."""
    await connection.execute(query("reflections", "withhold_reflection"), entry_id, version, notice)


async def withhold_of(connection: Connection, entry_id: UUID, revision: int, notice: str) -> None:
    """Forget what was written of a revision. Lock the entry before."""
    await connection.execute(query("reflections", "withhold_reflections_of"), entry_id, revision, notice)


async def record(
    connection: Connection, entry_id: UUID, version: int, revision: int, outcome: ReflectionResult | FailureReason
) -> float | None:
    """For how many seconds it was awaited. None where it was settled before, or is gone."""
    failed = isinstance(outcome, str)
    waited_s: float | None = await connection.fetchval(
        query("reflections", "record_reflection"),
        entry_id,
        version,
        "failed" if failed else "done",
        revision,
        None if failed else outcome.model_dump(mode="json"),
        outcome if failed else None,
    )
    return waited_s


async def get(connection: Connection, journal: str, entry_id: UUID, version: int) -> Reflection | None:
    row = await connection.fetchrow(query("reflections", "get_reflection"), journal, entry_id, version)
    return _reflection(row) if row else None


async def list_newest(connection: Connection, journal: str, entry_id: UUID, *, limit: int) -> list[Reflection]:
    rows = await connection.fetch(query("reflections", "list_reflections"), journal, entry_id, limit)
    return [_reflection(row) for row in rows]


async def reissue_overdue(connection: Connection, *, overdue_s: float, limit: int) -> list[OverdueReflection]:
    """What is pending for longer than `overdue_s`, now counted as asked for again."""
    rows = await connection.fetch(
        query("reflections", "reissue_overdue_reflections"), timedelta(seconds=overdue_s), limit
    )
    return [OverdueReflection(row["journal"], _reflection(row)) for row in rows]


def _reflection(row: Any) -> Reflection:
    return Reflection(
        entry_id=row["entry_id"],
        version=row["version"],
        revision=row["revision"],
        state=row["state"],
        interactive=row["interactive"],
        requested_at=row["requested_at"],
        updated_at=row["updated_at"],
        result=None if row["result"] is None else ReflectionResult.model_validate(row["result"]),
        reason=row["reason"],
        notice=row["notice"],
        care=row.get("care"),
    )
