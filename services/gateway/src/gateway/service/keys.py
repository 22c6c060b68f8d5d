"""API keys: `dbk_<8 hex digits of id>_<43 characters of secret>`. Only a hash of the whole is stored."""

import re
import secrets
from collections.abc import Collection
from hashlib import sha256
from hmac import compare_digest

from gateway.db import api_keys
from gateway.db.api_keys import KnownKey, StoredKey
from gateway.db.store import Store
from gateway.domain.errors import KeyInvalid
from gateway.domain.principals import Principal, Scope

_KEY = re.compile(r"dbk_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")


def mint_key() -> str:
    """A new key: 256 random bits, so that a plain hash protects it."""
    return f"dbk_{secrets.token_hex(4)}_{secrets.token_urlsafe(32)}"


def is_key(text: str) -> bool:
    """Whether it has a key's form."""
    return _id_of(text) is not None


async def authenticate(store: Store, authorization: str | None) -> Principal:
    """Whose key an `Authorization` header holds.

    Raises:
        KeyInvalid: none, not `Bearer`, not a key, unknown or revoked: which of these is not told.
        StoreUnavailable: PostgreSQL is away.
    """
    scheme, _, key = (authorization or "").partition(" ")
    key_id = _id_of(key.strip())
    if scheme.lower() != "bearer" or key_id is None:
        raise KeyInvalid
    async with store.connection() as connection:
        stored = await api_keys.get(connection, key_id)
    if stored is None or not compare_digest(stored.key_hash, _hash_of(key.strip())):
        raise KeyInvalid
    return stored.principal


async def require_still_readable(store: Store, principal: Principal, journal: str) -> None:
    """Let pass whose key was good when a stream began, and still is.

    Raises:
        KeyInvalid: it was revoked since.
        JournalNotFound, ScopeMissing: see `Principal.require`, by what the key may do now.
        StoreUnavailable: PostgreSQL is away.
    """
    async with store.connection() as connection:
        stored = await api_keys.get(connection, principal.key_id)
    if stored is None:
        raise KeyInvalid
    stored.principal.require(journal, "read")


async def ensure_key(
    store: Store, key: str, *, name: str, scopes: Collection[Scope], journals: Collection[str]
) -> Principal:
    """Have `key` known with this name, these scopes and journals, whatever it had before.

    Raises:
        KeyInvalid: not a key's form, its id belongs to another key, or it was revoked.
        StoreUnavailable: PostgreSQL is away.
    """
    key_id = _id_of(key)
    if key_id is None:
        raise KeyInvalid
    principal = Principal(key_id, name, frozenset(scopes), frozenset(journals))
    async with store.transaction() as connection:
        if not await api_keys.upsert(connection, StoredKey(principal, _hash_of(key))):
            raise KeyInvalid
    return principal


async def list_keys(store: Store) -> list[KnownKey]:
    """Every key there is or was, the oldest first.

    Raises:
        StoreUnavailable: PostgreSQL is away.
    """
    async with store.connection() as connection:
        return await api_keys.list_all(connection)


async def revoke_key(store: Store, key_id: str) -> bool:
    """Refuse the key from the next request on; False if there is none of that id.

    Raises:
        StoreUnavailable: PostgreSQL is away.
    """
    async with store.connection() as connection:
        return await api_keys.revoke(connection, key_id)


def _id_of(key: str) -> str | None:
    match = _KEY.fullmatch(key)
    return match[1] if match else None


def _hash_of(key: str) -> bytes:
    return sha256(key.encode()).digest()
