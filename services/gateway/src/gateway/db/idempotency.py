"""Rows of `idempotency_keys`: which request of which API key made which entry."""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from gateway.db.sql_files import query
from gateway.db.store import Connection


@dataclass(frozen=True)
class IdempotencyKey:
    """Keys are chosen by clients: two clients may choose the same, and one may use it in two journals."""

    key_id: str
    journal: str
    #: sha256 of what the client chose.
    digest: bytes


@dataclass(frozen=True)
class IdempotencyRecord:
    request_hash: bytes
    entry_id: UUID


async def try_lock(connection: Connection, key: IdempotencyKey) -> bool:
    """False while another transaction holds it."""
    whole = sha256(b"\x1f".join([key.key_id.encode(), key.journal.encode(), key.digest])).digest()
    number = int.from_bytes(whole[:8], signed=True)
    return bool(await connection.fetchval(query("idempotency", "try_lock_key"), number))


async def get(connection: Connection, key: IdempotencyKey) -> IdempotencyRecord | None:
    row = await connection.fetchrow(query("idempotency", "get_record"), key.key_id, key.journal, key.digest)
    return IdempotencyRecord(row["request_hash"], row["entry_id"]) if row else None


async def insert(connection: Connection, key: IdempotencyKey, record: IdempotencyRecord) -> None:
    await connection.execute(
        query("idempotency", "insert_record"), key.key_id, key.journal, key.digest, record.request_hash, record.entry_id
    )


async def delete_expired(connection: Connection, *, older_than_s: float) -> None:
    await connection.execute(query("idempotency", "delete_expired_records"), timedelta(seconds=older_than_s))
