"""Rows of `api_keys`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.db.sql_files import query
from gateway.db.store import Connection
from gateway.domain.principals import Principal


@dataclass(frozen=True)
class StoredKey:
    principal: Principal
    #: sha256 of the whole key.
    key_hash: bytes


@dataclass(frozen=True)
class KnownKey:
    """What is told of a key; not even its hash."""

    principal: Principal
    created_at: datetime
    #: None: it is valid.
    revoked_at: datetime | None


async def get(connection: Connection, key_id: str) -> StoredKey | None:
    """None if it is not known, or revoked."""
    row = await connection.fetchrow(query("api_keys", "get_key"), key_id)
    if row is None:
        return None
    return StoredKey(_principal(row), row["key_hash"])


async def upsert(connection: Connection, key: StoredKey) -> bool:
    """False if the id belongs to another key, or the key is revoked."""
    principal = key.principal
    stored = await connection.fetchval(
        query("api_keys", "upsert_key"),
        principal.key_id,
        principal.name,
        key.key_hash,
        sorted(principal.scopes),
        sorted(principal.journals),
    )
    return stored is not None


async def list_all(connection: Connection) -> list[KnownKey]:
    """Revoked ones too, the oldest first."""
    rows = await connection.fetch(query("api_keys", "list_keys"))
    return [KnownKey(_principal(row), row["created_at"], row["revoked_at"]) for row in rows]


async def revoke(connection: Connection, key_id: str) -> bool:
    """False if there is none."""
    return await connection.fetchval(query("api_keys", "revoke_key"), key_id) is not None


def _principal(row: Any) -> Principal:
    return Principal(row["id"], row["name"], frozenset(row["scopes"]), frozenset(row["journals"]))
