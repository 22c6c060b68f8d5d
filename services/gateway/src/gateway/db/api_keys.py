"""Rows of `api_keys`."""

from dataclasses import dataclass

from gateway.db.sql_files import query
from gateway.db.store import Connection
from gateway.domain.principals import Principal


@dataclass(frozen=True)
class StoredKey:
    principal: Principal
    #: sha256 of the whole key.
    key_hash: bytes


async def get(connection: Connection, key_id: str) -> StoredKey | None:
    """None if it is not known, or revoked."""
    row = await connection.fetchrow(query("api_keys", "get_key"), key_id)
    if row is None:
        return None
    principal = Principal(row["id"], row["name"], frozenset(row["scopes"]), frozenset(row["journals"]))
    return StoredKey(principal, row["key_hash"])


async def upsert(connection: Connection, key: StoredKey) -> bool:
    """False if the id belongs to another key."""
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
