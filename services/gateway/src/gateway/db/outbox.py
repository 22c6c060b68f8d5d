"""Rows of `outbox`: events stored with the change that they tell of, until JetStream has them (ADR 0002)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.events import DomainEvent, subject_of
from gateway.db.sql_files import query
from gateway.db.store import Connection
from telemetry import current_traceparent

#: Notified at every commit that stored events.
CHANNEL = "daybook_outbox"


@dataclass(frozen=True)
class StoredEvent:
    position: int
    event_id: UUID
    subject: str
    #: CloudEvents JSON.
    event: str
    created_at: datetime
    #: Of the span that stored it.
    traceparent: str | None


@dataclass(frozen=True)
class OutboxState:
    events: int
    #: Age of the oldest event; 0 while there is none.
    lag_s: float


async def insert(connection: Connection, *events: DomainEvent) -> None:
    if not events:  # or every relay would be woken for nothing
        return
    await connection.execute(
        query("outbox", "insert_events"),
        [event.id for event in events],
        [subject_of(event) for event in events],
        [event.model_dump_json(exclude={"traceparent"}) for event in events],
        [getattr(event.data, "entry_id", None) for event in events],
        current_traceparent(),
    )


async def claim(connection: Connection, *, limit: int) -> list[StoredEvent]:
    """The oldest events that no other relay has claimed, claimed until the transaction ends."""
    rows = await connection.fetch(query("outbox", "claim_events"), limit)
    return [StoredEvent(*row) for row in rows]


async def delete(connection: Connection, positions: Sequence[int]) -> None:
    await connection.execute(query("outbox", "delete_events"), list(positions))


async def delete_of_entries(connection: Connection, entry_ids: Sequence[UUID]) -> None:
    await connection.execute(query("outbox", "delete_events_of_entries"), list(entry_ids))


async def state(connection: Connection) -> OutboxState:
    return OutboxState(*await connection.fetchrow(query("outbox", "outbox_state")))
