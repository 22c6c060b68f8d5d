"""Rows of `enrichments`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from contracts.enrichments import EnrichmentKind, EnrichmentResult, FailureReason
from gateway.db.sql_files import query
from gateway.db.store import Connection
from gateway.domain.entries import Enrichment

#: Pending enrichments that a search looks through: about 1 ms.
_NEWEST = 1000
_RESULT: TypeAdapter[EnrichmentResult] = TypeAdapter(EnrichmentResult)


@dataclass(frozen=True)
class Overdue:
    journal: str
    entry_id: UUID
    revision: int
    kind: EnrichmentKind


@dataclass(frozen=True)
class Recorded:
    #: Since it was asked for; None where it was not awaited any more.
    waited_s: float | None


@dataclass(frozen=True)
class Pending:
    #: Of enrichments, and `reflection` and `report`.
    kind: str
    number: int
    #: Since the oldest was asked for; 0 while there is none.
    oldest_s: float


@dataclass(frozen=True)
class Embedded:
    """How far one model is with all entries."""

    passages: int
    entries_left: int
    #: Nobody embeds them unless they are asked for again.
    entries_failed: int


async def await_all(
    connection: Connection, revisions: Sequence[tuple[UUID, int]], kinds: Sequence[EnrichmentKind]
) -> list[Enrichment]:
    """Every kind of every entry as pending, at the given revision."""
    rows = await connection.fetch(
        query("enrichments", "await_enrichments"),
        [entry_id for entry_id, _ in revisions],
        [revision for _, revision in revisions],
        list(kinds),
    )
    return [_enrichment(row) for row in rows]


async def list_by_entry(connection: Connection, entry_ids: Sequence[UUID]) -> dict[UUID, list[Enrichment]]:
    """Of each entry, in the order of kinds."""
    found: dict[UUID, list[Enrichment]] = {entry_id: [] for entry_id in entry_ids}
    for row in await connection.fetch(query("enrichments", "list_enrichments"), list(entry_ids)):
        found[row["entry_id"]].append(_enrichment(row))
    return found


async def record(
    connection: Connection,
    entry_id: UUID,
    kind: EnrichmentKind,
    revision: int,
    outcome: EnrichmentResult | FailureReason,
) -> Recorded | None:
    """None where this changes nothing."""
    failed = isinstance(outcome, str)
    changed = await connection.fetchrow(
        query("enrichments", "record_enrichment"),
        entry_id,
        kind,
        "failed" if failed else "done",
        revision,
        None if failed else _RESULT.dump_python(outcome, mode="json"),
        outcome if failed else None,
    )
    return Recorded(changed["waited_s"]) if changed else None


async def reissue_overdue(connection: Connection, *, overdue_s: float, limit: int) -> list[Overdue]:
    """What is pending for longer than `overdue_s`, now counted as asked for again."""
    rows = await connection.fetch(query("enrichments", "reissue_overdue"), timedelta(seconds=overdue_s), limit)
    return [Overdue(row["journal"], row["entry_id"], row["revision"], row["kind"]) for row in rows]


async def all_worded(connection: Connection, lexicon: str) -> bool:
    """Whether the words of every embedded entry are indexed under `lexicon`."""
    row = await connection.fetchrow(query("enrichments", "span_lexicons"))
    return row["first"] in {None, lexicon} and row["last"] in {None, lexicon}


async def reissue_unworded(connection: Connection, *, lexicon: str, overdue_s: float, limit: int) -> list[Overdue]:
    """Embeddings whose entries' words are not indexed under `lexicon`, now counted as asked for again."""
    wait = timedelta(seconds=overdue_s)
    rows = await connection.fetch(query("enrichments", "reissue_unworded"), lexicon, wait, limit)
    return [Overdue(row["journal"], row["entry_id"], row["revision"], row["kind"]) for row in rows]


async def pending_work(connection: Connection) -> list[Pending]:
    """Of each kind that has any, and of reflections and reports."""
    rows = await connection.fetch(query("enrichments", "pending_work"))
    return [Pending(row["kind"], row["pending"], row["oldest_s"] or 0.0) for row in rows]


async def count_pending(connection: Connection, kinds: Sequence[EnrichmentKind]) -> int:
    number: int = await connection.fetchval(query("enrichments", "count_pending"), list(kinds))
    return number


async def sum_embeddings(connection: Connection, names: Sequence[str], digest: str) -> Embedded:
    """`names`: each way in which the model's name may be noted."""
    row = await connection.fetchrow(query("enrichments", "sum_embeddings"), list(names), digest)
    return Embedded(row["passages"], row["entries_left"], row["entries_failed"])


async def count_unindexed(connection: Connection, journal: str) -> int:
    """Entries of the journal whose embedding is awaited, among the newest that anything is awaited of."""
    number: int = await connection.fetchval(query("enrichments", "count_unindexed"), journal, _NEWEST)
    return number


async def read_clock(connection: Connection) -> datetime:
    """By which `requested_at` is dated."""
    now: datetime = await connection.fetchval(query("enrichments", "read_clock"))
    return now


async def try_lock_rounds(connection: Connection) -> bool:
    """False while another gateway is in a round of the reconciler."""
    return bool(await connection.fetchval(query("enrichments", "try_lock_rounds")))


def _enrichment(row: Any) -> Enrichment:
    return Enrichment(
        kind=row["kind"],
        state=row["state"],
        revision=row["revision"],
        updated_at=row["updated_at"],
        result=None if row["result"] is None else _RESULT.validate_python(row["result"]),
        reason=row["reason"],
    )
